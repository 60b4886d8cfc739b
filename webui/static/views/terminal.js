/** The place of a running command's terminal: it comes when the command waits, or on demand. */
import { call } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../words.js";

export class TerminalPlace {
  constructor(flowId, signal) {
    this.flowId = flowId;
    this.element = h("div.terminal-place");
    this.screen = h("div.terminal");
    this.opened = null;
    this.left = false;
    signal.addEventListener("abort", () => this.close());
  }

  /** The terminal that is here is the one of the command that begins now. */
  async announce() {
    const { announceTerminal } = await import("../terminal.js");
    await announceTerminal(this.element, this.flowId);
  }

  /** As the flow is now: what waits for a person gets a terminal at once. */
  show(flow) {
    if (flow.status !== "executing") {
      this.close();
      fill(this.element);
      this.left = false;
      return;
    }
    const waits = flow.terminal !== null;
    if (waits && flow.terminal !== this.told) announce(t(`terminal_${flow.terminal}`));
    this.told = flow.terminal;
    if (this.opened !== null) return;
    if (waits && flow.terminal !== "perhaps" && !this.left) {
      this.open();
      return;
    }
    const label = flow.terminal === null ? t("terminal_open") : t(`terminal_${flow.terminal}`);
    fill(this.element, h("div.buttons", null,
      h("button.quiet", { type: "button", onclick: () => this.open() }, label),
      h("button.quiet", { type: "button", onclick: () => this.signal("INT") }, t("terminal_interrupt"))));
  }

  async signal(name) {
    await call("terminal.signal", { flow_id: this.flowId, signal: name }).catch(() => null);
  }

  async open() {
    if (this.opening) return;
    this.opening = true;
    const { openTerminal } = await import("../terminal.js");
    fill(this.element, this.screen);
    this.element.parentElement?.classList.add("lent");
    this.opened = await openTerminal(this.screen, { flowId: this.flowId, onDetach: () => this.detached() });
    this.opening = false;
  }

  detached() {
    this.left = true;
    this.close();
    fill(this.element, h("div.buttons", null, h("button.quiet", { type: "button", onclick: () => this.open() }, t("terminal_open"))));
  }

  close() {
    this.element.parentElement?.classList.remove("lent");
    this.opened?.close();
    this.opened = null;
    fill(this.screen);
  }
}
