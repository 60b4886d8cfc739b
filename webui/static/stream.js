/** One stream of all flows' events from the bridge, that goes on after any restart where it was. */
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5000;

/**
 * Follows until the page ends. `tell` gets `{event}` and, when it opens or breaks, `{open}`.
 * @param {(news: Object) => void} tell @returns {() => void} tries again at once
 */
export function follow(tell) {
  let after = null;
  let source = null;
  let pause = FIRST_PAUSE_MS;
  let timer = 0;

  function open() {
    clearTimeout(timer);
    // Without a number it begins with what comes next.
    source = new EventSource(`/api/v1/events${after === null ? "" : `?after=${after}`}`);
    source.addEventListener("open", () => {
      pause = FIRST_PAUSE_MS;
      tell({ open: true });
    });
    source.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      if (event.seq <= after) return;
      after = event.seq;
      tell({ event });
    });
    // The bridge is there, but its daemon is away, or back.
    source.addEventListener("daemon", ({ data }) => tell({ open: JSON.parse(data).reachable }));
    source.addEventListener("error", lost);
  }

  function lost() {
    source?.close();
    source = null;
    tell({ open: false });
    clearTimeout(timer);
    timer = setTimeout(open, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }

  open();
  return () => source ?? open();
}
