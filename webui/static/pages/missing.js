/** An address that leads nowhere. */
import { fill, h } from "../dom.js";
import { t } from "../words.js";

export async function page({ root }) {
  fill(root, h("h1", null, t("missing_title")), h("p", null, h("a", { href: "/" }, t("ask"))));
}
