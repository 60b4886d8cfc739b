/** Status: what the daemon does and costs, the index, the configuration. */
import { call } from "../api.js";
import { facts, fill, h } from "../dom.js";
import { escape, oneLine } from "../escape.js";
import { size, span } from "../time.js";
import { number, t } from "../words.js";

const FLOWS = 200;

export async function page({ root, signal }) {
  const [daemon, index, config, { flows }] = await Promise.all([
    call("daemon.status", {}, signal), call("index.status", {}, signal), call("config.get", {}, signal),
    call("flow.list", { limit: FLOWS }, signal)]);
  const used = flows.reduce((sum, { usage }) => [sum[0] + usage.calls, sum[1] + usage.tokens_in, sum[2] + usage.tokens_out, sum[3] + usage.took_ms], [0, 0, 0, 0]);
  fill(root, h("header.page-head", null, h("h1", null, t("place_status"))),
    h("p", null, t("status_head", { version: daemon.version, pid: daemon.pid, uptime: span(daemon.uptime_s) })),
    facts([
      [t("status_reasoner"), oneLine(daemon.reasoner)],
      [t("status_embedder"), oneLine(daemon.embedder ?? t("status_embedder_none"))],
      [t("status_index"), t("status_index_counts", index)],
      [t("status_index_file"), [h("code", null, escape(index.path)), ` · ${size(index.size_bytes)}`]],
      [t("status_flows"), t("status_flows_counts", { running: daemon.flows_running, waiting: daemon.flows_waiting })],
      [t("status_memory"), size(daemon.memory_bytes)],
      [t("status_usage"), t("status_usage_counts", { flows: flows.length, calls: number(used[0]), given: number(used[1]), written: number(used[2]), took: span(used[3] / 1000) })]]),
    index.rebuild_needed ? h("p.problem", null, t("status_rebuild")) : null,
    h("h2", null, t("status_config")), h("pre.output", { tabindex: "0" }, escape(settings(config), { lines: true })));
}

function settings(config, prefix = "") {
  return Object.entries(config).map(([name, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value) ? settings(value, `${prefix}${name}.`) : `${prefix}${name} = ${JSON.stringify(value)}`).join("\n");
}
