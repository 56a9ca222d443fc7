// The last records of what is chosen: those with the latest dates.

import { get } from "./api.js";
import { h } from "./dom.js";
import { paced } from "./paced.js";
import { count, cut, shorterPath, shortTime, visible } from "./text.js";

const SHOWN = 20;
// An order across collections has no index: with more records than this it would cost the node too much.
const SORTABLE = 10_000;
const ALL = "collections/-";

// `open(path)` is called for a record that somebody chooses.
export function createRecords({ list, empty, first, open }) {
  let parent = ALL;
  let total = 1; // until it is known

  const refresh = paced(async () => {
    const asked = parent;
    if (asked === ALL && total > SORTABLE) {
      tell([], `Choose a collection to see its last records: there are ${count(total)} in all.`);
      return;
    }
    try {
      const records = await lastOf(asked);
      if (asked === parent) tell(records, "No records.");
    } catch (error) {
      if (asked === parent && error.status) tell([], `They cannot be read: ${visible(error.message)}`);
    }
  });

  function tell(records, otherwise) {
    const focused = document.activeElement?.closest("#records button")?.dataset.path;
    list.replaceChildren(...records.map(row));
    if (focused) list.querySelector(`button[data-path="${CSS.escape(focused)}"]`)?.focus();
    empty.textContent = otherwise;
    empty.hidden = records.length > 0;
    first.hidden = records.length > 0 || total > 0;
  }

  function row({ path, name, date, tags }) {
    const button = h("button", { type: "button", class: "record", "data-path": path },
      h("span", { class: "what" }, h(name ? "b" : "i", {}, h("bdi", {}, cut(name, 80) || "no name"))), " ",
      h("time", { datetime: date }, shortTime(date)), " ",
      h("span", { class: "path" }, shorterPath(path)), " ",
      tags.length ? h("span", { class: "why" }, h("bdi", {}, cut(tags.join(", "), 60))) : "");
    button.addEventListener("click", () => open(path));
    return h("li", {}, button);
  }

  return {
    choose(chosen) {
      parent = chosen;
      refresh();
    },
    refresh,
    counted(number) {
      total = number;
      refresh();
    },
  };
}

// A page ends early when contents are large, also when they are not asked for.
async function lastOf(parent) {
  const found = [];
  let pageToken = "";
  do {
    const query = { pageSize: SHOWN, pageToken, orderBy: "date desc", readMask: "path,name,date,tags" };
    const { records, nextPageToken } = await get(`v1/${parent}/records`, query);
    found.push(...records);
    pageToken = nextPageToken;
  } while (pageToken && found.length < SHOWN);
  return found.slice(0, SHOWN);
}
