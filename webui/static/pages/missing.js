/** An address that leads nowhere. */
import { fill, h } from "../dom.js";
import { escape } from "../escape.js";
import { t } from "../words.js";

export async function page({ root }) {
  fill(root, h("h1", null, t("missing_title")), h("p", null, h("code", null, escape(location.pathname))), h("p", null, h("a", { href: "/" }, t("ask"))));
}
