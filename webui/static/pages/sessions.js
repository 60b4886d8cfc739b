/** Sessions: the bash of each conversation, what goes on working in it, and a way to end that. */
import { call, short } from "../api.js";
import { fill, fillCards, h, settled } from "../dom.js";
import { confirmed } from "../dialog.js";
import { actionButton } from "../errors.js";
import { escape } from "../escape.js";
import { onEvent, onReturn } from "../events.js";
import { span } from "../time.js";
import { t } from "../words.js";

const LOOK_MS = 5000;

export async function page({ root, query, signal }) {
  const list = h("div.cards");
  const told = h("div", { role: "alert" });
  const at = query.get("at");
  let timer = 0;
  const look = async () => {
    clearTimeout(timer);
    const { sessions } = await call("session.list", {}, signal);
    fillCards(list, sessions.length === 0 ? h("p.empty", null, t("sessions_none")) : sessions.map((session) => card(session, { told, look, here: session.conversation === at })));
    timer = setTimeout(again, LOOK_MS);
  };
  // What a process does is no event: it is looked for while somebody sees the page.
  const again = settled(() => !signal.aborted && (document.hidden ? (timer = setTimeout(again, LOOK_MS)) : look().catch(() => null)), 100);
  signal.addEventListener("abort", () => clearTimeout(timer));
  onEvent(({ kind }) => ["flow", "command"].includes(kind) && again(), signal);
  onReturn(again, signal);
  await look();
  fill(root, h("header.page-head", null, h("h1", null, t("place_sessions"))), h("p.hint", null, t("sessions_text")), told, list);
}

function card(session, { told, look, here }) {
  const { conversation, cwd, flow_id: flow, processes } = session;
  const state = flow === null ? t("sessions_idle", { idle: span(session.idle_s) }) : h("a", { href: `/flows/${encodeURIComponent(flow)}` }, t("sessions_busy", { flow: short(flow) }));
  const end = async () => {
    const rest = processes.length > 0 ? t("session_end_with", { what: names(processes) }) : t("session_end_alone");
    if (!(await confirmed(t("session_end_title", { session: short(conversation) }), rest, t("session_end")))) return;
    const done = await call("session.end", { conversation });
    await look();
    tell(told, done);
  };
  return h("section.card", { "data-card": conversation, "aria-label": t("session_of", { session: short(conversation) }), tabindex: here ? "-1" : null, "data-focus": here },
    h("header", null, h("h2", null, h("code", null, escape(cwd))), h("a.id", { href: `/conversations/${encodeURIComponent(conversation)}`, title: t("conversation") }, short(conversation))),
    h("p.hint", null, state),
    processes.length > 0 ? [h("p", null, t("sessions_goes_on")), h("ul.processes", null, processes.map((one) => h("li", null, h("code", null, escape(one.program)), " ", h("small", null, t("sessions_process", one)))))] : h("p.hint", null, t("sessions_nothing")),
    // Under a running command it is not ended: that one is stopped in its flow.
    flow === null ? h("div.buttons", null, actionButton("quiet", t("session_end"), told, end)) : null);
}

function tell(told, { conversation, ended, left }) {
  fill(told, h("p", null, t("sessions_ended", { session: short(conversation), count: ended.length })), left.length > 0 ? h("p.problem", null, t("sessions_left", { what: names(left) })) : null);
}

function names(processes) {
  return processes.map(({ program, pid }) => `${escape(program)} (${pid})`).join(", ");
}
