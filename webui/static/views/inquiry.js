/** An inquiry with its answers: all that would happen, the default is no, nothing answers by accident. */
import { call, patientCall, short } from "../api.js";
import { announce, facts, field, fill, h } from "../dom.js";
import { actionButton, shownIn } from "../errors.js";
import { escape, oneLine, readable } from "../escape.js";
import { onEvent, onReturn } from "../events.js";
import { appeared, guarded } from "../guard.js";
import { left, moment } from "../time.js";
import { t, word } from "../words.js";
import { citationsView, followMark } from "./citations.js";
import { offer } from "./offer.js";
import { previewView } from "./preview.js";
import { addressesView, scriptView } from "./script.js";

/** How an inquiry came to its end, and by whom. */
export function closing(inquiry) {
  const what = inquiry.decision ? t(`decision_${inquiry.decision}`) : word("status", inquiry.status);
  const by = inquiry.answered_by;
  if (!by || !inquiry.answered_at) return what;
  return t("inquiry_closing", { what, client: oneLine(by.permission ?? by.client), pid: by.pid, when: moment(inquiry.answered_at) });
}

/** The card of one inquiry; it follows it until `signal`. */
export class InquiryCard {
  /**
   * @param {Object} inquiry @param {{signal: AbortSignal, linked?: boolean, heading?: string, before?: () => Promise<any>}} options
   * `linked`: with the way to its flow; `before`: done before an answer is sent
   */
  constructor(inquiry, { signal, linked = false, heading = "h2", before = async () => {} }) {
    this.signal = signal;
    this.linked = linked;
    this.heading = heading;
    this.before = before;
    this.since = 0;
    this.problem = h("div", { role: "alert" });
    this.element = h("section.inquiry", { tabindex: "-1" });
    this.element.addEventListener("click", (event) => followMark(this.element, event));
    this.show(inquiry);
    onEvent((event) => this.heard(event), signal);
    onReturn(() => this.look(), signal);
  }

  heard({ kind, data }) {
    if (kind === "inquiry" && data.inquiry_id === this.inquiry.id && data.status !== "waiting") this.look();
  }

  /** Reads it anew: it may have been answered elsewhere. */
  async look() {
    const now = await patientCall("inquiry.get", { inquiry_id: this.inquiry.id }, this.signal).catch(() => null);
    if (now === null || this.signal.aborted || now.id !== this.inquiry.id || now.status === this.inquiry.status) return;
    const ended = this.inquiry.status === "waiting" && now.status !== "waiting";
    this.show(now);
    if (ended) announce(closing(now));
  }

  show(inquiry) {
    const hadFocus = this.element.contains(document.activeElement);
    this.inquiry = inquiry;
    appeared(this);
    const waits = inquiry.status === "waiting";
    this.element.classList.toggle("closed", !waits);
    this.element.dataset.inquiry = inquiry.id;
    this.element.dataset.status = inquiry.status;
    this.element.setAttribute("aria-label", `${t(`inquiry_title_${inquiry.kind}`)} ${short(inquiry.id)}`);
    fill(this.problem);
    this.extra = h("div.extra");
    this.actions = h("div.buttons.answers");
    fill(this.element,
      h("header", null, h(this.heading, null, t(`inquiry_title_${inquiry.kind}`)), h("a.id", { href: `/inquiries/${inquiry.id}` }, short(inquiry.id))),
      this.body(waits), this.problem, waits ? [this.actions, this.extra] : null);
    if (waits) this.offerAnswers();
    if (hadFocus) this.element.focus({ preventScroll: true });
  }

  body(waits) {
    const { inquiry } = this;
    return [
      inquiry.text ? h("blockquote.told", null, readable(inquiry.text)) : null,
      inquiry.script === null ? null : this.commands(),
      inquiry.urls.length > 0 ? addressesView(inquiry.urls) : null,
      citationsView(inquiry),
      inquiry.preview ? previewView(inquiry.preview) : null,
      facts([
        [t("inquiry_by"), inquiry.proposed_by === "you" ? t("you") : oneLine(inquiry.proposed_by)],
        [t("inquiry_programs"), programs(inquiry.programs)],
        [t("inquiry_cwd"), inquiry.script !== null && inquiry.cwd ? h("code", null, escape(inquiry.cwd)) : null],
        [t("inquiry_environment"), variables(inquiry.environment)],
        [t("inquiry_hint"), inquiry.permission_hint ? h("code", null, escape(inquiry.permission_hint)) : inquiry.script !== null && waits ? t("inquiry_hint_none") : null],
        waits ? [t("inquiry_expires"), left(inquiry.expires_at)] : [t("inquiry_status"), h("strong.closing", null, closing(inquiry))],
        this.linked ? [t("flow"), h("a", { href: `/flows/${inquiry.flow_id}` }, short(inquiry.flow_id))] : ["", null],
      ]),
    ];
  }

  commands() {
    const { plan, script } = this.inquiry;
    if (plan.length <= 1) return scriptView(plan[0]?.script ?? script);
    return plan.map((command, n) => {
      const heading = t("inquiry_step", { n: n + 1, of: plan.length });
      return h("div.step", null, h("p.step-n", null, heading), h("blockquote.told", null, oneLine(command.explanation)), scriptView(command.script, heading));
    });
  }

  offerAnswers() {
    const { inquiry } = this;
    if (inquiry.kind === "information") {
      this.offerReply();
      return;
    }
    const no = this.button("deny", inquiry.kind === "search_again" ? "answer_no" : "answer_deny", () => this.send({ decision: "deny" }));
    const yes = this.button("allow", `answer_${inquiry.kind}`, () => this.send({ decision: "allow", digest: inquiry.digest }));
    fill(this.actions, no, inquiry.kind === "run" ? this.furtherAnswers() : null, yes);
  }

  furtherAnswers() {
    const { inquiry } = this;
    const whole = inquiry.preview?.digest;
    return [
      inquiry.preview ? null : actionButton("quiet", t("answer_preview"), this.problem, () => this.preview()),
      h("button.quiet", { type: "button", onclick: () => this.edit() }, t("answer_edit")),
      inquiry.permission_hint ? h("button.quiet", { type: "button", onclick: () => this.remember() }, t("answer_remember")) : null,
      whole ? this.button("apply", "answer_apply", () => this.send({ decision: "apply", digest: whole })) : null,
    ];
  }

  button(kind, label, work) {
    const button = h(`button.${kind}`, { type: "button", "data-answer": kind }, t(label));
    return guarded(button, this, work);
  }

  async send(answer) {
    if (this.sending) return;
    this.sending = true;
    this.element.setAttribute("aria-busy", "true");
    await shownIn(this.problem, async () => {
      if (answer.decision !== "deny") await this.before();
      this.show(await patientCall("inquiry.answer", { inquiry_id: this.inquiry.id, ...answer }));
    }).finally(() => {
      this.sending = false;
      this.element.removeAttribute("aria-busy");
      if (this.problem.childElementCount > 0) this.look();
    });
  }

  async preview() {
    this.element.setAttribute("aria-busy", "true");
    try {
      this.show(await call("inquiry.preview", { inquiry_id: this.inquiry.id }));
      announce(t("preview_title", { count: this.inquiry.preview.changes.length }));
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  edit() {
    const text = h("textarea.code", { rows: Math.min(20, this.inquiry.script.split("\n").length + 1), spellcheck: "false", autocapitalize: "off" });
    text.value = this.inquiry.script;
    const shown = h("div");
    const draw = () => fill(shown, scriptView(text.value, t("edit_yours")));
    text.addEventListener("input", () => {
      appeared(this);
      draw();
    });
    draw();
    const run = this.button("allow", "edit_run", async () => {
      const edited = text.value;
      if (edited.trim() === "" || edited === this.inquiry.script) {
        fill(this.problem, h("p", null, t("edit_unchanged")));
        return;
      }
      await this.send({ decision: "allow", edited, digest: await sha256(edited) });
    });
    fill(this.extra, field(t("edit_label"), text), h("p.hint", null, t("edit_yours")), shown,
      h("div.buttons", null, h("button.quiet", { type: "button", onclick: () => this.closeExtra() }, t("cancel")), run));
    text.focus();
  }

  remember() {
    const give = (scope) => this.send({ decision: "allow", digest: this.inquiry.digest, scope });
    const { element, chosen } = offer(this.inquiry, () => appeared(this));
    const yes = this.button("allow", "permission_give", () => give(chosen()));
    fill(this.extra, element, h("div.buttons", null, h("button.quiet", { type: "button", onclick: () => this.closeExtra() }, t("cancel")), yes));
    appeared(this);
    element.focus();
  }

  closeExtra() {
    fill(this.extra);
    this.element.focus({ preventScroll: true });
  }

  offerReply() {
    const { secret } = this.inquiry;
    const input = h(secret ? "input" : "textarea", { rows: secret ? null : 2, type: secret ? "password" : null, autocomplete: secret ? "new-password" : "off", spellcheck: secret ? "false" : null });
    const reply = () => {
      const text = input.value;
      if (text === "") return;
      if (secret) input.value = "";
      this.send({ decision: "reply", text });
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        reply();
      }
    });
    fill(this.extra, null);
    fill(this.actions, field(t(secret ? "reply_secret" : "reply"), input, secret ? t("reply_secret_hint") : null),
      this.button("deny", "reply_unknown", () => this.send({ decision: "deny" })),
      h("button.allow", { type: "button", "data-answer": "reply", onclick: reply }, t("reply_send")));
  }
}

/** The file that each word leads to; what bash does itself is on one line. */
function programs(found) {
  if (found.length === 0) return null;
  const own = found.filter(({ kind }) => kind === "builtin").map(({ word: name }) => escape(name));
  const way = ({ word: name, kind, path, real }) =>
    h("li", null, h("code", null, [name, path, real].filter(Boolean).map((one) => escape(one)).join("  →  ")), path ? null : ` →  ${word("program", kind)}`);
  return h("ul", null, found.filter(({ kind }) => kind !== "builtin").map(way),
    own.length > 0 ? h("li", null, t("program_builtin", { names: own.join(" ") })) : null,
    found.every(({ sure }) => sure) ? null : h("li", null, t("programs_unsure")));
}

/** How many there are, and behind that their names. */
function variables(names) {
  return names.length === 0 ? null
    : h("details", null, h("summary", null, t("inquiry_variables", { count: names.length })), h("code", null, names.map((name) => escape(name)).join(", ")));
}

/** A yes to the person's own version is bound to that. */
async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
