/** The terminal of a running command: what it prints, keys to it, its password field, its signals. */
import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { readable } from "./escape.js";
import { errorBox } from "./errors.js";
import { onEvent, onReturn, past } from "./events.js";
import { keySender } from "./terminal-keys.js";
import { loadXterm, openScreen, styles } from "./screen.js";
import { t } from "./words.js";

const RESIZE_PAUSE_MS = 120;
const LONGEST_PLAIN = 200_000;
const CELL = { width: 8.43, height: 17 };
const ROWS = 24;
const dressed = styles(new URL("./terminal.css", import.meta.url)).catch(() => null);

/**
 * Says before a command begins that a real terminal will show it: only then it is told of one.
 * To be awaited before a plan is allowed; nothing is said where there is no terminal to show.
 * @param {HTMLElement} element where it will be @param {string} flowId
 */
export async function announceTerminal(element, flowId) {
  if ((await loadXterm()) === null) return;
  const cols = Math.max(20, Math.floor(element.clientWidth / CELL.width));
  await resize(flowId, { rows: ROWS, cols });
}

async function resize(flowId, { rows, cols }) {
  try {
    await call("terminal.resize", { flow_id: flowId, rows, cols });
  } catch (error) {
    // The flow has ended, or nobody can be reached: the next change of size says it again.
    if (error.name !== "NO_COMMAND_RUNNING" && !error.away) throw error;
  }
}

/**
 * Shows a flow's terminal in `element`, from the first byte that is kept on, until `close()`.
 * @param {HTMLElement} element @param {{flowId: string, onDetach: () => void}} options
 */
export function openTerminal(element, { flowId, onDetach }) {
  const ended = new AbortController();
  const view = new View(flowId, onDetach, ended.signal);
  fill(element, view.root);
  view.begin();
  return {
    close() {
      ended.abort();
      view.close();
      element.replaceChildren();
    },
  };
}

class View {
  constructor(flowId, onDetach, signal) {
    Object.assign(this, { flowId, onDetach, signal, after: 0, wants: null, running: true });
    this.trouble = h("div.trouble");
    this.keys = keySender(flowId, (error) => fill(this.trouble, errorBox(error)));
    this.said = h("p.terminal-said", { role: "status" });
    this.place = h("div.terminal-screen");
    this.buttons = h("div.buttons", null, this.signalButton("INT", "tty_interrupt"),
      this.signalButton("KILL", "tty_kill"), h("button.quiet", { type: "button", onclick: onDetach }, t("tty_leave")));
    this.password = h("input", { type: "password", autocomplete: "off", autocapitalize: "none", spellcheck: "false", id: `password-${flowId}` });
    this.passwordForm = h("form.terminal-password", { hidden: true, onsubmit: (event) => this.givePassword(event) },
      h("label", { for: this.password.id }, t("tty_password")), this.password,
      h("button.primary", { type: "submit" }, t("tty_send")));
    this.root = h("section.terminal-view", { "aria-label": t("tty") },
      this.place, this.passwordForm, h("div.terminal-bar", null, this.said, this.buttons), this.trouble);
  }

  signalButton(signal, label) {
    const send = () => call("terminal.signal", { flow_id: this.flowId, signal }).catch((error) => fill(this.trouble, errorBox(error)));
    return h("button.quiet", { type: "button", onclick: send }, t(label));
  }

  async begin() {
    const [xterm] = await Promise.all([loadXterm(), dressed]);
    if (this.signal.aborted) return;
    this.screen = xterm ? this.realScreen(xterm) : this.plainScreen();
    // Seen, but without the focus: what is typed without looking must not go to the command.
    this.root.scrollIntoView({ block: "nearest" });
    await this.follow();
  }

  /** What came so far, then what comes; an event that both bring is taken once. */
  async follow() {
    const early = [];
    let take = (event) => early.push(event);
    onEvent((event) => event.flow_id === this.flowId && take(event), this.signal);
    onReturn(() => this.catchUp(), this.signal);
    await this.catchUp();
    take = (event) => this.take(event);
    early.forEach(take);
  }

  async catchUp() {
    try {
      const flow = await past(this.flowId, this.after, (event) => this.take(event), this.signal);
      this.running = flow.status === "executing";
      this.tell();
    } catch (error) {
      if (error.name !== "AbortError") fill(this.trouble, errorBox(error));
    }
  }

  take(event) {
    if (event.seq <= this.after) return;
    this.after = event.seq;
    const { kind, data } = event;
    if (kind === "output") this.screen.write(data.text);
    if (kind === "terminal") this.wants = data.terminal;
    if (kind === "flow") this.running = data.status === "executing";
    if (kind === "terminal" || kind === "flow") this.tell();
  }

  /** Says what the command waits for, and gives it the field for that. */
  tell() {
    const wants = this.running ? this.wants : null;
    this.said.textContent = this.running ? t(`tty_wants_${wants ?? "nothing"}`) : t("tty_over");
    this.buttons.hidden = !this.running;
    const secret = wants === "password";
    const asked = secret && this.passwordForm.hidden;
    this.passwordForm.hidden = !secret;
    this.screen.quiet(secret || !this.running);
    if (asked && (this.place.contains(document.activeElement) || document.activeElement === document.body)) this.password.focus();
    if (!secret) this.forget();
  }

  givePassword(event) {
    event.preventDefault();
    const line = this.password.value;
    this.forget();
    this.keys.secret(line);
    this.screen.focus();
  }

  forget() {
    this.password.value = "";
  }

  realScreen(xterm) {
    let timer = 0;
    const { terminal, close } = openScreen(xterm, this.place, {
      label: t("tty_label"),
      typed: (text) => this.keys.text(text),
      clicked: (bytes) => this.keys.bytes(bytes),
      leave: () => this.buttons.lastElementChild.focus(),
      resized: () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.running && resize(this.flowId, terminal), RESIZE_PAUSE_MS);
      },
    });
    resize(this.flowId, terminal);
    return {
      write: (text) => terminal.write(text),
      focus: () => terminal.focus(),
      quiet: (on) => {
        terminal.options.disableStdin = on;
      },
      close: () => {
        clearTimeout(timer);
        close();
      },
    };
  }

  /** Without xterm.js: text, and a line to type in. */
  plainScreen() {
    const output = h("pre.terminal-output", { tabindex: "0", role: "log", "aria-label": t("tty_output") });
    const line = h("input", { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-label": t("tty_line") });
    const form = h("form.terminal-line", {
      onsubmit: (event) => {
        event.preventDefault();
        this.keys.text(`${line.value}\n`);
        line.value = "";
      },
    }, line, h("button", { type: "submit" }, t("tty_send")));
    fill(this.place, h("p.hint", null, t("tty_plain")), output, form);
    let text = "";
    return {
      write: (more) => {
        text = (text + more).slice(-LONGEST_PLAIN);
        output.textContent = readable(text);
        output.scrollTop = output.scrollHeight;
      },
      focus: () => line.focus(),
      quiet: (on) => {
        form.hidden = on;
      },
      close: () => {},
    };
  }

  close() {
    this.forget();
    this.screen?.close();
  }
}
