/** Standing permissions: each whole, with a way to take it back, and to give one. */
import { call, short } from "../api.js";
import { facts, field, fill, h } from "../dom.js";
import { confirmed } from "../dialog.js";
import { actionButton, shownIn } from "../errors.js";
import { escape } from "../escape.js";
import { moment } from "../time.js";
import { t } from "../words.js";

export async function page({ root, query, signal }) {
  const list = h("div.cards");
  const problem = h("div", { role: "alert" });
  const all = query.get("all") === "1";
  const look = async () => {
    const { permissions } = await call("permission.list", { all }, signal);
    fill(list, permissions.length === 0 ? h("p.empty", null, t("permissions_none")) : permissions.map((one) => card(one, problem, look)));
  };
  await look();
  fill(root, h("header.page-head", null, h("h1", null, t("place_permissions")), h("div.buttons", null, h("a.button.quiet", { href: all ? "/permissions" : "/permissions?all=1" }, t(all ? "permissions_valid" : "permissions_all")))),
    problem, list, h("details.panel", null, h("summary", null, t("permission_add")), addForm(look)));
}

function card(permission, problem, look) {
  const revoke = async () => {
    if (!(await confirmed(t("permission_revoke"), permission.pattern, t("permission_revoke")))) return;
    await call("permission.revoke", { permission_id: permission.id });
    await look();
  };
  const ended = permission.revoked_at ?? permission.expires_at;
  return h("section.card", { "aria-label": escape(permission.pattern) },
    h("header", null, h("h2", null, h("code", null, escape(permission.pattern))), h("span.id", null, short(permission.id))),
    facts([
      [t("permission_program"), h("code", null, escape(permission.program))],
      [t("permission_cwd"), h("code", null, t("permission_and_below", { cwd: escape(permission.cwd) }))],
      [t("permission_scope"), t(`permission_scope_${permission.scope}`)],
      [t("permission_lifetime"), ended ? moment(ended) : t("permission_until_revoked")],
      [t("permission_used"), t("permission_uses", { count: permission.used })],
      [t("permission_given"), `${moment(permission.created_at)} · ${escape(permission.created_by.client)}`]]),
    permission.revoked_at ? null : h("div.buttons", null, actionButton("quiet", t("permission_revoke"), problem, revoke)));
}

function addForm(look) {
  const text = (hint, required) => h("input", { type: "text", required, placeholder: hint, spellcheck: "false", autocapitalize: "off" });
  const [pattern, cwd, match, not] = [text("git status *", true), text("/home/…", true), text("git status -s"), text("git push")];
  const problem = h("div", { role: "alert" });
  const expires = h("input", { type: "datetime-local" });
  const add = (event) => {
    event.preventDefault();
    shownIn(problem, async () => {
      const wanted = { pattern: pattern.value.trim(), cwd: cwd.value.trim(), match: examples(match), not_match: examples(not) };
      if (expires.value) wanted.expires_at = new Date(expires.value).toISOString();
      await call("permission.add", wanted);
      event.target.reset();
      await look();
    });
  };
  return h("form.stack", { onsubmit: add }, h("div.row", null, field(t("permission_pattern"), pattern, t("permission_pattern_hint")), field(t("permission_cwd"), cwd, t("permission_cwd_hint"))),
    h("div.row", null, field(t("permission_match"), match), field(t("permission_not_match"), not), field(t("permission_lifetime"), expires)),
    problem, h("div.buttons", null, h("button", { type: "submit" }, t("permission_add"))));
}

function examples(input) {
  return input.value.trim() ? [input.value.trim()] : [];
}
