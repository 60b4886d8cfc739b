/** The one place where HTML is set: what the bridge made inert of a Markdown text. */
import { markdown } from "./api.js";
import { readable } from "./escape.js";

const LONGEST_KEPT = 200;
const kept = new Map();

/**
 * Shows `text` in `place`: as it is at once, and rendered when the bridge has done so.
 * @param {HTMLElement} place @param {string} text @param {AbortSignal} [signal]
 */
export async function showMarkdown(place, text, signal) {
  if (kept.has(text)) {
    put(place, kept.get(text));
    return;
  }
  if (place.childElementCount === 0) {
    place.classList.add("plain");
    place.textContent = readable(text);
  }
  try {
    const html = await markdown(text, signal);
    if (kept.size >= LONGEST_KEPT) kept.delete(kept.keys().next().value);
    kept.set(text, html);
    put(place, html);
  } catch (error) {
    // The text stays as it was written; a page that is left needs it no more.
    if (error.name !== "AbortError" && place.textContent === "") place.textContent = readable(text);
  }
}

function put(place, html) {
  place.classList.remove("plain");
  place.innerHTML = html;
  for (const wide of place.querySelectorAll("table, pre")) wide.tabIndex = 0;
}

/** Renders a text while it grows: not more often than it can be read or rendered. */
export class Growing {
  constructor(place, signal) {
    this.place = place;
    this.signal = signal;
    this.text = "";
    this.timer = 0;
    this.busy = false;
  }

  add(text) {
    this.text += text;
    this.later();
  }

  reset() {
    this.text = "";
  }

  later() {
    if (this.timer || this.busy) return;
    this.timer = setTimeout(() => this.draw(), this.place.childElementCount ? 120 + this.text.length / 100 : 0);
  }

  async draw() {
    this.timer = 0;
    this.busy = true;
    const text = this.text;
    try {
      const html = await markdown(text, this.signal);
      if (!this.ended) put(this.place, html);
    } catch {
      if (!this.ended && !this.place.childElementCount) this.place.textContent = readable(text);
    }
    this.busy = false;
    if (this.text !== text && !this.ended) this.later();
  }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
  }
}
