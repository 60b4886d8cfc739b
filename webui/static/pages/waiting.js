/** Waiting: every inquiry that waits for this person, oldest first. */
import { call } from "../api.js";
import { fill, h, settled } from "../dom.js";
import { onEvent, onReturn } from "../events.js";
import { notificationButton } from "../tray.js";
import { t } from "../words.js";
import { InquiryCard } from "../views/inquiry.js";

export async function page({ root, signal }) {
  const cards = [];
  const none = h("p.empty", null, t("inquiries_none"));
  const list = h("div.cards");
  const later = settled(() => !signal.aborted && look().catch(() => null), 500);
  const look = async () => {
    const { inquiries } = await call("inquiry.list", { status: "waiting" }, signal);
    const here = new Set(cards.map((card) => card.inquiry.id));
    for (const inquiry of inquiries.filter((one) => !here.has(one.id))) {
      // What comes in its place while a card works, as its preview does, is shown in that card.
      if (cards.some((card) => card.inquiry.flow_id === inquiry.flow_id && card.element.ariaBusy === "true")) {
        later();
        continue;
      }
      const card = new InquiryCard(inquiry, { signal, linked: true });
      cards.push(card);
      // Below what is there, so that nothing moves under a finger.
      list.append(card.element);
    }
    none.hidden = cards.length > 0;
  };
  await look();
  fill(root, h("header.page-head", null, h("h1", null, t("waiting")), h("div.buttons", null, notificationButton())), none, list);
  const again = settled(() => look().catch(() => null), 50);
  onEvent((event) => event.kind === "inquiry" && event.data.status === "waiting" && again(), signal);
  onReturn(again, signal);
}
