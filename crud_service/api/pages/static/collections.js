// The list of collections with their counts, kept up to date by the changes that the log tells.

import { get } from "./api.js";
import { h } from "./dom.js";
import { paced } from "./paced.js";
import { count, cut } from "./text.js";

const SHOWN = 100;
const AT_A_TIME = 4;
const ALL = "-";

// `counted(counts)` is called with what is known after each round: a Map of ids to {count, estimated}.
export function createCollections({ list, more, counted }) {
  const counts = new Map();
  const stale = new Set();
  let known = [];
  let isComplete = true;
  let chosen = ALL;
  let isListStale = true;

  const refresh = paced(async () => {
    try {
      if (isListStale) await readList();
      const ids = [ALL, ...known.map(({ id }) => id)].filter((id) => stale.has(id));
      stale.clear();
      while (ids.length) await Promise.all(ids.splice(0, AT_A_TIME).map(readCount));
    } catch {
      // The watch notices too, and has all of it read again when the node is back.
      return;
    }
    draw();
    counted(counts);
  });

  async function readList() {
    isListStale = false;
    const reply = await get("v1/collections", { pageSize: SHOWN });
    const ids = new Set(known.map(({ id }) => id));
    known = reply.collections;
    isComplete = !reply.nextPageToken;
    known.filter(({ id }) => !ids.has(id)).forEach(({ id }) => stale.add(id));
  }

  async function readCount(id) {
    try {
      counts.set(id, await get(`v1/collections/${id}/records:count`, { estimate: true }));
    } catch (error) {
      if (!error.status) throw error;
      counts.delete(id); // such as when it takes too long to count
    }
  }

  function draw() {
    const focused = document.activeElement?.closest("#collections a")?.getAttribute("href");
    list.replaceChildren(item(ALL, "All"), ...known.map(({ id, name }) => item(id, id, name)));
    if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    more.hidden = isComplete;
    more.textContent = `The first ${SHOWN} are shown.`;
  }

  function item(id, label, name = "") {
    const { count: number, estimated } = counts.get(id) ?? {};
    return h("li", {}, h("a", { href: id === ALL ? "#/" : `#/${id}`, "aria-current": id === chosen && "true" },
      h("span", { class: "name" }, label, name ? h("bdi", {}, cut(name, 60)) : ""), " ",
      number === undefined ? "" : h("span", { class: "count" }, (estimated ? "≈ " : "") + count(number),
        h("span", { class: "unseen" }, Number(number) === 1 ? " record" : " records"))));
  }

  return {
    choose(id) {
      chosen = id;
      draw();
    },
    readAll() {
      isListStale = true;
      known.forEach(({ id }) => stale.add(id));
      stale.add(ALL);
      refresh();
    },
    changed(changes) {
      stale.add(ALL);
      for (const { path, type } of changes) {
        stale.add(path.split("/")[1]);
        if (type.startsWith("COLLECTION_")) isListStale = true;
      }
      refresh();
    },
  };
}
