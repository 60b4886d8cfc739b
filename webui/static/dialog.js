/** Questions of our own that stop the page: the browser's own dialog keeps the focus inside. */
import { h } from "./dom.js";
import { t } from "./words.js";

/** @returns {HTMLDialogElement} open; it is gone when it closes, and the focus is back */
export function openDialog(title, ...content) {
  const id = `d${Math.random().toString(36).slice(2, 9)}`;
  const dialog = h("dialog", { "aria-labelledby": id }, h("h2", { id }, title), content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Whether the person says yes; the no has the focus. @returns {Promise<boolean>} */
export function confirmed(title, text, yes) {
  return new Promise((answer) => {
    const dialog = openDialog(
      title,
      h("p", null, text),
      h("div.buttons", null,
        h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, t("no_leave")),
        h("button.danger", { type: "button", onclick: () => dialog.close("yes") }, yes)),
    );
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"));
  });
}
