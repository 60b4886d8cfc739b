/** An error as a person reads it: its code, what is wrong, what to do. */
import { CallError } from "./api.js";
import { fill, h } from "./dom.js";
import { readable } from "./escape.js";
import { t } from "./words.js";

/** @param {{code: number, message: string, action: string}} error @param {...Node} more buttons */
export function errorBox(error, ...more) {
  const code = error.code ? h("span.code", { title: error.name || null }, t("error_code", { code: error.code })) : null;
  return h(
    "div.error",
    { role: "group", "aria-label": t("error") },
    h("p", null, readable(error.message ?? ""), " ", code),
    error.action ? h("p.action", null, readable(error.action)) : null,
    more.length > 0 ? h("div.buttons", null, more) : null,
  );
}

/**
 * Runs `work`; what goes wrong is shown in `place`, an alert. A mistake of ours is not hidden.
 * @param {Element} place @param {() => Promise<any>} work
 */
export async function shownIn(place, work) {
  fill(place);
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (!(error instanceof CallError)) throw error;
    fill(place, errorBox(error));
    return undefined;
  }
}

/** A button that works once at a time; what goes wrong is shown in `place`. */
export function actionButton(kind, label, place, work) {
  const button = h(`button.${kind}`, { type: "button" }, label);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await shownIn(place, work);
    } finally {
      button.removeAttribute("aria-disabled");
      // What it worked on may be gone, and the button with it.
      if (!button.isConnected && document.activeElement === document.body) document.querySelector("#main h1")?.focus();
    }
  });
  return button;
}
