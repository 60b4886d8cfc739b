/** Scripts and addresses with their line numbers, everything invisible escaped, nothing folded away. */
import { h } from "../dom.js";
import { escape, scriptLines } from "../escape.js";
import { t } from "../words.js";

/** A script as it would run. The numbers stand in a column that no text can reach. */
export function scriptView(script, label) {
  const lines = scriptLines(script);
  const long = lines.length > 1 || script.length > 80;
  return h("figure.script", null,
    numberedLines(lines, label ?? t("inquiry_script")),
    long ? h("figcaption", null, t("inquiry_length", { lines: lines.length, characters: [...script].length })) : null);
}

/** Texts that are lines of their own, as addresses are. */
export function addressesView(urls) {
  return h("figure.script", null, numberedLines(urls.map((url) => escape(url)), t("inquiry_urls")));
}

function numberedLines(lines, label) {
  const shown = lines.map((line, n) => h("span.line", { "data-n": n + 1 }, line, "\n"));
  return h("pre.numbered", { tabindex: "0", role: "group", "aria-label": label, translate: "no" }, h("code", null, shown));
}
