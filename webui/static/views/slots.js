/** A place for each flow of a long conversation; only those near the screen hold anything. */
import { h } from "../dom.js";
import { FlowView, isActive } from "./flow.js";

const MARGIN = "1500px";
const MOUNTS_A_FRAME = 2;

export class Slots {
  /**
   * @param {AbortSignal} signal @param {(next: HTMLElement|null) => void} onGone after a flow was deleted
   * @param {(flow: Object) => void} onAsked after one was begun from another
   */
  constructor(signal, onGone, onAsked) {
    Object.assign(this, { signal, onGone, onAsked });
    this.element = h("div.flows");
    this.slots = new Map();
    this.byId = new Map();
    this.wanted = new Set();
    this.observer = new IntersectionObserver((seen) => this.seen(seen), { rootMargin: `${MARGIN} 0px` });
    signal.addEventListener("abort", () => this.observer.disconnect());
  }

  /** In their order on the page. */
  get flows() {
    return Array.from(this.element.children, (element) => this.slots.get(element).flow);
  }

  get first() {
    return this.slots.get(this.element.firstChild)?.flow;
  }

  get last() {
    return this.slots.get(this.element.lastChild)?.flow;
  }

  has(id) {
    return this.find(id) !== undefined;
  }

  find(id) {
    return this.byId.get(id);
  }

  /** Further back: newest first, as they are listed. @returns {number} how many were new */
  prepend(flows) {
    const made = flows.filter((flow) => !this.has(flow.id)).map((flow) => this.make(flow));
    this.element.prepend(...made.reverse());
    return made.length;
  }

  append(flow) {
    if (this.has(flow.id)) return;
    this.element.append(this.make(flow));
    this.mount(this.find(flow.id));
  }

  /** Fills the slot of a flow, wherever it is. @returns {HTMLElement|undefined} */
  show(id) {
    const slot = this.find(id);
    if (slot) this.mount(slot);
    return slot?.view.element;
  }

  make(flow) {
    const slot = { flow, element: h("div.slot"), view: null };
    slot.element.style.height = `${guess(flow)}px`;
    this.slots.set(slot.element, slot);
    this.byId.set(flow.id, slot);
    this.observer.observe(slot.element);
    return slot.element;
  }

  seen(entries) {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      const slot = this.slots.get(target);
      if (slot === undefined) continue;
      if (isIntersecting) this.wanted.add(slot);
      else {
        this.wanted.delete(slot);
        this.unmount(slot, boundingClientRect.height);
      }
    }
    if (this.wanted.size > 0 && !this.frame) this.frame = requestAnimationFrame(() => this.mountSome());
  }

  /** A few at a time, nearest to the end first: no frame waits for all of them. */
  mountSome() {
    const begun = performance.now();
    this.frame = 0;
    let left = MOUNTS_A_FRAME;
    for (const slot of [...this.wanted].reverse()) {
      if (left === 0 || performance.now() - begun > 8) break;
      this.wanted.delete(slot);
      if (slot.view === null) left -= 1;
      this.mount(slot);
    }
    if (this.wanted.size > 0) this.frame = requestAnimationFrame(() => this.mountSome());
  }

  mount(slot) {
    if (slot.view !== null || this.signal.aborted) return;
    slot.ended = new AbortController();
    this.signal.addEventListener("abort", () => slot.ended.abort(), { signal: slot.ended.signal });
    slot.view = new FlowView(slot.flow, { signal: slot.ended.signal, onChange: ({ flow }) => (slot.flow = flow), onGone: () => this.remove(slot), onAsked: this.onAsked });
    slot.element.style.height = "";
    slot.element.append(slot.view.element);
  }

  /** What works, has the focus or was opened stays. */
  unmount(slot, height) {
    const { element, view } = slot;
    if (view === null || isActive(view.flow) || element.contains(document.activeElement) || element.querySelector("details[open]")) return;
    element.style.height = `${height}px`;
    slot.flow = view.flow;
    slot.ended.abort();
    slot.view = null;
    element.replaceChildren();
  }

  remove(slot) {
    const next = slot.element.nextElementSibling ?? slot.element.previousElementSibling;
    slot.ended.abort();
    slot.element.remove();
    this.observer.unobserve(slot.element);
    this.byId.delete(slot.flow.id);
    this.onGone(next && this.show(this.slots.get(next).flow.id));
  }
}

/** About how high a flow will be, before it is there. */
function guess({ question, answer, citations, plan }) {
  const lines = (question.length + (answer?.length ?? 0)) / 85 + (answer?.split("\n").length ?? 0) / 2;
  return Math.round(230 + lines * 26 + citations.length * 38 + plan.length * 90);
}
