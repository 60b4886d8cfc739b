/** A preview: each file that would change, whole, and what was not seen. Nothing is folded away. */
import { h } from "../dom.js";
import { escape, readable } from "../escape.js";
import { number, t, word } from "../words.js";

const KINDS = { "+": "added", "-": "removed", "@": "hunk" };

/** @param {Object} preview as it travels in an inquiry */
export function previewView(preview) {
  return h("div.preview", { role: "group", "aria-label": t("preview") },
    h("h4", null, t("preview_title", { count: preview.changes.length })),
    preview.changes.map(changeView),
    h("p", null, preview.exit_status === null ? t("preview_cut_off") : t("preview_ended", { status: preview.exit_status })),
    preview.output ? h("pre.output", { tabindex: "0" }, escape(preview.output, { lines: true })) : null,
    h("p.hint", null, t("preview_unseen")),
    h("ul.hint", null, preview.unseen.map((sentence) => h("li", null, readable(sentence)))));
}

function changeView(change) {
  const { kind, before, after, path, diff } = change;
  const folder = (after.type === "absent" ? before : after).type === "directory" ? "/" : "";
  const lost = kind === "deleted" || kind === "replaced";
  const none = kind === "changed" && after.type === "file" ? h("p.hint", null, t("preview_no_diff")) : null;
  return h(`div.change${lost ? ".lost" : ""}`, null,
    h("p", null,
      h(`span.kind.${kind}`, null, word("preview_kind", kind)), " ",
      h("code", null, `~/${escape(path)}${folder}`), " ",
      h("small", null, amount(before, after))),
    diff ? h("pre.diff", { tabindex: "0", "aria-label": t("preview_diff"), role: "group" }, diff.split("\n").map(diffLine)) : none);
}

function diffLine(line) {
  return h(`span.line${line[0] in KINDS ? `.${KINDS[line[0]]}` : ""}`, null, escape(line), "\n");
}

/** Sizes in bytes, modes in octal, targets of links: before and after where they differ. */
function amount(before, after) {
  const absent = before.type === "absent" || after.type === "absent";
  const parts = [];
  if (before.type === "file" || after.type === "file") {
    const [old, now] = [number(before.size), number(after.size)];
    const both = before.type === "file" && after.type === "file" && old !== now;
    parts.push(`${both ? `${old} → ${now}` : before.type === "file" ? old : now} B`);
  }
  if (before.mode !== after.mode && !absent) parts.push(`${octal(before.mode)} → ${octal(after.mode)}`);
  if (after.target !== null && after.target !== undefined) parts.push(`→ ${escape(after.target)}`);
  if (before.type !== after.type && !absent) parts.push(`(${before.type} → ${after.type})`);
  return parts.join("  ");
}

function octal(mode) {
  return mode.toString(8).padStart(4, "0");
}
