/** Flows as Markdown that a person can keep: question, commands, answer, sources. */
import { h } from "./dom.js";
import { readable } from "./escape.js";
import { day, moment } from "./time.js";
import { t } from "./words.js";

/** @param {Object} flow @param {import("./told.js").Told} [told] with what its commands printed */
export function flowMarkdown(flow, told) {
  const parts = [`## ${readable(flow.question).split("\n").join(" ")}`, `*${moment(flow.created_at)}*`];
  for (const [n, command] of flow.plan.entries()) {
    parts.push(fenced(command.script, "bash"));
    if (told?.outputs[n]) parts.push(fenced(readable(told.outputs[n]), ""));
  }
  if (flow.answer) parts.push(flow.answer);
  if (flow.error) parts.push(`> ${flow.error.message}`);
  if (flow.citations.length > 0) {
    const lines = flow.citations.map((one) => {
      const fresh = one.retrieved_at ?? one.modified_at;
      return `- [${one.n}] ${readable(one.title)} – \`${readable(one.location)}\`${fresh ? ` (${day(fresh)})` : ""}`;
    });
    parts.push(`### ${t("citations_title")}`, lines.join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}

/** Gives the person a file. */
export function download(name, text, type = "text/markdown") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Longer than any fence within. */
function fenced(text, language) {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`;
}
