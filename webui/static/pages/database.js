/** One database: its tables, what they hold in whose words, and a query that only reads. */
import { call } from "../api.js";
import { field, fill, h } from "../dom.js";
import { shownIn } from "../errors.js";
import { escape, oneLine, readable } from "../escape.js";
import { note } from "../router.js";
import { decimal } from "../time.js";
import { number, t } from "../words.js";
import { grid } from "../views/table.js";

const LIMIT = 200;

export async function page({ root, id, query, signal }) {
  const database = await call("database.describe", { name: id }, signal);
  fill(root, h("header.page-head", null, h("h1", null, oneLine(database.name))),
    h("p", null, h("code", null, escape(database.location))),
    database.problem ? h("p.problem", null, readable(database.problem)) : null,
    queryForm(database, query, signal),
    h("h2", null, t("tables")),
    database.tables.map((table) => tableView(database.name, table, table.name === query.get("table"))));
}

function queryForm(database, query, signal) {
  const first = query.get("table") ?? database.tables[0]?.name ?? "";
  const text = h("textarea.code", { rows: 3, spellcheck: "false", autocapitalize: "off", "data-search": "" });
  text.value = query.get("sql") ?? `SELECT * FROM "${first.replaceAll('"', '""')}" LIMIT 20`;
  const found = h("div");
  const run = () => shownIn(found, async () => {
    note({ table: query.get("table"), sql: text.value });
    const rows = await call("database.query", { name: database.name, sql: text.value, limit: LIMIT }, signal);
    const more = rows.more ? ` · ${t("rows_more", { limit: LIMIT })}` : "";
    fill(found, h("p.hint", { role: "status" }, `${t("database_rows", { count: rows.rows.length })} · ${decimal(rows.took_ms, 1)} ms${more}`), grid(rows.columns, rows.rows, t("rows")));
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
  });
  if (query.has("sql")) run();
  return h("form.stack", { onsubmit: (event) => {
    event.preventDefault();
    run();
  } }, field(t("query_label"), text, t("query_hint")), h("div.buttons", null, h("button.primary", { type: "submit" }, t("query_run"))), found);
}

function tableView(name, table, open) {
  const rows = table.rows === null ? "" : t("database_rows", { count: `${table.rows_estimated ? "~" : ""}${number(table.rows)}` });
  const columns = table.columns.map((column) => [
    h("span", null, h("b", null, oneLine(column.name)), column.primary_key ? [" ", h("span.tag", null, t("database_key"))] : null),
    type(column), values(column), annotation(name, table.name, column)]);
  return h("details.table", { open }, h("summary", null, h("b", null, oneLine(table.name)), " ", h("small", null, [table.kind === "view" ? t("database_view") : "", rows].filter(Boolean).join(" · "))),
    annotation(name, table.name, table),
    grid([t("column"), t("column_type"), t("column_values"), t("description")], columns, oneLine(table.name)));
}

function type(column) {
  const to = column.references ? ` → ${column.references}${column.references_guessed ? ` ${t("database_guess")}` : ""}` : "";
  return h("span", null, oneLine(column.type + to));
}

function values(column) {
  const range = column.minimum !== null && column.maximum !== null ? `${column.minimum} … ${column.maximum}` : "";
  return h("small", null, [range, column.values.slice(0, 5).join(", ")].filter(Boolean).map(oneLine).join(" · ").slice(0, 120));
}

/** What it holds; a guess is shown as one, and a person can say it better. */
function annotation(name, table, thing) {
  const column = thing.columns ? undefined : thing.name;
  const place = h("span.annotation");
  const show = () => {
    const edit = h("button.quiet.small", { type: "button", onclick: change, "aria-label": t("annotate_of", { name: thing.name }) }, t("annotate"));
    fill(place, h("span", null, oneLine(thing.description)), thing.described_by === "guess" && thing.description ? h("small", null, ` ${t("database_guess")}`) : null, " ", edit);
  };
  const change = () => {
    const input = h("input", { type: "text", value: thing.described_by === "person" ? thing.description : "", "aria-label": t("annotate_of", { name: thing.name }), placeholder: thing.description });
    const problem = h("div", { role: "alert" });
    const save = async (event) => {
      event.preventDefault();
      await shownIn(problem, async () => {
        const now = await call("database.annotate", { name, table, text: input.value, ...(column && { column }) });
        Object.assign(thing, column ? now.columns.find((one) => one.name === column) : { description: now.description, described_by: now.described_by });
        show();
        place.querySelector("button").focus();
      });
    };
    fill(place, h("form.row", { onsubmit: save }, input, h("button", { type: "submit" }, t("save")), h("button.quiet", { type: "button", onclick: show }, t("cancel"))), problem);
    input.focus();
  };
  show();
  return place;
}
