/** Sources: what Alvo answers from, and a trial of what a search finds there. */
import { call, short } from "../api.js";
import { checkbox, facts, field, fill, fillCards, h } from "../dom.js";
import { confirmed } from "../dialog.js";
import { actionButton, shownIn } from "../errors.js";
import { escape, oneLine, readable } from "../escape.js";
import { onReturn } from "../events.js";
import { note } from "../router.js";
import { decimal, moment, span } from "../time.js";
import { has, number, t } from "../words.js";

const BUSY_MS = 700;
const CALM_MS = 10000;

export async function page({ root, query, signal }) {
  const list = h("div.cards");
  const problem = h("div", { role: "alert" });
  const state = { timer: 0, shown: "" };
  const look = async () => {
    clearTimeout(state.timer);
    const { sources } = await call("source.list", {}, signal);
    const busy = sources.some((source) => source.state === "indexing");
    const text = JSON.stringify(sources);
    if (text !== state.shown) fillCards(list, sources.length === 0 ? h("p.empty", null, t("sources_empty")) : sources.map((source) => card(source, problem, look)));
    state.shown = text;
    state.timer = setTimeout(() => look().catch(() => null), busy && !document.hidden ? BUSY_MS : CALM_MS);
  };
  signal.addEventListener("abort", () => clearTimeout(state.timer));
  onReturn(() => look().catch(() => null), signal);
  await look();
  const add = h("details.panel", { open: state.shown === "[]" }, h("summary", null, t("source_add")), addForm(look));
  fill(root, h("header.page-head", null, h("h1", null, t("sources"))), problem, list, add, trial(query, signal));
}

function card(source, problem, look) {
  const remove = async () => {
    if (!(await confirmed(t("source_remove_title", { name: source.name }), t("source_remove_text"), t("source_remove")))) return;
    await call("source.remove", { source_id: source.id });
    await look();
  };
  const refresh = async () => {
    await call("source.refresh", { source_id: source.id });
    await look();
  };
  const counts = source.kind === "database" ? t("database_tables", { count: source.documents }) : t("source_counts", source);
  const to = source.kind === "database" ? h("a.button.quiet", { href: `/databases/${encodeURIComponent(source.name)}` }, t("source_tables")) : null;
  return h("section.card", { "data-card": source.id, "data-state": source.state, "aria-label": oneLine(source.name) },
    h("header", null, h("h2", null, oneLine(source.name)), source.private ? h("span.tag", null, t("source_private")) : null, h("span.id", null, short(source.id))),
    h("p", null, h("code", null, escape(source.location))),
    source.progress ? progress(source) : h("p.hint", null, [t(`source_${source.state}`), counts, source.refreshed_at ? moment(source.refreshed_at) : ""].filter(Boolean).join(" · ")),
    source.failures.length > 0 ? h("details.failures", null, h("summary", null, t("source_failures", { count: source.failures.length })), h("ul", null, source.failures.map((why) => h("li", null, readable(why))))) : null,
    h("div.buttons", null, actionButton("quiet", t("source_refresh"), problem, refresh), to, actionButton("quiet", t("source_remove"), problem, remove)));
}

function progress({ progress: at }) {
  const unit = `unit_${at.unit}`;
  const of = has(unit) ? t(unit, { count: at.total }) : number(at.total);
  const text = `${number(at.done)}/${of}${at.left_s === null ? "" : ` · ${t("time_left", { span: span(at.left_s) })}`}`;
  return h("p", null, h("progress", { max: Math.max(1, at.total), value: at.done, "aria-label": t("source_indexing") }), " ", h("small", null, text));
}

function addForm(look) {
  const problem = h("div", { role: "alert" });
  const kind = h("select", null, h("option", { value: "documents" }, t("source_kind_documents")), h("option", { value: "database" }, t("source_kind_database")));
  const location = h("input", { type: "text", required: true, placeholder: "/home/…", spellcheck: "false", autocapitalize: "off" });
  const name = h("input", { type: "text" });
  const only = checkbox(t("source_private_label"));
  const add = async (event) => {
    event.preventDefault();
    const wanted = { kind: kind.value, location: location.value.trim(), private: only.box.checked };
    if (name.value.trim()) wanted.name = name.value.trim();
    await shownIn(problem, async () => {
      await call("source.add", wanted);
      event.target.reset();
      await look();
    });
  };
  return h("form.stack", { onsubmit: add }, h("div.row", null, field(t("source_kind"), kind), field(t("source_location"), location, t("source_location_hint"))),
    h("div.row", null, field(t("source_name"), name)), only.element, problem, h("div.buttons", null, h("button.primary", { type: "submit" }, t("source_add"))));
}

/** A search as the agent's own, with why each hit came. */
function trial(query, signal) {
  const hits = h("div");
  const text = h("input", { type: "search", value: query.get("q") ?? "", "data-search": "", required: true });
  const mode = h("select", null, ["hybrid", "keyword", "vector"].map((one) => h("option", { value: one, selected: one === query.get("mode") }, t(`search_${one}`))));
  const search = () => shownIn(hits, async () => {
    note({ q: text.value, mode: mode.value === "hybrid" ? "" : mode.value });
    const found = await call("index.search", { query: text.value, mode: mode.value, k: 10 }, signal);
    fill(hits, h("p.hint", { role: "status" }, found.hits.length > 0 ? t("hits_took", { count: found.hits.length, ms: decimal(found.took_ms, 0) }) : t("hits_none")),
      h("ol.hits", null, found.hits.map(hitView)));
  });
  const form = h("form.stack", { role: "search", onsubmit: (event) => {
    event.preventDefault();
    search();
  } }, h("div.row", null, field(t("search_query"), text), field(t("search_mode"), mode)), h("div.buttons", null, h("button.primary", { type: "submit" }, t("search_try"))));
  if (text.value) search();
  return h("section.trial", { "aria-labelledby": "trial" }, h("h2", { id: "trial" }, t("search_title")), form, hits);
}

function hitView(hit) {
  const rank = (place) => (place === null ? t("rank_none") : `${place}.`);
  return h("li.card", null,
    h("h3", null, oneLine(hit.title), hit.private ? [" ", h("span.tag", null, t("source_private"))] : null),
    h("p", null, h("code", null, escape(hit.path)), hit.place ? ` › ${oneLine(hit.place)}` : ""),
    h("details", null, h("summary", null, h("span.excerpt", null, beginning(oneLine(hit.text)))), h("blockquote", null, readable(hit.text))),
    h("meter", { min: 0, max: 1, value: hit.score, "aria-label": t("score") }),
    facts([[t("score"), decimal(hit.score, 3)], [t("rank_keyword"), rank(hit.ranks.keyword)], [t("rank_vector"), rank(hit.ranks.vector)], [t("citation_modified"), moment(hit.modified_at)]]));
}

function beginning(text) {
  return text.length <= 220 ? text : `${text.slice(0, text.lastIndexOf(" ", 220))} …`;
}
