// The dialog with one change or one record.

import { get } from "./api.js";
import { wholeChange } from "./changes.js";
import { differences, excerpts } from "./diff.js";
import { h } from "./dom.js";
import { kindOf } from "./log.js";
import { count, cut, longTime, plural, shortPath, visible } from "./text.js";

const SHOWN_FIELDS = 100;
const SHOWN_CONTENT = 20_000;

// `lost` gets the focus when what opened the dialog is no longer there.
export function createDetail({ dialog, title, body, close, lost }) {
  let opener;
  let turn = 0;

  async function show(heading, load) {
    const mine = turn += 1;
    opener = document.activeElement;
    title.textContent = heading;
    body.replaceChildren(h("p", { class: "hint" }, "Reading …"));
    if (!dialog.open) dialog.showModal();
    const parts = await load().catch((error) => [h("p", {}, `It cannot be read: ${visible(error.message)}`)]);
    if (mine === turn) body.replaceChildren(...parts);
  }

  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) dialog.close(); // beside it
  });
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // the event comes late, and something else has been opened
    turn += 1;
    body.replaceChildren();
    if (!opener?.isConnected) lost();
  });

  return {
    showChange: (entry) => show(`${shortPath(entry.path)} ${kindOf(entry)}`, () => changeParts(entry)),
    showRecord: (path) => show(shortPath(path), () => recordParts(path)),
  };
}

async function changeParts(entry) {
  const change = await wholeChange(entry);
  if (!change) return [h("p", {}, "The log has this change no more.")];
  const state = change.record ?? change.collection;
  const isEnd = ["DELETED", "EXPIRED", "PURGED", "COLLECTION_DELETED"].includes(change.type);
  return [
    facts([
      ["When", h("time", { datetime: change.time }, longTime(change.time))],
      ["Who", cut(change.actor)],
      ["Why", cut(change.reason) || "no reason given"],
      ["Revision", `${count(change.revision)}, change ${count(change.ordinal + 1)}`],
      ["Version", count(change.version)],
      ["Call", change.callId],
      ["Trace", change.traceId],
      ["Request", cut(change.requestId)],
      ["Code", change.codeVersion],
    ]),
    h("h3", {}, "What changed"),
    ...changed(change.oldRecord, state),
    h("p", { class: "links" }, isEnd ? "" : [h("a", { href: `v1/${change.path}` }, "As it is now"), " "],
      change.record ? h("a", { href: `v1/${change.path}/revisions` }, "Its history") : ""),
  ];
}

function changed(before, after) {
  const found = differences(before, after);
  if (!found.length) return [h("p", {}, "Nothing but its version.")];
  const rest = found.length - SHOWN_FIELDS;
  return [
    h("dl", { class: "diff" }, found.slice(0, SHOWN_FIELDS).map(([field, was, is]) => {
      const [old, now] = excerpts(was, is);
      return h("div", {}, h("dt", {}, h("bdi", {}, cut(field, 120))),
        side("Before", "del", old), side("After", "ins", now));
    })),
    rest > 0 ? h("p", { class: "hint" }, `and ${plural(rest, "field")} more`) : "",
  ];
}

function side(label, tag, text) {
  if (text === undefined) return "";
  return h("dd", {}, h("span", { class: "label" }, label), " ", h(tag, {}, h("bdi", {}, text)));
}

async function recordParts(path) {
  const { content, ...record } = await get(`v1/${path}`);
  const text = JSON.stringify(content, null, 2);
  const times = [["Date", "date"], ["Created", "createTime"], ["Updated", "updateTime"], ["Expires", "expireTime"]];
  return [
    facts([
      ["Name", h("bdi", {}, cut(record.name))],
      ["Tags", h("bdi", {}, cut(record.tags.join(", ")))],
      ...times.map(([label, field]) => [label, record[field] && longTime(record[field])]),
      ["Version", count(record.version)],
    ]),
    h("h3", {}, "Content"),
    h("pre", { tabindex: "0", "aria-label": "Content" }, h("code", {}, cut(text, SHOWN_CONTENT))),
    h("p", { class: "links" }, h("a", { href: `v1/${path}` }, "As JSON"), " ",
      h("a", { href: `v1/${path}/revisions` }, "Its history")),
  ];
}

function facts(rows) {
  const shown = rows.filter(([, value]) => value && (value.textContent ?? value) !== "");
  return h("dl", { class: "facts" }, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
