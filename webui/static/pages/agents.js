/** Agents: who there is, how their training goes, and a new one from texts or files. */
import { call } from "../api.js";
import { checkbox, field, fill, h, settled } from "../dom.js";
import { shownIn } from "../errors.js";
import { oneLine } from "../escape.js";
import { go } from "../router.js";
import { t, word } from "../words.js";
import { trainingData, trainingFields } from "../views/training.js";

export async function page({ root, signal }) {
  const list = h("div.cards");
  const look = async () => {
    const { agents } = await call("agent.list", {}, signal);
    fill(list, agents.length === 0 ? h("p.empty", null, t("agents_none")) : agents.map(card));
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
  const stage = agent.stage ? ` · ${word("agent", agent.stage)}` : "";
  return h("section.card", null,
    h("header", null, h("h2", null, h("a", { href: `/agents/${encodeURIComponent(agent.user_id)}` }, agent.user_id)), h(`span.status.${agent.status}`, null, word("agent", agent.status) + stage)),
    h("p.hint", null, [agent.version === null ? "" : t("agent_version", agent), t("source_counts", agent), agent.languages.join(", ")].filter(Boolean).join(" · ")),
    agent.error ? h("p.problem", null, oneLine(agent.error.message)) : null);
}

function createForm() {
  const problem = h("div", { role: "alert" });
  const name = h("input", { type: "text", required: true, pattern: "(?!\\.{1,2}$)[A-Za-z0-9._\\-]{1,64}", spellcheck: "false", autocapitalize: "off" });
  const about = h("input", { type: "text" });
  const only = checkbox(t("agent_private"));
  const data = trainingFields();
  const create = (event) => {
    event.preventDefault();
    shownIn(problem, async () => {
      const config = { private: only.box.checked, ...(about.value.trim() && { description: about.value.trim() }) };
      await call("agent.create", { user_id: name.value, config, ...(await trainingData(data)) });
      await go(`/agents/${encodeURIComponent(name.value)}`);
    });
  };
  return h("form.stack", { onsubmit: create }, h("div.row", null, field(t("agent_name"), name, t("agent_name_hint")), field(t("agent_about"), about)), data.element, only.element, problem,
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
