/** Which page an address shows, without loading everything anew; the address carries the state. */
import { CallError } from "./api.js";
import { fill, h } from "./dom.js";
import { errorBox } from "./errors.js";
import { onReturn } from "./events.js";
import { t } from "./words.js";

const ROUTES = [
  [/^\/(?:login)?$/, "ask", "ask"],
  [/^\/conversations\/([^/]+)$/, "conversation", "ask"],
  [/^\/flows\/([^/]+)$/, "flow", "ask"],
  [/^\/waiting$/, "waiting", "waiting"],
  [/^\/inquiries\/([^/]+)$/, "inquiry", "waiting"],
  [/^\/sources$/, "sources", "sources"],
  [/^\/agents$/, "agents", "more"],
  [/^\/agents\/([^/]+)$/, "agent", "more"],
  [/^\/databases$/, "databases", "more"],
  [/^\/databases\/([^/]+)$/, "database", "more"],
  [/^\/permissions$/, "permissions", "more"],
  [/^\/sessions$/, "sessions", "more"],
  [/^\/audit$/, "audit", "more"],
  [/^\/status$/, "status", "more"],
  [/^\/api$/, "api", "more"],
];

let current = new AbortController();
let shown = () => {};
let title = "Alvo";
let prefix = "";

/** Begins to route. `onShown(place, name)` is told which of the places the page belongs to. */
export function startRouter(onShown) {
  shown = onShown;
  history.scrollRestoration = "manual";
  document.addEventListener("click", followLink);
  addEventListener("popstate", () => show(history.state?.scroll ?? 0));
  return show(0, true);
}

/** Goes to an address of ours; `replace` leaves no way back to this one. */
export function go(address, { replace = false } = {}) {
  history.replaceState({ scroll: scrollY }, "");
  history[replace ? "replaceState" : "pushState"]({ scroll: 0 }, "", address);
  return show(0);
}

/** Notes state in the address without showing the page anew. */
export function note(query) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
}

/** Shows the page of the address anew. */
export function refresh() {
  return show(scrollY);
}

/** What stands before the title in the window's own: how many wait. */
export function setTitlePrefix(text) {
  prefix = text;
  document.title = prefix + title;
}

function followLink(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.getAttribute("href").startsWith("#") || link.pathname.startsWith("/static/")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

async function show(scroll, first = false) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const found = ROUTES.map(([form, ...rest]) => [form.exec(location.pathname), ...rest]).find(([match]) => match);
  const [match, name, place] = found ?? [null, "missing", ""];
  const root = h("div.page", { "data-page": name });
  const slow = setTimeout(() => document.body.classList.add("loading"), 200);
  try {
    await build(root, name, match, signal);
  } finally {
    clearTimeout(slow);
    document.body.classList.remove("loading");
  }
  if (signal.aborted) return;
  document.getElementById("main").replaceChildren(root);
  root.querySelector("h1")?.setAttribute("tabindex", "-1");
  title = `${root.dataset.title ?? root.querySelector("h1")?.textContent ?? ""} – Alvo`;
  document.title = prefix + title;
  shown(place, name);
  root.dispatchEvent(new Event("shown"));
  if (!root.hasAttribute("data-bottom")) scrollTo(0, scroll);
  if (!first || root.querySelector("[data-focus]")) focusPage(root);
}

async function build(root, name, match, signal) {
  try {
    const { page } = await import(`./pages/${name}.js`);
    const id = match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
    await page({ root, id, query: new URLSearchParams(location.search), signal });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof CallError) && !(error instanceof URIError)) console.error(error);
    const again = h("button", { type: "button", onclick: refresh }, t("try_again"));
    const told = error instanceof CallError ? error : { message: t("page_failed"), action: t("page_failed_action") };
    fill(root, h("h1", { tabindex: "-1" }, t("error")), errorBox(told, again));
    if (error.away) onReturn(refresh, signal);
  }
}

function focusPage(root) {
  const wanted = root.querySelector("[data-focus]") ?? root.querySelector("h1");
  wanted?.focus({ preventScroll: true });
}
