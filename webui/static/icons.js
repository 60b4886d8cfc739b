/** The few drawings of the page, in the colour of the text beside them. */
import { svg } from "./dom.js";

const PATHS = {
  alvo: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19Z", "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10Z", "M12 11v2"],
  ask: ["M4 5h16v11H10l-4.5 4V16H4Z"],
  waiting: ["M6 16V11a6 6 0 0 1 12 0v5l2 2H4Z", "M10 21h4"],
  sources: ["M5 4h9l5 5v11H5Z", "M14 4v5h5", "M8.5 13h7", "M8.5 16.5h5"],
  more: ["M4 7h9", "M17 7h3", "M15 4.5v5", "M4 17h3", "M11 17h9", "M9 14.5v5"],
  theme: ["M12 3.5a8.5 8.5 0 1 0 0 17Z", "M12 3.5a8.5 8.5 0 0 1 0 17"],
  send: ["M12 19V5", "M6 11l6-6 6 6"],
};

/** @param {string} name @returns {SVGElement} hidden from screen readers: its text says it */
export function icon(name) {
  const line = { fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linejoin": "round", "stroke-linecap": "round" };
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", ...line }, PATHS[name].map((d) => svg("path", { d })));
}
