/** What happens to flows, for whoever on the page wants to know; and whether we are connected. */
import { call } from "./api.js";

const listeners = new Set();
const connectionListeners = new Set();
let again = () => {};
/** Null until it is known. */
let open = null;

/** Begins to follow; once for the page. */
export async function startEvents() {
  if (typeof SharedWorker === "undefined") {
    const { follow } = await import("./stream.js");
    again = follow(take);
    return;
  }
  const { port } = new SharedWorker(new URL("./events-worker.js", import.meta.url), { type: "module", name: "alvo" });
  port.addEventListener("message", ({ data }) => take(data));
  port.start();
  again = () => port.postMessage("again");
  addEventListener("pagehide", () => port.postMessage("bye"));
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

function take(news) {
  if (news.event) for (const listen of listeners) listen(news.event);
  if ("open" in news && news.open !== open) {
    const before = open;
    open = news.open;
    for (const listen of connectionListeners) listen(open, before);
  }
}

/** Tries again at once to connect. */
export function reconnect() {
  again();
}

/** @param {(event: Object) => void} listen of all flows @param {AbortSignal} [signal] ends it */
export function onEvent(listen, signal) {
  listeners.add(listen);
  signal?.addEventListener("abort", () => listeners.delete(listen));
}

/** @param {(open: boolean, before: boolean|null) => void} listen @param {AbortSignal} [signal] */
export function onConnection(listen, signal) {
  connectionListeners.add(listen);
  if (open !== null) listen(open, null);
  signal?.addEventListener("abort", () => connectionListeners.delete(listen));
}

/** Calls back when the daemon can be reached again after it could not. */
export function onReturn(work, signal) {
  onConnection((now, before) => now && before === false && work(), signal);
}

/** All that happened to a flow so far: each event to `take`, in order. @returns the flow as it is */
export async function past(flowId, after, take, signal) {
  for (;;) {
    const told = await call("flow.wait", { flow_id: flowId, after, timeout_s: 0, limit: 500 }, signal);
    told.events.forEach(take);
    if (!told.more) return told.flow;
    after = told.events.at(-1).seq;
  }
}
