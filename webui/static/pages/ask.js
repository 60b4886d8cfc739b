/** Ask: a question, and below it the conversations so far, with a search in them. */
import { call } from "../api.js";
import { fill, h, settled } from "../dom.js";
import { errorBox } from "../errors.js";
import { onEvent, onReturn } from "../events.js";
import { oneLine } from "../escape.js";
import { icon } from "../icons.js";
import { go, note } from "../router.js";
import { moment } from "../time.js";
import { number, t, word } from "../words.js";
import { composer, readyAgents } from "../views/composer.js";

const PAGE = 40;
const SHOWN = 30;
const FEW = 8;

export async function page({ root, query, signal }) {
  const history = new History(query.get("q") ?? "", signal);
  const [agents] = await Promise.all([readyAgents(signal), history.more()]);
  const { form, text } = composer({ agent: query.get("agent") ?? "", agents, onAsked: (flow) => go(`/conversations/${encodeURIComponent(flow.conversation)}`) });
  text.setAttribute("data-focus", "");
  root.dataset.title = t("ask");
  fill(root, h("div.welcome", null, icon("alvo"), h("h1", null, t("ask_title"))), form, history.element);
  root.addEventListener("shown", () => history.notFew().catch(() => null), { once: true });
  const look = settled(() => history.again(), 400);
  onEvent((event) => ["flow", "inquiry"].includes(event.kind) && look(), signal);
  onReturn(look, signal);
}

/** Conversations, newest first; older ones are read as they are wanted. */
class History {
  constructor(query, signal) {
    this.signal = signal;
    this.flows = new Map();
    this.ended = false;
    this.shown = SHOWN;
    this.list = h("ul.lines");
    this.state = h("p.hint", { role: "status" });
    this.older = h("button.quiet", { type: "button", hidden: true, onclick: () => this.showMore() }, t("older"));
    this.search = h("input", { type: "search", value: query, placeholder: t("history_search"), "aria-label": t("history_search"), "data-search": "" });
    this.search.addEventListener("input", settled(() => this.find(), 120));
    this.element = h("section.history", { "aria-labelledby": "history" },
      h("div.heading", null, h("h2", { id: "history" }, t("history")), this.search), this.state, this.list, this.older);
  }

  /** Reads further back. */
  async more() {
    const oldest = [...this.flows.values()].at(-1);
    const before = oldest ? new Date(Date.parse(oldest.created_at) + 1).toISOString() : undefined;
    const known = this.flows.size;
    const { flows } = await call("flow.list", { limit: PAGE, ...(before && { before }) }, this.signal);
    for (const flow of flows) this.flows.set(flow.id, flow);
    this.ended = this.flows.size === known;
    if (known === 0 && this.search.value) await this.find();
    else this.draw();
  }

  /** Reads the newest anew. */
  async again() {
    try {
      const { flows } = await call("flow.list", { limit: PAGE }, this.signal);
      const all = new Map(flows.map((flow) => [flow.id, flow]));
      for (const [id, flow] of this.flows) {
        const gone = flows.length < PAGE || (flows.length > 0 && flow.created_at > flows.at(-1).created_at);
        if (!all.has(id) && !gone) all.set(id, flow);
      }
      this.flows = all;
      this.draw();
    } catch (error) {
      if (!error.away && !this.signal.aborted) fill(this.state, errorBox(error));
    }
  }

  async find() {
    note({ q: this.search.value });
    this.shown = SHOWN;
    const wanted = this.search.value;
    this.draw();
    while (wanted && !this.ended && wanted === this.search.value && this.found().length < this.shown) await this.more();
  }

  /** One long conversation does not hide all the others. */
  async notFew() {
    while (!this.ended && this.found().length < FEW && this.flows.size < 10 * PAGE) await this.more();
  }

  async showMore() {
    this.shown += SHOWN;
    while (!this.ended && this.found().length < this.shown) await this.more();
    this.draw();
  }

  /** One entry a conversation: its first question, its newest flow; with a search, those that have it. */
  found() {
    const wanted = plain(this.search.value);
    const talks = new Map();
    for (const flow of this.flows.values()) {
      const talk = talks.get(flow.conversation) ?? { newest: flow, flows: [] };
      talk.flows.push(flow);
      talks.set(flow.conversation, talk);
    }
    const all = [...talks.values()];
    if (!wanted) return all;
    return all.flatMap((talk) => {
      const hit = talk.flows.find((flow) => plain(flow.question).includes(wanted) || plain(flow.answer ?? "").includes(wanted));
      return hit ? [{ ...talk, hit }] : [];
    });
  }

  draw() {
    const found = this.found();
    fill(this.list, found.slice(0, this.shown).map(talkLine));
    this.older.hidden = this.ended && found.length <= this.shown;
    const searching = this.search.value !== "";
    if (searching) fill(this.state, t("history_found", { count: found.length, flows: number(this.flows.size) }));
    else fill(this.state, found.length === 0 ? t("history_none") : "");
  }
}

function talkLine({ newest, flows, hit }) {
  const first = hit ?? flows.at(-1);
  const waits = newest.status === "waiting";
  const address = `/conversations/${encodeURIComponent(newest.conversation)}${hit ? `?at=${encodeURIComponent(hit.id)}` : ""}`;
  return h("li", null, h("a.line", { href: address, "data-status": newest.status },
    h("span.text", null, oneLine(first.question)),
    h("small", null, h(`span.status.${newest.status}`, null, word("status", newest.status)), " · ",
      flows.length > 1 ? `${t("history_flows", { count: flows.length })} · ` : "", moment(newest.updated_at), waits ? h("span.dot", { "aria-hidden": "true" }) : null)));
}

/** Without case and accents. */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
