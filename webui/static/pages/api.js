/** The bridge's REST interface for programs, as its OpenAPI document describes it. */
import { send } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../words.js";

export async function page({ root, signal }) {
  const document = await send("GET", "/api/v1/openapi.json", undefined, signal);
  fill(root, h("header.page-head", null, h("h1", null, "API"), h("a.button.quiet", { href: "/api/v1/openapi.json", target: "_blank" }, "openapi.json")),
    h("p", null, document.info.description ?? "", " ", t("api_text")), h("pre.sql", { tabindex: "0" }, 'curl -H "Authorization: Bearer $(alvo web --token)" http://127.0.0.1:8420/api/v1/agents'),
    Object.entries(document.paths).flatMap(([path, verbs]) => Object.entries(verbs).filter(([, one]) => one.responses).map(([verb, one]) => operation(path, verb, one))));
}

function operation(path, verb, one) {
  const body = one.requestBody?.content?.["application/json"]?.schema;
  return h("details.operation", null, h("summary", null, h("b.verb", null, verb.toUpperCase()), " ", h("code", null, path), " ", h("small", null, one.summary ?? "")),
    one.description ? h("p", null, one.description) : null,
    (one.parameters ?? []).map((given) => h("p.hint", null, h("code", null, given.name ?? given.$ref), ` (${given.in ?? ""}) ${given.description ?? ""}`)),
    body ? h("pre.output", { tabindex: "0" }, JSON.stringify(body, null, 2)) : null,
    h("ul", null, Object.entries(one.responses).map(([status, reply]) => h("li", null, h("b", null, status), ` ${reply.description ?? ""}`))));
}
