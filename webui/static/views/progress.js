/** How far a flow is: its three blocks, what it looked up, what it cost. */
import { fill, h } from "../dom.js";
import { oneLine, readable } from "../escape.js";
import { span } from "../time.js";
import { t, word } from "../words.js";

const BLOCKS = ["question", "search", "response"];
const ENDED_WELL = ["answered", "executed"];

/** The three blocks with the one that works, or how the flow ended. */
export function progressView(flow, told) {
  const ended = !["running", "waiting", "executing"].includes(flow.status);
  const status = h(`span.status.${flow.status}`, null, word("status", flow.status));
  if (ended) return ENDED_WELL.includes(flow.status) ? null : h("p.ended", null, status);
  const at = BLOCKS.indexOf(flow.block);
  const blocks = BLOCKS.map((block, n) =>
    h(`li${n < at ? ".done" : n === at ? ".now" : ""}`, { "aria-current": n === at ? "step" : null }, t(`block_${block}`)));
  const doing = flow.status === "running" && told.step ? word("step", told.step) : word("status", flow.status);
  return [
    h("ol.blocks", { "aria-label": t("blocks") }, blocks),
    h("p.doing", null, h("span.pulse", { "aria-hidden": "true" }), doing),
    flow.status === "running" && told.looks.length > 0 ? lookView(told.looks.at(-1)) : null,
  ];
}

/** What it was told on its way, each once; what goes on working leads to where it can be ended. */
export function noticesView(told) {
  const line = ({ message, session }) => h("li", null, readable(message),
    session ? [" ", h("a", { href: `/sessions?at=${encodeURIComponent(session)}` }, t("sessions_see"))] : null);
  return told.notices.length === 0 ? null : h("ul.notices", null, told.notices.map(line));
}

/** What was looked up, where, and what came of it; read when it is opened. */
export function wayView(view) {
  const list = h("div");
  const details = h("details.way", null, h("summary", null, t("way_title")), list);
  const draw = () => {
    const { looks } = view.told;
    fill(list, looks.length > 0 ? looks.map(lookView) : h("p.hint", null, t("way_none")));
  };
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    view.wayOpen = true;
    if (view.told.seq === 0) await view.catchUp();
    draw();
  });
  if (view.wayOpen && view.told.seq > 0) {
    details.open = true;
    draw();
  }
  return details;
}

function lookView(look) {
  return h("p.look", null, h("b", null, word("source", String(look.source).toLowerCase())), " ", oneLine(look.where), " ",
    h("span.outcome", null, `→ ${oneLine(look.summary)}`));
}

/** Who answered, as which agent, and what that took. */
export function costLine(flow) {
  const agent = flow.agent ? [h("a.agent", { href: `/agents/${encodeURIComponent(flow.agent)}`, title: t("ask_agent") }, oneLine(flow.agent)), " · "] : null;
  if (!flow.reasoner || flow.question.startsWith("!")) return agent && h("p.cost", null, agent[0]);
  const { calls, tokens_in: given, tokens_out: written, took_ms: took } = flow.usage;
  const cost = calls > 0 ? ` · ${t("flow_cost", { calls, given, written, took: span(took / 1000) })}` : "";
  return h("p.cost", null, agent, oneLine(flow.reasoner) + cost);
}
