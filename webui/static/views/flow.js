/** A flow as a person reads it, while it happens and afterwards. */
import { patientCall } from "../api.js";
import { announce, fill, h, settled } from "../dom.js";
import { errorBox } from "../errors.js";
import { readable } from "../escape.js";
import { onEvent, onReturn, past } from "../events.js";
import { Growing, showMarkdown } from "../markdown.js";
import { nothingTold, tell } from "../told.js";
import { moment } from "../time.js";
import { t, word } from "../words.js";
import { flowActions } from "./actions.js";
import { citationsView, followMark } from "./citations.js";
import { commandsView, fillOutputs } from "./commands.js";
import { InquiryCard } from "./inquiry.js";
import { costLine, noticesView, progressView, wayView } from "./progress.js";
import { TerminalPlace } from "./terminal.js";

const ACTIVE = ["running", "executing", "waiting"];

/** Whether a flow has not ended. */
export function isActive(flow) {
  return ACTIVE.includes(flow.status);
}

/** One flow on the page, true to what happens until `signal`. */
export class FlowView {
  /**
   * @param {Object} flow
   * @param {{signal: AbortSignal, heading?: string, linked?: boolean, onChange?: Function, onGone?: Function, onAsked?: Function}} options
   * `onAsked`: shows the flow that was begun here, as the next one
   */
  constructor(flow, { signal, heading = "h2", linked = true, onChange = () => {}, onGone = () => {}, onAsked = () => {} }) {
    Object.assign(this, { flow, signal, onChange, onGone, onAsked });
    this.told = nothingTold();
    this.card = null;
    this.growing = null;
    this.build(heading, linked);
    this.look = settled(() => this.refresh(), 30);
    onEvent((event) => event.flow_id === this.flow.id && this.heard(event), signal);
    onReturn(() => (isActive(this.flow) ? this.catchUp() : this.refresh()), signal);
    this.draw();
    if (isActive(flow) || flow.plan.length > 0) this.catchUp();
  }

  build(heading, linked) {
    const { flow } = this;
    const id = `flow-${flow.id}`;
    this.progress = h("div.progress");
    this.notices = h("div");
    this.inquiry = h("div");
    this.commands = h("div");
    this.terminal = new TerminalPlace(flow.id, this.signal);
    this.answer = h("div.answer.prose");
    this.after = h("div.after");
    this.footer = h("footer");
    this.question = h(`${heading}.question`, { id }, readable(flow.question));
    const link = h("a.id", { href: `/flows/${flow.id}`, title: t("flow_link") }, moment(flow.created_at));
    this.element = h("article.flow", { "aria-labelledby": id, "data-flow": flow.id, tabindex: "-1" },
      h("header", null, this.question, linked ? link : null),
      this.progress, this.notices, this.commands, this.terminal.element, this.answer, this.inquiry, this.after, this.footer);
    this.element.addEventListener("click", (event) => followMark(this.element, event));
  }

  /** Takes in all that happened before this page came. */
  async catchUp() {
    if (this.catching) return;
    this.catching = true;
    try {
      const flow = await past(this.flow.id, this.told.seq, (event) => tell(this.told, event), this.signal);
      if (flow) this.take(flow);
      if (this.growing && this.told.text !== this.growing.text) this.grow({ text: this.told.text, reset: true });
    } catch (error) {
      if (!this.signal.aborted && !error.away) console.error(error);
    }
    this.catching = false;
  }

  heard(event) {
    // What is being read from the store comes in order; this one is read there too.
    if (this.catching && event.seq > this.told.seq) {
      this.again = true;
      setTimeout(() => this.again && !this.catching && ((this.again = false), this.catchUp()), 100);
      return;
    }
    if (!tell(this.told, event)) return;
    if (event.kind === "text") this.grow(event.data);
    else if (event.kind === "output") this.printed();
    else if (event.kind === "step" || event.kind === "notice") this.drawProgress();
    else this.look();
  }

  async refresh() {
    try {
      this.take(await patientCall("flow.get", { flow_id: this.flow.id }, this.signal));
    } catch (error) {
      if (error.name === "FLOW_NOT_FOUND") this.onGone(this);
    }
  }

  take(flow) {
    if (flow.revision < this.flow.revision) return;
    const before = this.flow;
    this.flow = flow;
    this.draw();
    if (isActive(before) && !isActive(flow)) announce(t("flow_now", { status: word("status", flow.status) }));
    if (before.status !== flow.status) this.onChange(this);
  }

  draw() {
    const { flow } = this;
    this.element.dataset.status = flow.status;
    this.element.setAttribute("aria-busy", String(flow.status === "running"));
    this.drawProgress();
    this.drawInquiry();
    fill(this.commands, commandsView(flow, this.told));
    this.terminal.show(flow);
    this.drawAnswer();
    fill(this.footer, costLine(flow), flowActions(this));
  }

  drawProgress() {
    fill(this.progress, progressView(this.flow, this.told));
    fill(this.notices, noticesView(this.told));
  }

  async drawInquiry() {
    const { inquiry: id, status } = this.flow;
    if (id === null || status !== "waiting") {
      if (this.card === null) return;
      // Who answered stays; the rest is in the inquiry's own page.
      await this.card.look();
      if (this.card !== null && this.flow.inquiry !== this.card.inquiry.id) this.closeCard();
      return;
    }
    if (this.card?.inquiry.id === id || this.asking === id) return;
    this.asking = id;
    const inquiry = await patientCall("inquiry.get", { inquiry_id: id }, this.signal).catch(() => null);
    this.asking = null;
    if (inquiry === null || this.signal.aborted || this.flow.inquiry !== id || this.card?.inquiry.id === id) return;
    this.card = new InquiryCard(inquiry, { signal: this.signal, heading: "h3", before: () => this.terminal.announce() });
    fill(this.inquiry, this.card.element);
  }

  closeCard() {
    const { inquiry } = this.card;
    const closed = h("p.closed-line", null, h("a", { href: `/inquiries/${inquiry.id}` }, t(`inquiry_kind_${inquiry.kind}`)), " · ", this.card.element.querySelector(".closing")?.textContent ?? "");
    const hadFocus = this.card.element.contains(document.activeElement);
    fill(this.inquiry, closed);
    this.card = null;
    if (hadFocus) this.element.focus({ preventScroll: true });
  }

  grow({ text, reset }) {
    if (this.growing === null) {
      fill(this.answer);
      this.growing = new Growing(this.answer, this.signal);
    }
    if (reset) this.growing.reset();
    this.growing.add(text);
  }

  printed() {
    fillOutputs(this.commands, this.told);
  }

  drawAnswer() {
    const { flow } = this;
    if (isActive(flow)) {
      if (flow.status === "running" && this.growing === null && this.told.text) this.grow({ text: this.told.text });
      if (flow.status !== "running" && this.growing === null) fill(this.answer);
      fill(this.after);
      return;
    }
    this.growing?.end();
    this.growing = null;
    const text = flow.status === "executed" && flow.plan.length === 1 ? "" : flow.answer ?? "";
    if (text !== this.answered) {
      this.answered = text;
      if (text === "") fill(this.answer);
      else showMarkdown(this.answer, text, this.signal);
    }
    const error = flow.error ? errorBox(flow.error) : null;
    fill(this.after, error, citationsView(flow), wayView(this));
  }
}
