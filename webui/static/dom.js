/** Builds elements from text that is never read as HTML, and speaks to screen readers. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `h("button.quiet", {onclick}, "Copy")`. Text becomes text, never markup.
 * @param {string} tag name and classes, `p.hint.small`
 * @param {Object<string, any>} [props] attributes; `on…` functions; true sets, false and null leave out
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(" ");
  return filled(element, props, children);
}

/** The same for a drawing. @returns {SVGElement} */
export function svg(tag, props, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "style") throw new Error("a style belongs to the style sheet");
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, children);
  return element;
}

/** Appends what is there of `children`, however nested. */
export function put(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** In place of all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  put(element, children);
}

/**
 * In place of a list's cards; who works with one of its buttons keeps the focus, or goes to the
 * heading where that card is gone. Cards are told apart by `data-card`.
 */
export function fillCards(list, ...cards) {
  const held = list.contains(document.activeElement) ? document.activeElement : null;
  const [card, text] = [held?.closest("[data-card]")?.dataset.card, held?.textContent];
  fill(list, cards);
  if (card === undefined) return;
  const next = list.querySelector(`[data-card="${CSS.escape(card)}"]`);
  const same = held.dataset.card === undefined ? [...(next?.querySelectorAll("button, a") ?? [])].find((one) => one.textContent === text) : next;
  (same ?? document.querySelector("#main h1"))?.focus({ preventScroll: true });
}

/** Says something to who cannot see it, once. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  setTimeout(() => {
    live.textContent = text;
  }, 60);
}

/** Labels and values, as a list of definitions; rows without a value are left out. */
export function facts(rows) {
  const there = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl.facts", null, there.map(([label, value]) => [h("dt", null, label), h("dd", null, value)]));
}

/** A label with its field. `hint` is read with the field. */
export function field(label, control, hint) {
  const id = control.id || `f${Math.random().toString(36).slice(2, 9)}`;
  control.id = id;
  const said = hint && h("small.hint", { id: `${id}-hint` }, hint);
  if (said) control.setAttribute("aria-describedby", said.id);
  return h("div.field", null, h("label", { for: id }, label), control, said);
}

/** A box with its label behind it. */
export function checkbox(label, props) {
  const box = h("input", { type: "checkbox", ...props });
  return { box, element: h("label.check", null, box, h("span", null, label)) };
}

/** Runs `work` once after the last call within `ms`. */
export function settled(work, ms) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  };
}
