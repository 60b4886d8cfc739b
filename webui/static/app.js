/** Puts the page together: places, banner, theme, then the page of the address. */
import { announce, h } from "./dom.js";
import { onConnection, reconnect, startEvents } from "./events.js";
import { icon } from "./icons.js";
import { showKeys, startKeys } from "./keys.js";
import { startRouter } from "./router.js";
import { startTray } from "./tray.js";
import { loadWords, t } from "./words.js";

const SETTINGS = ["agents", "databases", "permissions", "sessions", "audit", "status"];
const QUIET_MS = 1500;

await loadWords();
const { badge, banner, places, settings } = build();
startKeys();
startEvents();
watchConnection();
startTray(badge);
await startRouter((place, name) => {
  for (const link of places) link.toggleAttribute("data-here", link.dataset.place === place);
  for (const link of places) mark(link, link.dataset.place === place);
  settings.hidden = place !== "more";
  for (const link of settings.querySelectorAll("a")) mark(link, link.dataset.name === name || link.dataset.name === `${name}s`);
});
document.documentElement.dataset.ready = "";

function mark(link, here) {
  if (here) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}

function build() {
  const number = h("span.badge", { hidden: true });
  const link = (place, href, ...more) => h("a.place", { href, "data-place": place }, icon(place), h("span", null, t(place)), more);
  const links = [link("ask", "/"), link("waiting", "/waiting", number), link("sources", "/sources"), link("more", "/status")];
  const doors = h("nav.settings", { "aria-label": t("more"), hidden: true },
    [...SETTINGS, "api"].map((name) => h("a", { href: `/${name}`, "data-name": name }, t(`place_${name}`))));
  const quiet = h("div.banner", { role: "status" });
  document.body.append(
    h("a.skip", { href: "#main", onclick: (event) => {
      event.preventDefault();
      document.getElementById("main").focus();
    } }, t("skip")),
    h("header.top", null,
      h("a.brand", { href: "/", "aria-label": "Alvo" }, icon("alvo"), h("span", null, "Alvo")),
      h("nav.places", { "aria-label": t("places") }, links),
      h("div.tools", null,
        h("button.tool", { type: "button", "aria-label": t("theme"), title: t("theme"), onclick: switchTheme }, icon("theme")),
        h("button.tool", { type: "button", "aria-label": t("keys_title"), title: `${t("keys_title")} (?)`, onclick: showKeys }, "?"))),
    h("div.frame", null, quiet, doors, h("main", { id: "main", tabindex: "-1" })),
    h("div.unseen", { id: "live", "aria-live": "polite" }));
  return { badge: number, banner: quiet, places: links, settings: doors };
}

/** Light, dark, and back to what the system says. */
function switchTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const order = dark ? ["", "light", "dark"] : ["", "dark", "light"];
  const next = order[(order.indexOf(root.dataset.theme ?? "") + 1) % 3];
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  localStorage.setItem("theme", next);
  announce(t(`theme_${next || "system"}`));
}

/** A quiet line while the daemon or the bridge is away; not for the blink of a restart. */
function watchConnection() {
  let timer = 0;
  onConnection((open) => {
    clearTimeout(timer);
    document.body.classList.toggle("away", !open);
    if (open) banner.replaceChildren();
    else timer = setTimeout(() => banner.replaceChildren(h("p", null, t("away"), " ", h("button.quiet", { type: "button", onclick: reconnect }, t("try_again")))), QUIET_MS);
  });
}
