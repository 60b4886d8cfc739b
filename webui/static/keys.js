/** Keys that go to places and things; none of them answers an inquiry. `?` shows them. */
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { go } from "./router.js";
import { t } from "./words.js";

const PLACES = { a: "/", w: "/waiting", s: "/sources", m: "/status" };
let prefix = 0;

const KEYS = [
  ["/", "key_field"],
  ["n", "key_new"],
  ["j k", "key_next"],
  ["g a", "key_ask"],
  ["g w", "key_waiting"],
  ["g s", "key_sources"],
  ["g m", "key_more"],
  ["?", "key_help"],
];

/** Begins to listen. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const typing = event.target.closest?.("input, textarea, select, [contenteditable], .terminal");
    if (typing) {
      if (event.key === "Escape" && !event.target.closest(".terminal, dialog")) event.target.blur();
      return;
    }
    if (!document.querySelector("dialog[open]") && pressed(event.key)) event.preventDefault();
  });
}

function pressed(key) {
  const gone = performance.now() - prefix < 1500;
  prefix = 0;
  if (gone && key in PLACES) return Boolean(go(PLACES[key]));
  switch (key) {
    case "g":
      prefix = performance.now();
      return true;
    case "?":
      showKeys();
      return true;
    case "n":
      return Boolean(go("/"));
    case "/":
      return focusOn(document.querySelector("#main [data-search], #main textarea.ask"));
    case "j":
      return step(1);
    case "k":
      return step(-1);
    default:
      return false;
  }
}

function focusOn(element) {
  element?.focus();
  return Boolean(element);
}

/** To the next thing of the page: a flow, an inquiry, a line of a list. */
function step(by) {
  const things = [...document.querySelectorAll("#main article, #main section.inquiry, #main a.line")];
  const at = things.findIndex((thing) => thing === document.activeElement || thing.contains(document.activeElement));
  const next = things[at < 0 ? (by > 0 ? 0 : things.length - 1) : at + by];
  next?.scrollIntoView({ block: "nearest" });
  return focusOn(next);
}

/** Every key with what it does. */
export function showKeys() {
  const rows = KEYS.map(([keys, what]) => [h("dt", null, keys.split(" ").map((key) => [h("kbd", null, key), " "])), h("dd", null, t(what))]);
  const close = (event) => event.target.closest("dialog").close();
  openDialog(t("keys_title"), h("dl.facts.keys", null, rows), h("p.hint", null, t("keys_note")),
    h("div.buttons", null, h("button", { type: "button", autofocus: true, onclick: close }, t("close"))));
}
