// The form under each operation: it shows the request as curl while it is filled in, and sends it.

import { base, curl } from "./curl.js";
import { copyButton, h } from "./dom.js";

const SHOWN_HEADERS = ["location", "etag", "x-call-id", "x-trace-id", "allow"];

// `operation`: {id, method, path, parameters, example, mediaType}.
export function tryForm(operation) {
  const fields = operation.parameters.map((parameter) => parameterField(operation, parameter));
  const body = operation.example === undefined ? undefined : bodyField(operation);
  const code = h("code");
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const button = h("button", { type: "submit" }, "Send");
  const form = h("form", { "aria-label": `Try ${operation.id}` },
    ...fields.map((field) => field.row), body?.row ?? "",
    h("p", { class: "actions" }, button, operation.method === "GET" ? "" :
      h("small", {}, "This really changes the data of this node.")),
    answer);
  const request = () => requestOf(operation, fields, body);
  const refresh = () => { code.textContent = curl(request()); };
  form.addEventListener("input", refresh);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    answer.replaceChildren(h("p", {}, "Waiting for the reply …"));
    answer.replaceChildren(...await send(request()));
    button.disabled = false;
  });
  // A record that was just made is what the other forms want to be about.
  document.addEventListener("created", ({ detail }) => {
    for (const { input, parameter } of fields) {
      if (parameter.in === "path" && detail[parameter.name]) input.value = detail[parameter.name];
    }
    refresh();
  });
  refresh();
  return { sample: h("div", { class: "sample" }, h("pre", { tabindex: "0", "aria-label": "As curl" }, code),
    copyButton(code)), form };
}

function parameterField(operation, parameter) {
  const id = `${operation.id}-${parameter.name}`;
  const input = h("input", {
    id, name: parameter.name, required: parameter.required, value: parameter.example, autocomplete: "off",
    spellcheck: "false", inputmode: parameter.schema.type === "integer" ? "numeric" : undefined,
    placeholder: parameter.schema.default,
  });
  return { parameter, input, row: row(id, parameter.name, parameter.in, input) };
}

function bodyField(operation) {
  const id = `${operation.id}-body`;
  const { example } = operation;
  const text = typeof example === "string" ? example : JSON.stringify(example, null, 2);
  const input = h("textarea", { id, rows: text.split("\n").length, spellcheck: "false" }, text);
  return { input, row: row(id, "body", "JSON", input) };
}

function row(id, name, place, input) {
  return h("div", { class: "row" }, h("label", { for: id }, h("code", {}, name), h("small", {}, place)), input);
}

function requestOf({ method, path, mediaType }, fields, body) {
  const query = new URLSearchParams();
  const headers = body ? { "content-type": mediaType } : {};
  let target = path;
  for (const { parameter: { name, in: place }, input: { value } } of fields) {
    if (place === "path") target = target.replace(`{${name}}`, encodeURIComponent(value));
    else if (value && place === "query") query.append(name, value);
    else if (value) headers[name] = value;
  }
  const url = base() + target + (query.size ? `?${query}` : "");
  return { method, url, headers, body: body ? compact(body.input.value) : undefined };
}

// On one line if it is JSON; what is not goes out as it stands, to show the error. Parsing would round numbers, so
// only the white space between the tokens is taken out.
function compact(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string) => string ?? "");
}

async function send({ method, url, headers, body }) {
  const started = performance.now();
  try {
    const reply = await fetch(url, { method, headers, body });
    const text = await bodyOf(reply);
    const took = Math.round(performance.now() - started);
    announce(reply);
    const shown = SHOWN_HEADERS.filter((name) => reply.headers.has(name));
    return [
      h("p", { class: reply.ok ? "status good" : "status bad" },
        `${reply.status} ${reply.statusText}`.trim(), h("small", {}, `${took} ms`)),
      h("dl", { class: "headers" }, shown.map((name) =>
        h("div", {}, h("dt", {}, name), h("dd", {}, reply.headers.get(name))))),
      h("pre", { tabindex: "0", "aria-label": "Body of the reply" }, h("code", {}, text)),
    ];
  } catch (error) {
    return [h("p", { class: "status bad" }, `No reply: ${error.message}`)];
  }
}

function announce(reply) {
  const place = reply.status === 201 ? reply.headers.get("location") ?? "" : "";
  const [, collection, record] = place.match(/\/collections\/([^/]+)(?:\/records\/([^/]+))?$/) ?? [];
  if (collection) document.dispatchEvent(new CustomEvent("created", { detail: { collection, record } }));
}

async function bodyOf(reply) {
  const type = reply.headers.get("content-type") ?? "";
  if (type.startsWith("application/json")) return JSON.stringify(await reply.json(), null, 2);
  if (/event-stream|ndjson|jsonl|csv/.test(type)) return beginningOf(reply);
  if (type.startsWith("text/")) return reply.text();
  return `${(await reply.arrayBuffer()).byteLength.toLocaleString("en")} bytes of ${type}`;
}

// Of a stream, which may have no end, what comes in two seconds.
async function beginningOf(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  setTimeout(() => reader.cancel(), 2000);
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  return text;
}
