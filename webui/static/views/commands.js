/** The commands of a task as they run: script, what was printed, how each ended. */
import { printed } from "../ansi.js";
import { fill, h } from "../dom.js";
import { span } from "../time.js";
import { t } from "../words.js";
import { scriptView } from "./script.js";

const MARKS = { running: "…", done: "✓", failed: "✗", skipped: "–", interrupted: "✗" };

/** The plan, once a command of it has begun; what merely is asked for is in the inquiry. */
export function commandsView(flow, told) {
  const begun = flow.status === "executing" || flow.plan.some((command) => command.status !== "pending");
  if (!begun) return null;
  return h("div.commands", { role: "group", "aria-label": t("commands") }, flow.plan.map((command, n) => commandView(command, n, told)));
}

/** Only what was printed anew: the rest of the page stays as it is. */
export function fillOutputs(place, told) {
  for (const output of place.querySelectorAll("pre.output")) {
    const atEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 8;
    const text = printed(told.outputs[Number(output.dataset.n)] ?? "", t("screen_left_out"));
    fill(output, text);
    output.hidden = text.trim() === "";
    if (atEnd) output.scrollTop = output.scrollHeight;
  }
}

function commandView(command, n, told) {
  const place = h("div.command", { "data-status": command.status },
    scriptView(command.script, t("inquiry_step", { n: n + 1, of: n + 1 })),
    h("pre.output", { "data-n": n, tabindex: "0", "aria-label": t("output"), role: "group" }),
    command.status in MARKS ? h("p.ending", null, ending(command)) : null);
  fillOutputs(place, told);
  return place;
}

function ending({ status, exit_status: exit, took_ms: took }) {
  const how = exit !== null ? t("exit_status", { status: exit }) : t(`command_${status}`);
  return [`${MARKS[status]} ${how}`, took === null ? "" : span(took / 1000)].filter(Boolean).join(" · ");
}
