/** A conversation: its flows in their order, newest at the bottom, and the next question. */
import { call, patientCall } from "../api.js";
import { fill, h } from "../dom.js";
import { actionButton } from "../errors.js";
import { oneLine } from "../escape.js";
import { onEvent, onReturn } from "../events.js";
import { download, flowMarkdown } from "../export.js";
import { go } from "../router.js";
import { t } from "../words.js";
import { composer } from "../views/composer.js";
import { FlowView, isActive } from "../views/flow.js";

const PAGE = 12;
const NEAR_PX = 120;

export async function page({ root, id, query, signal }) {
  await new Conversation(root, id, query.get("at"), signal).open();
}

class Conversation {
  constructor(root, id, at, signal) {
    Object.assign(this, { root, id, at, signal, views: new Map(), ended: false });
    this.flows = h("div.flows");
    this.problem = h("div", { role: "alert" });
    this.earlier = h("button.quiet.earlier", { type: "button", onclick: () => this.readEarlier() }, t("earlier"));
    this.heading = h("h1.small", null, t("conversation"));
  }

  async open() {
    const { root, signal } = this;
    const newest = await this.read();
    const agent = newest.at(0)?.agent ?? "";
    this.put(newest);
    while (this.at && !this.ended && !this.views.has(this.at)) await this.readEarlier();
    const { form, text } = composer({ conversation: this.id, agent, label: t("ask_further"), onAsked: (flow) => this.asked(flow) });
    text.placeholder = t("ask_further");
    root.dataset.title = oneLine(newest.at(-1)?.question ?? t("conversation")).slice(0, 60);
    root.dataset.bottom = "";
    const actions = h("div.buttons", null,
      actionButton("quiet", t("conversation_export"), this.problem, () => this.export()),
      h("a.button.quiet", { href: "/", title: "n" }, t("conversation_new")));
    root.append(h("header.page-head", null, this.heading, actions), this.problem, this.earlier, this.flows, h("div.dock", null, form));
    root.addEventListener("shown", () => this.shown(), { once: true });
    onEvent((event) => this.heard(event), signal);
    onReturn(() => this.news(), signal);
    this.follow();
  }

  shown() {
    const target = this.at && this.views.get(this.at)?.element;
    if (target) {
      target.scrollIntoView({ block: "start" });
      target.focus({ preventScroll: true });
    } else scrollTo(0, document.documentElement.scrollHeight);
    const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.readEarlier(), { rootMargin: "800px" });
    observer.observe(this.earlier);
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Stays at the end of what grows, unless the person scrolled away from it. */
  follow() {
    let near = true;
    addEventListener("scroll", () => {
      near = innerHeight + scrollY >= document.documentElement.scrollHeight - NEAR_PX;
    }, { signal: this.signal, passive: true });
    const observer = new ResizeObserver(() => {
      if (near && this.isBusy()) scrollTo(0, document.documentElement.scrollHeight);
    });
    observer.observe(this.flows);
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  isBusy() {
    return [...this.views.values()].some(({ flow }) => isActive(flow));
  }

  /** The flows before those that are here, newest first. */
  async read() {
    const oldest = this.views.size > 0 ? [...this.views.values()].reduce((a, b) => (a.flow.created_at < b.flow.created_at ? a : b)).flow : null;
    // A moment later than it: two flows may have begun in the same one.
    const before = oldest && new Date(Date.parse(oldest.created_at) + 1).toISOString();
    const { flows } = await patientCall("flow.list", { conversation: this.id, limit: PAGE, ...(before && { before }) }, this.signal);
    const further = flows.filter((flow) => !this.views.has(flow.id));
    this.ended = further.length === 0;
    this.earlier.hidden = this.ended || flows.length < PAGE;
    return further;
  }

  async readEarlier() {
    if (this.reading || this.ended) return;
    this.reading = true;
    const flows = await this.read().catch(() => []);
    const height = document.documentElement.scrollHeight;
    const top = scrollY;
    for (const flow of flows) {
      this.flows.prepend(this.view(flow));
      await new Promise(requestAnimationFrame);
      if (this.signal.aborted) return;
    }
    // Where the browser does not hold the place by itself.
    if (scrollY === top && this.flows.isConnected && !CSS.supports("overflow-anchor", "auto")) scrollBy(0, document.documentElement.scrollHeight - height);
    this.reading = false;
    if (this.earlier.isConnected && !this.earlier.hidden && this.earlier.getBoundingClientRect().bottom > -800) this.readEarlier();
  }

  put(flows) {
    for (const flow of flows) this.flows.prepend(this.view(flow));
  }

  view(flow) {
    const view = new FlowView(flow, { signal: this.signal, onGone: (gone) => this.gone(gone) });
    this.views.set(flow.id, view);
    return view.element;
  }

  asked(flow) {
    if (!this.views.has(flow.id)) this.flows.append(this.view(flow));
    scrollTo(0, document.documentElement.scrollHeight);
  }

  /** A flow of this conversation may have been begun by another client. */
  async heard(event) {
    if (event.kind !== "flow" || this.views.has(event.flow_id) || this.looking?.has(event.flow_id)) return;
    this.looking ??= new Set();
    this.looking.add(event.flow_id);
    const flow = await call("flow.get", { flow_id: event.flow_id }, this.signal).catch(() => null);
    if (flow?.conversation === this.id && !this.views.has(flow.id)) this.flows.append(this.view(flow));
  }

  async news() {
    const { flows } = await call("flow.list", { conversation: this.id, limit: PAGE }, this.signal).catch(() => ({ flows: [] }));
    for (const flow of flows.reverse()) if (!this.views.has(flow.id)) this.flows.append(this.view(flow));
  }

  gone(view) {
    const next = view.element.nextElementSibling ?? view.element.previousElementSibling;
    view.element.remove();
    this.views.delete(view.flow.id);
    if (this.views.size === 0 && this.ended) go("/", { replace: true });
    else (next ?? this.heading).focus();
  }

  async export() {
    while (!this.ended) await this.readEarlier();
    const views = [...this.flows.children].map((element) => this.views.get(element.dataset.flow));
    const text = views.map(({ flow, told }) => flowMarkdown(flow, told)).join("\n");
    download(`alvo-${this.id.slice(0, 6)}.md`, `# ${t("conversation")}\n\n${text}`);
  }
}
