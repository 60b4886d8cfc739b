/** Sends keys to a command in the order they were pressed, one call at a time. */
import { call } from "./api.js";

/** A sender for one flow; `failed(error)` hears what could not be sent. */
export function keySender(flowId, failed) {
  let waiting = new Uint8Array();
  let busy = false;

  async function flush() {
    busy = true;
    while (waiting.length > 0) {
      const base64 = btoa(String.fromCharCode(...waiting));
      waiting = new Uint8Array();
      await sent({ base64 });
    }
    busy = false;
  }

  async function sent(params) {
    try {
      await call("terminal.send", { flow_id: flowId, ...params });
    } catch (error) {
      // A command that has just ended wants no more keys.
      if (error.name !== "NO_COMMAND_RUNNING") failed(error);
    }
  }

  function add(bytes) {
    const joined = new Uint8Array(waiting.length + bytes.length);
    joined.set(waiting);
    joined.set(bytes, waiting.length);
    waiting = joined;
    if (!busy) flush();
  }

  return {
    text: (text) => add(new TextEncoder().encode(text)),
    bytes: (text) => add(Uint8Array.from(text, (character) => character.charCodeAt(0))),
    /** A whole line that is neither shown nor kept. */
    secret: (line) => sent({ text: `${line}\n`, secret: true }),
  };
}
