/** One agent: how its training goes, what it was worth, its versions, and a question to it. */
import { call } from "../api.js";
import { announce, facts, field, fill, fillCards, h, settled } from "../dom.js";
import { confirmed } from "../dialog.js";
import { actionButton, errorBox, shownIn } from "../errors.js";
import { escape, oneLine, readable } from "../escape.js";
import { onReturn } from "../events.js";
import { go } from "../router.js";
import { moment, size, span } from "../time.js";
import { t, word } from "../words.js";
import { intervals } from "../views/chart.js";
import { composer } from "../views/composer.js";
import { sendTraining, trainingFields } from "../views/training.js";

export async function page({ root, id, signal }) {
  const [head, about, versions, problem] = [h("div"), h("div"), h("div"), h("div", { role: "alert" })];
  const asking = composer({ agent: id, onAsked: (flow) => go(`/conversations/${encodeURIComponent(flow.conversation)}`) });
  let shown = null;
  // A report that was opened or closed stays so while what is around it changes.
  const opened = new Map();
  const look = async () => {
    const details = await call("agent.get", { user_id: id }, signal);
    const { agent } = details;
    if (agent.training !== null) again();
    else if (shown?.agent.training) announce(`${id}: ${word("agent", agent.status)}`);
    if (JSON.stringify(details) !== JSON.stringify(shown)) draw(details);
    shown = details;
  };
  const draw = ({ agent, profile, versions: every }) => {
    fill(head, summary(agent));
    asking.form.hidden = agent.version === null;
    fill(about, profile ? profileView(profile) : null);
    fillCards(versions, every.map((version) => versionView(version, { id, problem, look, opened })));
  };
  const again = settled(() => !signal.aborted && look().catch(() => null), 1000);
  onReturn(again, signal);
  await look();
  fill(root, h("header.page-head", null, h("h1", null, id)), head, asking.form, about, h("h2", null, t("agent_versions")), problem, versions,
    addPanel(id, look), exportPanel(id), deletion(id, () => shown));
}

function summary(agent) {
  const known = agent.version === null ? [] : [t("agent_version_serves", agent), t("source_counts", agent), agent.languages.join(", ")];
  return h("div", null,
    h("p", null, h(`span.status.${agent.status}`, null, word("agent", agent.status)), known.filter(Boolean).map((one) => ` · ${one}`), agent.private ? [" ", h("span.tag", null, t("source_private"))] : null),
    agent.training !== null && agent.version !== null ? h("p.hint", null, t("agent_trains", { version: agent.training })) : null,
    agent.error ? errorBox(agent.error) : null);
}

function profileView(profile) {
  return h("section", null, h("h2", null, t("agent_profile")), facts([
    [t("agent_expertise"), readable(profile.expertise)], [t("agent_tone"), readable(profile.tone)],
    [t("agent_vocabulary"), profile.vocabulary.map(oneLine).join(", ")],
    [t("profile_questions"), profile.questions.length > 0 ? h("ul", null, profile.questions.map((one) => h("li", null, oneLine(one)))) : null],
    [t("agent_written_by"), oneLine(profile.written_by)]]));
}

function versionView(version, { id, problem, look, opened }) {
  const back = async () => {
    await call("agent.rollback", { user_id: id, version: version.number });
    await look();
  };
  const done = version.stages.every((stage) => stage.status === "done");
  const counts = version.passages > 0 ? t("source_counts", version) : "";
  return h("section.card", { "data-card": version.number, "aria-label": t("agent_version", { version: version.number }) },
    h("header", null, h("h3", null, t("agent_version", { version: version.number })), version.in_service ? h("span.tag.good", null, t("agent_in_service")) : null, h("small", null, moment(version.created_at))),
    h("p.hint", null, [counts, version.chosen ? t("agent_chosen", { chosen: learned(version.chosen) }) : ""].filter(Boolean).join(" · ")),
    h("ol.stages", { "aria-label": t("stages") }, version.stages.map(stageView)),
    version.error ? errorBox(version.error) : null, version.report ? reportView(version, opened) : done ? h("p.hint", null, t("agent_no_report")) : null,
    done && !version.in_service ? h("div.buttons", null, actionButton("quiet", t("version_back"), problem, back)) : null);
}

/** `neighbours + weights (en)` in the person's language. */
function learned(names) {
  return names.split(" + ").map((name) => {
    const [, what, of] = /^(.*?)( \([^()]*\))?$/s.exec(name);
    return word("learned", what.replaceAll(" ", "_")) + (of ?? "");
  }).join(" + ");
}

function stageView(stage) {
  const at = stage.progress;
  return h(`li.${stage.status}`, { "aria-current": stage.status === "running" ? "step" : null }, word("agent", stage.stage), " ",
    h("small", null, [word("stage_status", stage.status), stage.took_ms === null ? "" : span(stage.took_ms / 1000), stage.attempts > 1 ? t("stage_attempts", { n: stage.attempts }) : ""].filter(Boolean).join(" · ")),
    at && stage.status === "running" ? h("progress", { max: Math.max(1, at.total), value: at.done, "aria-label": word("agent", stage.stage) }) : null);
}

function reportView({ number, report, in_service: serves }, opened) {
  const sets = [["keyword", report.keyword], ["baseline", report.baseline], ["was_serving", report.in_service], ["trained", report.trained]].filter(([, set]) => set);
  const of = (figure) => sets.map(([name, set]) => [t(`agent_${name}`), set[figure]]);
  return h("details.report", { open: opened.get(number) ?? serves, ontoggle: ({ target }) => opened.set(number, target.open) }, h("summary", null, t("report"), " ", h("small", null, t("agent_judged_on", { count: report.pairs }))),
    h("p", null, h(`span.tag.${report.deployed ? "good" : "bad"}`, null, t(report.deployed ? "report_deployed" : "report_kept")), " ", readable(report.reason)),
    h("div.charts", null, intervals("nDCG@10", of("ndcg_10")), intervals("MRR", of("mrr")), intervals("Recall@5", of("recall_5")),
      report.support ? intervals(t("figures_support"), [[t("agent_trained"), report.support]]) : null));
}

function addPanel(id, look) {
  const problem = h("div", { role: "alert" });
  const data = trainingFields();
  const add = (event) => {
    event.preventDefault();
    shownIn(problem, async () => {
      await sendTraining(`/api/v1/agents/${encodeURIComponent(id)}/data`, data);
      event.target.reset();
      await look();
    });
  };
  return h("details.panel", null, h("summary", null, t("agent_add")), h("form.stack", { onsubmit: add }, data.element, problem, h("div.buttons", null, h("button.primary", { type: "submit" }, t("agent_add")))));
}

function exportPanel(id) {
  const problem = h("div", { role: "alert" });
  const path = h("input", { type: "text", required: true, placeholder: `/home/…/${id}.alvo-agent`, spellcheck: "false", autocapitalize: "off" });
  const give = (event) => {
    event.preventDefault();
    shownIn(problem, async () => {
      const given = await call("agent.export", { user_id: id, path: path.value.trim() });
      fill(problem, h("p", null, t("agent_exported", { path: escape(given.path), size: size(given.size_bytes) })));
    });
  };
  return h("details.panel", null, h("summary", null, t("agent_export")), h("form.row", { onsubmit: give }, field(t("agent_export_path"), path), h("button", { type: "submit" }, t("agent_export"))), problem);
}

/** What would go is counted before the yes; what went is said after it. */
function deletion(id, details) {
  const problem = h("div", { role: "alert" });
  const remove = async () => {
    const { agent, versions } = details();
    const counts = t("agent_delete_counts", { versions: versions.length, documents: agent.documents, passages: agent.passages });
    if (!(await confirmed(t("agent_delete_title", { name: id }), `${counts} ${t("agent_delete_text")}`, t("agent_delete")))) return;
    const gone = await call("agent.delete", { user_id: id });
    await go("/agents", { replace: true });
    announce(t("agent_deleted", { ...gone, agent: id, size: size(gone.size_bytes) }));
  };
  return h("div.buttons", null, actionButton("danger", t("agent_delete"), problem, remove), problem);
}
