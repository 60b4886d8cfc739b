/** Figures with their intervals, drawn: a dot for the mean, a line for where it may lie. */
import { h, svg } from "../dom.js";
import { decimal } from "../time.js";
import { t } from "../words.js";

const [ROW, LEFT, WIDTH, RIGHT] = [26, 130, 300, 70];

/** @param {string} title @param {Array<[string, {mean: number, low: number, high: number}|null]>} rows from 0 to 1 */
export function intervals(title, rows) {
  const there = rows.filter(([, measure]) => measure);
  const height = there.length * ROW + 24;
  const x = (value) => LEFT + Math.max(0, Math.min(1, value)) * WIDTH;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => [svg("line", { class: "tick", x1: x(at), x2: x(at), y1: 4, y2: height - 20 }), svg("text", { class: "scale", x: x(at), y: height - 6 }, decimal(at, 2))]);
  const drawn = there.map(([label, { mean, low, high }], n) => {
    const y = n * ROW + 17;
    return [svg("text", { class: "label", x: 0, y: y + 4 }, label), svg("line", { class: "range", x1: x(low), x2: x(high), y1: y, y2: y }),
      svg("circle", { class: "mean", cx: x(mean), cy: y, r: 4.5 }), svg("text", { class: "value", x: LEFT + WIDTH + 14, y: y + 4 }, decimal(mean, 3))];
  });
  const said = there.map(([label, { mean, low, high }]) => `${label} ${decimal(mean, 3)} (${decimal(low, 3)} – ${decimal(high, 3)})`).join("; ");
  return h("figure.chart", null, h("figcaption", null, title, " ", h("small", null, t("chart_interval"))),
    svg("svg", { viewBox: `0 0 ${LEFT + WIDTH + RIGHT} ${height}`, role: "img", "aria-label": `${title}: ${said}` }, ticks, drawn));
}
