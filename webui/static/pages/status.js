/** Status: what the daemon does and costs, the index, who is logged in, the configuration. */
import { call, send } from "../api.js";
import { facts, fill, h } from "../dom.js";
import { actionButton } from "../errors.js";
import { escape, oneLine } from "../escape.js";
import { moment, size, span } from "../time.js";
import { number, t } from "../words.js";

const FLOWS = 200;
const LOGINS = "/api/v1/logins";

export async function page({ root, signal }) {
  const [daemon, index, config, { flows }, logins] = await Promise.all([
    call("daemon.status", {}, signal), call("index.status", {}, signal), call("config.get", {}, signal),
    call("flow.list", { limit: FLOWS }, signal), send("GET", LOGINS, undefined, signal)]);
  const used = flows.reduce((sum, { usage }) => [sum[0] + usage.calls, sum[1] + usage.tokens_in, sum[2] + usage.tokens_out, sum[3] + usage.took_ms], [0, 0, 0, 0]);
  fill(root, h("header.page-head", null, h("h1", null, t("place_status"))),
    h("p", null, t("status_head", { version: daemon.version, pid: daemon.pid, uptime: span(daemon.uptime_s) })),
    facts([
      [t("status_reasoner"), oneLine(daemon.reasoner)],
      [t("status_embedder"), oneLine(daemon.embedder ?? t("status_embedder_none"))],
      [t("status_index"), t("status_index_counts", index)],
      [t("status_index_file"), [h("code", null, escape(index.path)), ` · ${size(index.size_bytes)}`]],
      [t("status_flows"), t("status_flows_counts", { running: daemon.flows_running, waiting: daemon.flows_waiting })],
      [t("status_working"), daemon.sessions_working > 0 ? h("a", { href: "/sessions" }, t("sessions_working", { count: daemon.sessions_working })) : null],
      [t("status_memory"), size(daemon.memory_bytes)],
      [t("status_usage"), t("status_usage_counts", { flows: flows.length, calls: number(used[0]), given: number(used[1]), written: number(used[2]), took: span(used[3] / 1000) })]]),
    index.rebuild_needed ? h("p.problem", null, t("status_rebuild")) : null,
    loginsView(logins),
    h("h2", null, t("status_config")), h("pre.output", { tabindex: "0" }, escape(settings(config), { lines: true })));
}

function settings(config, prefix = "") {
  return Object.entries(config).map(([name, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value) ? settings(value, `${prefix}${name}.`) : `${prefix}${name} = ${JSON.stringify(value)}`).join("\n");
}

/** Every browser that was let in. */
function loginsView(first) {
  const list = h("ul.logins");
  const problem = h("div", { role: "alert" });
  const draw = ({ logins }) => fill(list, logins.map((login) => h("li", null,
    h("span", null, oneLine(login.browser), login.current ? [" ", h("span.tag", null, t("login_this"))] : null, " ", h("small", null, `${moment(login.created_at)} · ${moment(login.used_at)}`)),
    actionButton("quiet", t("login_revoke"), problem, async () => {
      await send("DELETE", LOGINS, { id: login.id });
      draw(await send("GET", LOGINS)); // who revoked their own is out here
    }))));
  draw(first);
  return h("section", { "aria-labelledby": "logins" }, h("h2", { id: "logins" }, t("logins")), problem, list);
}
