/** One inquiry at an address of its own. */
import { fill } from "../dom.js";
import { call } from "../api.js";
import { oneLine } from "../escape.js";
import { t } from "../words.js";
import { InquiryCard } from "../views/inquiry.js";

export async function page({ root, id, signal }) {
  const inquiry = await call("inquiry.get", { inquiry_id: id }, signal);
  const card = new InquiryCard(inquiry, { signal, linked: true, heading: "h1" });
  root.dataset.title = `${t(`inquiry_title_${inquiry.kind}`)}: ${oneLine(inquiry.script ?? inquiry.text).slice(0, 40)}`;
  fill(root, card.element);
}
