// What the list of changes knows: the last of them, and one as a whole.

import { get } from "./api.js";

const PAGE = 200;
const MOST = 300;
const REACH = 1000;

// The last changes up to a revision, newest first, without contents: a few hundred at most. A few revisions may hold
// very many, so it looks back less and less far.
export async function lastChanges(parent, revision) {
  for (let reach = Math.min(REACH, revision); ; reach = Math.ceil(reach / 4)) {
    const found = [];
    let isAll = false;
    for (let from = { startRevision: revision - reach + 1 }; !isAll && found.length < MOST;) {
      const { groups, more, resumeToken } = await get(`v1/${parent}/records:changes`,
        { ...from, pageSize: PAGE, readMask: "name" });
      found.push(...groups.flatMap((group) => group.changes));
      isAll = !more;
      from = { resumeToken };
    }
    if (isAll || reach <= 1) return found.reverse();
  }
}

// One change with the record before and after it; undefined when the log has it no more.
export async function wholeChange({ path, revision, ordinal }) {
  const parent = path.split("/").slice(0, 2).join("/");
  let from = { startRevision: revision };
  for (;;) {
    const query = { ...from, includeOld: true, pageSize: PAGE };
    const { groups, more, resumeToken } = await get(`v1/${parent}/records:changes`, query);
    const found = groups.flatMap((group) => group.changes);
    const change = found.find((each) => each.revision === revision && each.ordinal === ordinal);
    if (change || !more || found.some((each) => each.revision !== revision)) return change;
    from = { resumeToken };
  }
}
