/** How many inquiries wait: the badge, the window's title, and a notification if it is wanted. */
import { call } from "./api.js";
import { announce, h, settled } from "./dom.js";
import { onEvent, onReturn } from "./events.js";
import { setTitlePrefix } from "./router.js";
import { t } from "./words.js";

const KEY = "notifications";
let badge = null;
let waiting = new Set();

/** @param {HTMLElement} element that shows the number */
export function startTray(element) {
  badge = element;
  const look = settled(() => count().catch(() => null), 30);
  onEvent((event) => {
    if (event.kind !== "inquiry") return;
    if (event.data.status === "waiting") tellOf(event.data);
    look();
  });
  onReturn(look);
  count().catch(() => null);
}

async function count() {
  const { inquiries } = await call("inquiry.list", { status: "waiting" });
  const grew = inquiries.some((one) => !waiting.has(one.id));
  waiting = new Set(inquiries.map((one) => one.id));
  badge.hidden = waiting.size === 0;
  badge.textContent = waiting.size;
  badge.parentElement.setAttribute("aria-label", waiting.size > 0 ? `${t("waiting")}, ${t("waiting_count", { count: waiting.size })}` : t("waiting"));
  setTitlePrefix(waiting.size > 0 ? `(${waiting.size}) ` : "");
  if (grew && waiting.size > 0) announce(t("waiting_count", { count: waiting.size }));
}

/** A notification says that something is asked, not what: others may see the screen. */
function tellOf({ inquiry_id: id, kind }) {
  if (!document.hidden || !wanted()) return;
  try {
    const told = new Notification(t(`inquiry_title_${kind}`), { tag: id, icon: "/static/alvo.svg", body: t("notification_body") });
    told.addEventListener("click", () => {
      focus();
      location.assign(`/inquiries/${encodeURIComponent(id)}`);
    });
  } catch {
    // Some browsers show none from a page; the badge and the title are still there.
  }
}

function wanted() {
  return "Notification" in window && Notification.permission === "granted" && localStorage.getItem(KEY) === "on";
}

/** Turns notifications on and off; the browser is asked only here, after a click. */
export function notificationButton() {
  if (!("Notification" in window)) return null;
  const button = h("button.quiet", { type: "button" });
  const draw = () => {
    button.textContent = t(wanted() ? "notifications_off" : "notifications_on");
    button.setAttribute("aria-pressed", String(wanted()));
  };
  button.addEventListener("click", async () => {
    const on = wanted();
    if (!on && (await Notification.requestPermission()) !== "granted") announce(t("notifications_refused"));
    localStorage.setItem(KEY, on ? "off" : "on");
    draw();
  });
  draw();
  return button;
}
