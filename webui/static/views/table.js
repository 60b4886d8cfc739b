/** A grid of rows: headings stay, numbers stand at the right, nothing of a cell is markup. */
import { h } from "../dom.js";
import { oneLine } from "../escape.js";

/** @param {string[]} columns @param {Array<Array<any>>} rows cells, or nodes @param {string} label */
export function grid(columns, rows, label) {
  const right = columns.map((_, n) => rows.length > 0 && rows.every((row) => row[n] === null || typeof row[n] === "number"));
  const cell = (value, n) => h(`td${right[n] ? ".number" : ""}`, null, value === null ? h("span.null", null, "–") : value instanceof Node ? value : oneLine(value));
  return h("div.grid", { tabindex: "0", role: "region", "aria-label": label },
    h("table", null, h("thead", null, h("tr", null, columns.map((name, n) => h(`th${right[n] ? ".number" : ""}`, { scope: "col" }, oneLine(name))))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map(cell))))));
}
