/** What can be done with a flow: stop, retry, undo, copy, export, delete. */
import { call, newId, patientCall } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { confirmed } from "../dialog.js";
import { actionButton } from "../errors.js";
import { escape } from "../escape.js";
import { download, flowMarkdown } from "../export.js";
import { language, t } from "../words.js";

const CAN_RETRY = ["failed", "denied", "cancelled", "interrupted"];
const ENDED_BADLY = ["failed", "interrupted"];

/** @param {import("./flow.js").FlowView} view */
export function flowActions(view) {
  const { flow } = view;
  const problem = h("div", { role: "alert" });
  const on = (label, work, kind = "quiet") => actionButton(kind, t(label), problem, work);
  if (["running", "executing", "waiting"].includes(flow.status)) {
    const stop = on("flow_stop", async () => view.take(await call("flow.cancel", { flow_id: flow.id })));
    return h("div", null, h("div.buttons", null, stop), problem);
  }
  return h("div", null,
    h("div.buttons", null,
      flow.answer ? on("flow_copy", () => copy(flow)) : null,
      on("flow_export", () => download(`alvo-${flow.id.slice(0, 6)}.md`, flowMarkdown(flow, view.told))),
      CAN_RETRY.includes(flow.status) ? on("flow_retry", () => retry(view)) : null,
      hasFailedCommand(flow) ? on("flow_why", () => why(view)) : null,
      flow.type === "task" && flow.plan.some((command) => command.status !== "pending") ? on("flow_undo", () => undo(view, problem)) : null,
      on("flow_delete", () => remove(view))),
    problem);
}

async function copy(flow) {
  await navigator.clipboard.writeText(flow.answer);
  announce(t("copied"));
}

async function retry(view) {
  view.answered = undefined;
  view.told.text = "";
  view.take(await call("flow.retry", { flow_id: view.flow.id }));
}

/** Whether there is a command to ask about: of a flow that failed otherwise, its error says it all. */
function hasFailedCommand({ status, plan }) {
  return ENDED_BADLY.includes(status) && plan.some((command) => ENDED_BADLY.includes(command.status));
}

/** Asks why, as the next question of the same conversation. */
async function why({ flow, onAsked }) {
  const wanted = { question: t("why_question"), flow_id: newId(), conversation: flow.conversation, about: flow.id, language };
  await onAsked(await patientCall("flow.start", { ...wanted, ...(flow.agent && { agent: flow.agent }) }));
}

async function undo(view, problem) {
  const { flow, paths } = await call("flow.undo", { flow_id: view.flow.id });
  view.take(flow);
  const said = t("undone", { count: paths.length });
  fill(problem, h("p", null, said), h("ul", null, paths.map((path) => h("li", null, h("code", null, `~/${escape(path)}`)))));
}

async function remove(view) {
  if (!(await confirmed(t("delete_title"), t("delete_text"), t("flow_delete")))) return;
  await call("flow.delete", { flow_id: view.flow.id });
  announce(t("deleted"));
  view.onGone(view);
}
