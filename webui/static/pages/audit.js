/** The audit log: what was asked, who said yes, what ran, how it ended; and whether it is whole. */
import { call, short } from "../api.js";
import { fill, h } from "../dom.js";
import { actionButton } from "../errors.js";
import { escape } from "../escape.js";
import { moment } from "../time.js";
import { t, word } from "../words.js";

const PAGE = 100;
const TOLD = ["script", "scripts", "urls", "pattern", "decision", "status", "exit_status", "text"];

export async function page({ root, query, signal }) {
  const flow = query.get("flow");
  const list = h("ol.entries");
  const report = h("div", { role: "status" });
  const state = { before: null };
  const older = actionButton("quiet", t("older"), report, () => more());
  const more = async () => {
    const { entries } = await call("audit.list", { limit: PAGE, ...(state.before && { before: state.before }), ...(flow && { flow_id: flow }) }, signal);
    state.before = entries.at(-1)?.n ?? state.before;
    older.hidden = entries.length < PAGE;
    list.append(...entries.map(entryView));
    return entries.length;
  };
  const some = await more();
  fill(root, h("header.page-head", null, h("h1", null, t("place_audit")), h("div.buttons", null, actionButton("primary", t("audit_verify"), report, async () => fill(report, reportView(await call("audit.verify")))))),
    report, flow ? h("p", null, t("audit_of"), " ", h("code", null, short(flow)), " · ", h("a", { href: "/audit" }, t("audit_all"))) : null,
    some ? list : h("p.empty", null, t("audit_none")), older);
}

function entryView(entry) {
  const told = TOLD.map((name) => entry.data[name]).filter((value) => value !== null && value !== undefined && value !== "").slice(0, 2);
  return h("li", null, h("details", null,
    h("summary", null, h("span.n", null, entry.n), " ", h("time", { datetime: entry.at || null }, entry.at ? moment(entry.at) : "?"), " ", h("b", null, word("audit", entry.kind)), " ",
      h("span.told", null, told.map((value) => escape([value].flat().join("; "))).join("  ").slice(0, 200))),
    h("pre.output", { tabindex: "0" }, escape(JSON.stringify(entry.data, null, 2), { lines: true })),
    h("p.hint", null, entry.flow_id ? [h("a", { href: `/flows/${encodeURIComponent(entry.flow_id)}` }, `${t("flow")} ${short(entry.flow_id)}`), " · "] : null, h("code.hash", null, entry.hash))));
}

function reportView(report) {
  return h(`div.card.${report.intact ? "good" : "bad"}`, null,
    h("p", null, h("strong", null, report.intact ? t("audit_intact", { count: report.entries, first: report.first, last: report.last }) : t("audit_broken"))),
    h("ul", null, report.problems.map(({ kind, n }) => h("li", null, t(`audit_problem_${kind}`, { n })))),
    h("p", null, t("audit_last_hash"), " ", h("code.hash", null, report.hash)), h("p.hint", null, report.limit));
}
