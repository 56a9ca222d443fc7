// The log as it happens, newest first. Whatever the rate of changes, it draws once a frame and keeps a few hundred.

import { h } from "./dom.js";
import { cut, plural, shorterPath, shortPath, shortTime } from "./text.js";

const KEPT = 300;
// Nobody wants to be read more to than this.
const NEWS_PAUSE = 8000;
const MOVES = { ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: () => Infinity };

// `open(entry)` is called for an entry that somebody chooses, `paused(count)` when what a pause holds back changes.
export function createLog({ list, empty, news, open, paused }) {
  const keys = new Set();
  let isPaused = false;
  let waiting = []; // newest last
  let held = 0; // how many came during a pause
  let told = [];
  let isDue = false;

  function add(changes) {
    waiting.push(...changes.map(entryOf));
    if (waiting.length > KEPT) waiting = waiting.slice(-KEPT);
    if (isPaused) paused(held += changes.length);
    else schedule();
  }

  function schedule() {
    if (isDue) return;
    isDue = true;
    // A page that is not looked at draws no frames: what waits stays as short as what is shown.
    requestAnimationFrame(() => {
      isDue = false;
      if (!isPaused) draw();
    });
  }

  function draw() {
    const fresh = [...new Map(waiting.map((entry) => [entry.key, entry])).values()].filter(({ key }) => !keys.has(key));
    waiting = [];
    list.prepend(...fresh.toReversed().map(row));
    trim();
    announce(fresh);
  }

  function addOlder(changes) {
    const older = changes.map(entryOf).filter((entry) => !keys.has(entry.key));
    list.append(...older.map(row));
    trim();
  }

  function row(entry) {
    keys.add(entry.key);
    const button = h("button", { type: "button", class: "entry", tabindex: "-1" },
      h("time", { datetime: entry.time }, shortTime(entry.time)), " ",
      h("span", { class: `kind ${kindOf(entry)}` }, kindOf(entry)), " ",
      h("span", { class: "what" }, entry.name ? [h("b", {}, h("bdi", {}, cut(entry.name, 80))), " "] : "",
        h("span", { class: "path" }, shorterPath(entry.path))), " ",
      h("span", { class: "why" }, h("bdi", {}, cut(entry.reason, 80))));
    button.addEventListener("click", () => open(entry));
    return h("li", { "data-key": entry.key }, button);
  }

  function trim() {
    const hadFocus = list.contains(document.activeElement);
    while (list.children.length > KEPT) {
      keys.delete(list.lastElementChild.dataset.key);
      list.lastElementChild.remove();
    }
    empty.hidden = list.children.length > 0;
    if (!list.contains(document.activeElement)) stopAt(list.querySelector("button"));
    if (hadFocus && !list.contains(document.activeElement)) focus();
  }

  // The one stop for the Tab key: the newest entry, or the one that has the focus.
  function stopAt(button) {
    list.querySelectorAll("button[tabindex='0']").forEach((each) => each.setAttribute("tabindex", "-1"));
    button?.setAttribute("tabindex", "0");
  }

  function announce(fresh) {
    if (!fresh.length) return;
    const isQuiet = !told.length;
    told = [...told, ...fresh].slice(-KEPT);
    if (isQuiet) setTimeout(() => {
      const last = told.at(-1);
      const many = told.length === KEPT ? `${KEPT} or more changes` : plural(told.length, "change");
      news.textContent = `${many}, last: ${kindOf(last)} ${shortPath(last.path)}`;
      told = [];
    }, news.textContent ? NEWS_PAUSE : 1000);
  }

  function clear() {
    keys.clear();
    waiting = [];
    list.replaceChildren();
    if (isPaused) paused(held = 0);
  }

  function pause(wanted) {
    isPaused = wanted;
    paused(held = 0);
    if (!isPaused) schedule();
  }

  // Says something within the log, between what came before and what comes now.
  function note(text) {
    list.prepend(h("li", { class: "note" }, text));
    news.textContent = text;
    trim();
  }

  function focus() {
    (list.querySelector("button[tabindex='0']") ?? list).focus();
  }

  list.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    const buttons = [...list.querySelectorAll("button")];
    const at = Math.max(0, Math.min(buttons.length - 1, move(buttons.indexOf(document.activeElement))));
    buttons[at]?.focus();
    event.preventDefault();
  });
  list.addEventListener("focusin", ({ target }) => {
    if (target !== list) stopAt(target);
  });

  return { add, addOlder, clear, focus, note, pause };
}

export function kindOf({ type }) {
  return type.toLowerCase().replace("collection_", "");
}

// What a row needs of a change; the record itself is asked for when somebody opens it.
function entryOf({ type, path, time, reason, revision, ordinal, record, collection }) {
  const name = record?.name ?? collection?.name ?? "";
  return { key: `${revision}.${ordinal}`, type, path, time, reason, revision, ordinal, name };
}
