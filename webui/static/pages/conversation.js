/** A conversation: its flows in their order, newest at the bottom, and the next question. */
import { call, patientCall } from "../api.js";
import { fill, h } from "../dom.js";
import { actionButton } from "../errors.js";
import { oneLine } from "../escape.js";
import { onEvent, onReturn, past } from "../events.js";
import { download, flowMarkdown } from "../export.js";
import { go } from "../router.js";
import { nothingTold, tell } from "../told.js";
import { t } from "../words.js";
import { composer, readyAgents } from "../views/composer.js";
import { isActive } from "../views/flow.js";
import { Slots } from "../views/slots.js";

const PAGE = 50;
const NEAR_PX = 120;
const bottom = () => scrollTo(0, document.documentElement.scrollHeight);

export async function page({ root, id, query, signal }) {
  await new Conversation(root, id, query.get("at"), signal).open();
}

class Conversation {
  constructor(root, id, at, signal) {
    Object.assign(this, { root, id, at, signal, ended: false, looked: new Set() });
    this.slots = new Slots(signal, (next) => this.gone(next), (flow) => this.askedFrom(flow));
    this.problem = h("div", { role: "alert" });
    this.earlier = h("button.quiet.earlier", { type: "button", onclick: () => this.readEarlier() }, t("earlier"));
    this.heading = h("h1.small", null, t("conversation"));
  }

  async open() {
    const { root, signal, slots } = this;
    const agents = readyAgents(signal);
    await this.readEarlier();
    while (this.at && !this.ended && !slots.has(this.at)) await this.readEarlier();
    const newest = slots.last;
    const { form } = composer({ conversation: this.id, agent: newest?.agent ?? "", agents: await agents, label: t("ask_further"), placeholder: t("ask_further"), onAsked: (flow) => this.asked(flow) });
    root.dataset.title = oneLine(newest?.question ?? t("conversation")).slice(0, 60);
    root.dataset.bottom = "";
    if (newest?.agent) fill(this.heading, t("conversation_with", { agent: newest.agent }));
    const actions = h("div.buttons", null,
      actionButton("quiet", t("conversation_export"), this.problem, () => this.export()),
      h("a.button.quiet", { href: "/" }, t("conversation_new")));
    fill(root, h("header.page-head", null, this.heading, actions), this.problem, this.earlier, slots.element, h("div.dock", null, form));
    root.addEventListener("shown", () => this.shown(), { once: true });
    onEvent((event) => this.heard(event), signal);
    onReturn(() => this.news(), signal);
  }

  shown() {
    const target = this.at && this.slots.show(this.at);
    if (target) {
      target.scrollIntoView({ block: "start" });
      target.focus({ preventScroll: true });
    } else bottom();
    const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.readEarlier(), { rootMargin: "3000px" });
    observer.observe(this.earlier);
    this.signal.addEventListener("abort", () => observer.disconnect());
    this.follow(!target);
  }

  /** Stays at the end of what grows, unless the person scrolled away from it. */
  follow(near) {
    const { signal, slots } = this;
    let height = 0;
    addEventListener("scroll", () => {
      // What grew has not scrolled yet: only a scroll of the person's own counts.
      if (document.documentElement.scrollHeight === height) near = innerHeight + scrollY >= height - NEAR_PX;
      height = document.documentElement.scrollHeight;
    }, { signal, passive: true });
    const until = performance.now() + 1500;
    const observer = new ResizeObserver(() => {
      if (near && (performance.now() < until || isActive(slots.last))) bottom();
    });
    observer.observe(slots.element);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  async readEarlier() {
    if (this.reading || this.ended) return;
    this.reading = true;
    try {
      const oldest = this.slots.first;
      // A moment later than it: two flows may have begun in the same one.
      const before = oldest && new Date(Date.parse(oldest.created_at) + 1).toISOString();
      const { flows } = await patientCall("flow.list", { conversation: this.id, limit: PAGE, ...(before && { before }) }, this.signal);
      this.ended = this.slots.prepend(flows) === 0 || flows.length < PAGE;
    } finally {
      this.reading = false;
      this.earlier.hidden = this.ended;
    }
    const box = this.earlier.getBoundingClientRect();
    if (!this.ended && this.earlier.isConnected && box.bottom > -3000) requestAnimationFrame(() => this.readEarlier());
  }

  asked(flow) {
    this.slots.append(flow);
    bottom();
  }

  /** Begun by a button of an earlier flow: that is where the focus goes. */
  askedFrom(flow) {
    this.asked(flow);
    this.slots.show(flow.id).focus({ preventScroll: true });
  }

  /** A flow of this conversation may have been begun by another client. */
  async heard({ kind, flow_id: id }) {
    if (kind !== "flow" || this.slots.has(id) || this.looked.has(id)) return;
    this.looked.add(id);
    const flow = await call("flow.get", { flow_id: id }, this.signal).catch(() => null);
    if (flow?.conversation === this.id) this.slots.append(flow);
  }

  async news() {
    const { flows } = await call("flow.list", { conversation: this.id, limit: PAGE }, this.signal).catch(() => ({ flows: [] }));
    for (const flow of flows.reverse()) this.slots.append(flow);
  }

  gone(next) {
    if (this.slots.byId.size === 0 && this.ended) go("/", { replace: true });
    else (next ?? this.heading).focus();
  }

  async export() {
    while (!this.ended) await this.readEarlier();
    const texts = [];
    for (const flow of this.slots.flows) {
      const told = nothingTold();
      if (flow.plan.length > 0) await past(flow.id, 0, (event) => tell(told, event), this.signal);
      texts.push(flowMarkdown(flow, told));
    }
    download(`alvo-${this.id.slice(0, 6)}.md`, `# ${t("conversation")}\n\n${texts.join("\n")}`);
  }
}
