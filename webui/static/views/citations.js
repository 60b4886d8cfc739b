/** Where each claim of an answer comes from, and how fresh that is; each opens. */
import { facts, h } from "../dom.js";
import { escape, oneLine, readable } from "../escape.js";
import { day, moment } from "../time.js";
import { t, word } from "../words.js";

/** @param {Object} flow or inquiry with citations @returns {HTMLElement|null} */
export function citationsView(flow) {
  if (flow.citations.length === 0) return null;
  return h("div.citations", { role: "group", "aria-label": t("citations_title") },
    h("h4", null, t("citations_title")),
    flow.citations.map((citation) => citationView(citation, flow.id)));
}

/** Opens the citation of a mark that was clicked within `element`. */
export function followMark(element, event) {
  const mark = event.target.closest?.("a.citation");
  if (!mark) return;
  event.preventDefault();
  const n = /\d+/.exec(mark.getAttribute("href") ?? "")?.[0];
  const cited = element.querySelector(`details[data-n="${Number(n)}"]`);
  if (!cited) return;
  cited.open = true;
  cited.querySelector("summary").focus();
}

function citationView(citation, flowId) {
  const kind = word("source", citation.source.toLowerCase());
  const fresh = citation.retrieved_at ?? citation.modified_at;
  return h("details.citation", { "data-n": citation.n, id: `c-${flowId}-${citation.n}`, "data-source": citation.source },
    h("summary", null,
      h("span.n", null, `[${citation.n}]`), " ", h("span.title", null, oneLine(citation.title)), " ",
      h("small", null, [kind, fresh ? day(fresh) : ""].filter(Boolean).join(" · "))),
    VIEWS[citation.source]?.(citation) ?? passage(citation));
}

const VIEWS = { DOCUMENTS: passage, DATABASE: rows, USER: words, INTERNET: page };

function passage(citation) {
  return h("div.cited", null,
    h("blockquote", null, readable(citation.excerpt)),
    facts([[t("citation_place"), h("code", null, escape(citation.location))], [t("citation_modified"), moments(citation.modified_at)]]));
}

/** The SQL that brought the rows: their place reads `database.table: SELECT …`. */
function rows(citation) {
  const at = citation.location.startsWith(`${citation.title}: `) ? citation.title.length + 2 : 0;
  const sql = citation.location.slice(at);
  const database = citation.title.split(".")[0];
  const again = at > 0 ? h("a", { href: `/databases/${encodeURIComponent(database)}?${new URLSearchParams({ sql })}` }, t("citation_query")) : null;
  return h("div.cited", null,
    h("pre.sql", { tabindex: "0" }, escape(sql, { lines: true })),
    h("blockquote.rows", null, readable(citation.excerpt)),
    facts([[t("citation_retrieved"), moments(citation.retrieved_at)], [t("citation_modified"), moments(citation.modified_at)]]),
    again);
}

function words(citation) {
  return h("div.cited", null, h("blockquote", null, readable(citation.excerpt)), facts([[t("citation_said"), escape(citation.location)]]));
}

function page(citation) {
  return h("div.cited", null,
    h("blockquote", null, readable(citation.excerpt)),
    facts([[t("citation_address"), address(citation.location)], [t("citation_retrieved"), moments(citation.retrieved_at)]]));
}

/** A link only where it leads to a page. */
function address(text) {
  const shown = escape(text);
  if (shown !== text || !/^https?:\/\/[^\s@]+$/i.test(text) || !URL.canParse(text)) return h("code", null, shown);
  return h("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, shown);
}

function moments(timestamp) {
  return timestamp ? moment(timestamp) : null;
}
