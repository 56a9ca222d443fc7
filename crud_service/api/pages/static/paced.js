// Runs a task when asked to, one at a time. Whoever asks meanwhile gets one more run, after a pause that is longer the
// longer the task took: what costs the node much is asked for seldom.

export function paced(task, pause = 500) {
  let isWanted = false;
  let isBusy = false;

  async function run() {
    isBusy = true;
    while (isWanted) {
      isWanted = false;
      const started = performance.now();
      await task();
      await new Promise((done) => setTimeout(done, Math.max(pause, 10 * (performance.now() - started))));
    }
    isBusy = false;
  }

  return () => {
    isWanted = true;
    if (!isBusy) run();
  };
}
