// What is different between two states of a record or a collection, field by field down to the leaves of the content.

import { cut } from "./text.js";

// Set anew by every write, so a change of theirs tells nothing.
const NOISE = ["etag", "revision", "version", "updateTime"];
const LEAD = 40;

// [field, before, after] with values as JSON texts; undefined where there is none.
export function differences(before, after) {
  const old = leaves(before);
  const now = leaves(after);
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((field) => [field, old.get(field), now.get(field)])
    .filter(([, was, is]) => was !== is);
}

// Two texts as they are shown: long ones from shortly before the place where they part.
export function excerpts(was, is) {
  if (was === undefined || is === undefined) return [was && cut(was), is && cut(is)];
  let at = 0;
  while (at < was.length && was[at] === is[at]) at += 1;
  const start = at > 2 * LEAD ? at - LEAD : 0;
  return [was, is].map((text) => (start ? "… " : "") + cut(text.slice(start)));
}

function leaves(state) {
  const found = new Map();
  const walk = (value, path) => {
    const isBranch = value !== null && typeof value === "object" && !Array.isArray(value);
    if (!isBranch) found.set(path, JSON.stringify(value));
    else for (const [key, each] of Object.entries(value)) walk(each, path ? `${path}.${key}` : key);
  };
  walk(Object.fromEntries(Object.entries(state ?? {}).filter(([name]) => !NOISE.includes(name))), "");
  return found;
}
