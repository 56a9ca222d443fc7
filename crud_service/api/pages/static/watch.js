// A watch that comes back: it resumes right behind the last event it has told of, so that nothing is missed or told
// twice, and starts anew when the log does not go back as far.

import { Refusal, refusal } from "./api.js";
import { events } from "./events.js";

// The node says something every few seconds; after this long without a word the connection is taken for dead.
const SILENCE = 25_000;
const LONGEST_WAIT = 30_000;
const ANEW = {
  HISTORY_GONE: "The log does not go back any more to where this page had read.",
  REVISION_NOT_REACHED: "The log ends before where this page had read: it was restored, or it is another one.",
  INVALID_RESUME_TOKEN: "This is another log than before, or its keys have changed.",
};

// `told` has event({event, data}), connected(), waiting(milliseconds, why) and anew(why). The function that is
// returned ends a wait.
export function watch(url, told) {
  let token = "";
  let wake = () => {};

  async function run() {
    for (let failures = 0; ; failures += 1) {
      let problem;
      try {
        for await (const each of connection(url, token)) {
          if (each.event === "error") throw new Refusal(0, each.data.error ?? each.data);
          failures = 0;
          told.connected();
          told.event(each);
          token = each.id || token;
        }
        problem = new Error("the stream has ended");
      } catch (error) {
        problem = error;
      }
      const gap = ANEW[problem.reason];
      if (gap) {
        token = "";
        told.anew(gap);
      }
      const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** failures) * (0.5 + Math.random() / 2);
      told.waiting(wait, problem instanceof TypeError ? "no connection" : problem.message);
      await new Promise((done) => {
        wake = done;
        setTimeout(done, wait);
      });
    }
  }

  run();
  addEventListener("online", () => wake());
  return () => wake();
}

async function* connection(url, token) {
  const abort = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error("nothing was heard for a while")), SILENCE);
  };
  heard();
  try {
    const headers = { accept: "text/event-stream", ...(token && { "last-event-id": token }) };
    const reply = await fetch(url, { headers, cache: "no-store", signal: abort.signal });
    if (!reply.ok) throw await refusal(reply);
    yield* events(reply.body, heard);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}
