/** The permission that a standing yes would give, shown whole before it is given. */
import { facts, fill, h } from "../dom.js";
import { escape } from "../escape.js";
import { t } from "../words.js";

/**
 * @param {Object} inquiry with a `permission_hint` @param {() => void} changed what is shown
 * @returns {{element: HTMLElement, chosen: () => string}} the scope that is shown
 */
export function offer(inquiry, changed) {
  const whole = h("div", { "aria-live": "polite" });
  let scope = "conversation";
  const draw = () =>
    fill(whole, facts([
      [t("permission_pattern"), h("code", null, escape(inquiry.permission_hint))],
      [t("permission_cwd"), h("code", null, t("permission_and_below", { cwd: escape(inquiry.cwd ?? "") }))],
      [t("permission_scope"), t(`permission_scope_${scope}`)],
      [t("permission_lifetime"), t(scope === "conversation" ? "permission_until_a_day" : "permission_until_revoked")],
    ]));
  const choice = (value) =>
    h("label.check", null,
      h("input", { type: "radio", name: `scope-${inquiry.id}`, checked: value === scope, onchange: () => {
        scope = value;
        changed();
        draw();
      } }),
      h("span", null, t(`permission_scope_${value}`)));
  draw();
  const legend = h("legend", null, t("permission_standing"));
  const element = h("fieldset.offer", { tabindex: "-1" }, legend, choice("conversation"), choice("always"), whole);
  return { element, chosen: () => scope };
}
