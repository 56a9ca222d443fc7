// Fills the front page: the examples with this node's address, and what the node tells about itself.

import { base, curl } from "./curl.js";
import { copyButton, h } from "./dom.js";

const records = `${base()}/v1/collections/notes/records`;
const record = { name: "My first note", content: { text: "hello" }, tags: ["demo"] };

show("create", curl({ method: "POST", url: records, body: JSON.stringify(record) }));
show("list", curl({ method: "GET", url: records }));
tellNode(document.getElementById("facts"));

function show(id, text) {
  const code = document.getElementById(id);
  code.textContent = text;
  code.closest(".sample").append(copyButton(code));
}

async function tellNode(facts) {
  try {
    const reply = await fetch("v1/node");
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const node = await reply.json();
    const rows = [
      ["Service", node.serviceName],
      ["Version", node.commit ? `${node.version} (${node.commit.slice(0, 12)})` : node.version],
      ["Store", node.store],
      ["Running since", new Date(node.startTime).toLocaleString()],
      ["Node", node.nodeId],
      ["Capabilities", node.capabilities.join(", ")],
    ];
    facts.replaceChildren(...rows.filter(([, value]) => value).map(([name, value]) => fact(name, value)));
  } catch (error) {
    facts.replaceChildren(fact("Status", `no answer: ${error.message}`));
  }
}

function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
