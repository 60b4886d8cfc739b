/** The person's databases: where each is, how fresh, which tables. */
import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { escape, oneLine, readable } from "../escape.js";
import { moment } from "../time.js";
import { t } from "../words.js";

export async function page({ root, signal }) {
  const { databases } = await call("database.list", {}, signal);
  fill(root, h("header.page-head", null, h("h1", null, t("place_databases"))),
    databases.length === 0 ? h("p.empty", null, t("databases_none"), " ", h("a", { href: "/sources" }, t("source_add"))) : h("div.cards", null, databases.map(card)));
}

function card(database) {
  const address = `/databases/${encodeURIComponent(database.name)}`;
  return h("section.card", null,
    h("header", null, h("h2", null, h("a", { href: address }, oneLine(database.name))), database.private ? h("span.tag", null, t("source_private")) : null),
    h("p", null, h("code", null, escape(database.location))),
    h("p.hint", null, [t("database_tables", { count: database.tables.length }), database.refreshed_at ? moment(database.refreshed_at) : ""].filter(Boolean).join(" · ")),
    database.problem ? h("p.problem", null, readable(database.problem)) : null,
    h("p.names", null, database.tables.map((table) => h("a", { href: `${address}?table=${encodeURIComponent(table.name)}` }, oneLine(table.name)))));
}
