/** Calls to the bridge: JSON-RPC methods and a few routes, with errors as a person reads them. */
import { t } from "./words.js";

/** An error with its code, its sentence and what to do about it. */
export class CallError extends Error {
  constructor({ code = 0, name = "", message, action = "" }, status = 200) {
    super(message);
    this.code = code;
    this.name = name;
    this.action = action;
    this.status = status;
  }

  /** Whether the bridge or the daemon is away, so that asking again may help. */
  get away() {
    return this.status === 0 || ["DAEMON_UNREACHABLE", "DAEMON_STOPPING"].includes(this.name);
  }
}

let lastId = 0;

/**
 * One method of the protocol (docs/rpc.md).
 * @param {string} method @param {Object} [params] @param {AbortSignal} [signal]
 */
export async function call(method, params = {}, signal) {
  lastId += 1;
  const reply = await send("POST", "/rpc", { jsonrpc: "2.0", id: lastId, method, params }, signal);
  if (reply.error) {
    const { code, message, data } = reply.error;
    throw new CallError({ ...data, code, message });
  }
  return reply.result;
}

/** As `call`, across a restart of the daemon: only for what may be asked twice. */
export async function patientCall(method, params, signal) {
  const giveUp = Date.now() + 15000;
  for (;;) {
    try {
      return await call(method, params, signal);
    } catch (error) {
      if (!(error instanceof CallError) || !error.away || Date.now() > giveUp) throw error;
      await new Promise((done) => setTimeout(done, 400));
    }
  }
}

/** Inert HTML of a Markdown text. */
export async function markdown(text, signal) {
  return (await send("POST", "/api/v1/markdown", { text }, signal)).html;
}

/** A request of HTTP to a route of the bridge's own; `body` goes as JSON, or as the form that it is. */
export function send(method, path, body, signal) {
  if (body instanceof FormData) return received(fetch(path, { method, signal, body }));
  const json = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return received(fetch(path, { method, signal, ...json }));
}

async function received(asked) {
  let reply;
  try {
    reply = await asked;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError({ message: t("bridge_away"), action: t("bridge_away_action"), name: "BRIDGE_UNREACHABLE" }, 0);
  }
  if (reply.status === 401) leaveForLogin();
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok && !body.jsonrpc) {
    throw new CallError(body.error ?? { message: t("bridge_refused", { status: reply.status }) }, reply.status);
  }
  return body;
}

function leaveForLogin() {
  if (location.pathname !== "/login") location.assign("/login");
}

const ALPHABET = "23456789bcdfghjkmnpqrstvwxz"; // as the daemon's own: no words, nothing looks alike

/** An id for a flow or a conversation that the page names itself. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(14)), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/** What is shown of an id. */
export function short(id) {
  return id.slice(0, 6);
}
