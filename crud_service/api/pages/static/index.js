// The front page: what is stored here and what happens to it. It reads only.

import { address, get } from "./api.js";
import { lastChanges } from "./changes.js";
import { createCollections } from "./collections.js";
import { base, curl } from "./curl.js";
import { createDetail } from "./detail.js";
import { copyButton } from "./dom.js";
import { createLog } from "./log.js";
import { createRecords } from "./records.js";
import { count, longTime, plural, visible } from "./text.js";
import { watch } from "./watch.js";

const byId = (id) => document.getElementById(id);
const ALL = "collections/-";

let parent = ALL;
let revision = -1; // up to which the watch has told everything; -1 before it has told anything
let isConnected = false;
let isPaused = false;

const detail = createDetail({
  dialog: byId("detail"), title: byId("detail-title"), body: byId("detail-body"), close: byId("detail-close"),
  lost: () => log.focus(),
});
const log = createLog({
  list: byId("log"), empty: byId("log-empty"), news: byId("news"), open: detail.showChange,
  paused: (number) => {
    const news = number ? ` (${count(number)} new)` : "";
    byId("pause").textContent = isPaused ? `Go on${news}` : "Pause";
  },
});
const records = createRecords({
  list: byId("records"), empty: byId("records-empty"), first: byId("first"), open: detail.showRecord,
});
const collections = createCollections({
  list: byId("collections"), more: byId("collections-more"),
  counted: (counts) => records.counted(Number(counts.get("-")?.count ?? 0)),
});

byId("live").hidden = false;
byId("create").textContent = curl({
  method: "POST", url: `${base()}/v1/collections/notes/records`,
  body: JSON.stringify({ name: "My first note", content: { text: "hello" }, tags: ["demo"] }),
});
byId("create").closest(".sample").append(copyButton(byId("create")));
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  log.pause(isPaused);
  if (isConnected) tellLive();
});
addEventListener("hashchange", choose);
choose();

const retry = watch(address(`v1/${ALL}/records:watch`, { readMask: "name" }), {
  event({ event, data }) {
    if (event === "change") changed(data.group.changes);
    const isFirst = revision < 0;
    revision = Number((data.group ?? data.bookmark ?? { revision }).revision);
    if (isFirst) readHistory();
  },
  connected() {
    if (isConnected) return;
    isConnected = true;
    tellLive();
    readNode();
    collections.readAll();
    records.refresh();
  },
  waiting(milliseconds, why) {
    isConnected = false;
    const seconds = Math.max(1, Math.round(milliseconds / 1000));
    tellState(`Reconnecting in ${seconds} s: ${visible(why)}`, "bad");
  },
  anew(why) {
    revision = -1;
    log.clear();
    log.note(`There is a gap here. ${why} The log starts anew.`);
  },
});
byId("retry").addEventListener("click", () => {
  tellState("Connecting …", "");
  retry();
});

// The part of the address after `#/` is the collection that is shown.
function choose() {
  const id = decodeURIComponent(location.hash.match(/^#\/([a-z0-9._-]*)$/)?.[1] ?? "") || "-";
  if (location.hash && !location.hash.startsWith("#/")) return; // a link within the page
  parent = `collections/${id}`;
  byId("log-of").textContent = id === "-" ? "" : ` of ${id}`;
  collections.choose(id);
  records.choose(parent);
  log.clear();
  if (revision >= 0) readHistory();
}

function changed(changes) {
  log.add(changes.filter(({ path }) => parent === ALL || path === parent || path.startsWith(`${parent}/`)));
  collections.changed(changes);
  records.refresh();
}

async function readHistory() {
  const asked = parent;
  if (revision === 0) {
    byId("log-empty").textContent = "Nothing was written yet.";
    return;
  }
  try {
    const changes = await lastChanges(asked, revision);
    if (asked !== parent) return;
    log.addOlder(changes);
    byId("log-empty").textContent = `No changes among the last ${plural(Math.min(revision, 1000), "write")}.`;
  } catch (error) {
    byId("log-empty").textContent = `What was before cannot be read: ${visible(error.message)}`;
  }
}

function tellLive() {
  if (isPaused) tellState("Paused", "");
  else tellState("Live", "good");
}

function tellState(text, kind) {
  byId("state").textContent = text;
  byId("state").className = `state ${kind}`;
  byId("retry").hidden = kind !== "bad";
}

async function readNode() {
  try {
    const [node, { links }] = await Promise.all([get("v1/node"), get("./")]);
    document.title = node.serviceName;
    byId("service").textContent = node.serviceName;
    byId("version").textContent = node.commit ? `${node.version} · ${node.commit.slice(0, 7)}` : node.version;
    byId("node").textContent = `Node ${node.nodeId} · ${node.store} · running since ${longTime(node.startTime)}`;
    byId("metrics").hidden = !links.metrics;
  } catch {
    // It is asked again with the next connection.
  }
}
