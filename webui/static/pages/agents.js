/** Agents: who there is, how their training goes, and a new one from texts or files. */
import { call } from "../api.js";
import { checkbox, field, fill, fillCards, h, settled } from "../dom.js";
import { shownIn } from "../errors.js";
import { readable } from "../escape.js";
import { go } from "../router.js";
import { moment } from "../time.js";
import { t, word } from "../words.js";
import { sendTraining, trainingFields } from "../views/training.js";

export async function page({ root, signal }) {
  const list = h("div.cards");
  const look = async () => {
    const { agents } = await call("agent.list", {}, signal);
    fillCards(list, agents.length === 0 ? h("p.empty", null, t("agents_none")) : agents.map(card));
    if (agents.some((agent) => agent.training !== null)) again();
    return agents;
  };
  const again = settled(() => !signal.aborted && look().catch(() => null), 2000);
  const agents = await look();
  fill(root, h("header.page-head", null, h("h1", null, t("place_agents"))), list,
    h("details.panel", { open: agents.length === 0 }, h("summary", null, t("agent_create")), createForm()),
    h("details.panel", null, h("summary", null, t("agent_import")), importForm()));
}

function card(agent) {
  const id = encodeURIComponent(agent.user_id);
  const known = agent.version === null ? [] : [t("agent_version_serves", agent), t("source_counts", agent), agent.languages.join(", "), moment(agent.updated_at)];
  return h("section.card", { "data-card": agent.user_id, "aria-label": agent.user_id },
    h("header", null, h("h2", null, h("a", { href: `/agents/${id}` }, agent.user_id)), h(`span.status.${agent.status}`, null, word("agent", agent.status)), agent.private ? h("span.tag", null, t("source_private")) : null),
    known.length > 0 ? h("p.hint", null, known.filter(Boolean).join(" · ")) : null,
    agent.training !== null ? h("p.hint", null, [agent.version === null ? "" : t("agent_trains", { version: agent.training }), agent.stage ? word("agent", agent.stage) : ""].filter(Boolean).join(" · ")) : null,
    agent.error ? h("p.problem", null, readable(agent.error.message)) : null,
    agent.version === null ? null : h("div.buttons", null, h("a.button.quiet", { href: `/?agent=${id}` }, t("agent_ask_this"))));
}

function createForm() {
  const problem = h("div", { role: "alert" });
  const name = h("input", { type: "text", required: true, pattern: "(?!\\.{1,2}$)[A-Za-z0-9._\\-]{1,64}", spellcheck: "false", autocapitalize: "off" });
  const about = h("input", { type: "text" });
  const language = h("select", null, h("option", { value: "" }, t("agent_language_found")), ["en", "pt"].map((one) => h("option", { value: one }, t(`agent_language_${one}`))));
  const only = checkbox(t("agent_private"));
  const data = trainingFields();
  const create = (event) => {
    event.preventDefault();
    shownIn(problem, async () => {
      const config = { private: only.box.checked, ...(about.value.trim() && { description: about.value.trim() }), ...(language.value && { language: language.value }) };
      await sendTraining("/api/v1/agents", data, { user_id: name.value, config });
      await go(`/agents/${encodeURIComponent(name.value)}`);
    });
  };
  return h("form.stack", { onsubmit: create }, h("div.row", null, field(t("agent_name"), name, t("agent_name_hint")), field(t("agent_about"), about), field(t("agent_language"), language)), data.element, only.element, problem,
    h("div.buttons", null, h("button.primary", { type: "submit" }, t("agent_create"))));
}

function importForm() {
  const problem = h("div", { role: "alert" });
  const path = h("input", { type: "text", required: true, placeholder: "/home/…", spellcheck: "false" });
  const name = h("input", { type: "text" });
  const take = (event) => {
    event.preventDefault();
    shownIn(problem, async () => {
      const agent = await call("agent.import", { path: path.value.trim(), ...(name.value.trim() && { user_id: name.value.trim() }) });
      await go(`/agents/${encodeURIComponent(agent.agent?.user_id ?? agent.user_id)}`);
    });
  };
  return h("form.stack", { onsubmit: take }, h("div.row", null, field(t("agent_import_path"), path), field(t("agent_import_name"), name)), problem, h("div.buttons", null, h("button", { type: "submit" }, t("agent_import"))));
}
