/** Where a person asks: a text, and behind a small door where and as whom. */
import { call, newId, patientCall } from "../api.js";
import { field, h } from "../dom.js";
import { shownIn } from "../errors.js";
import { icon } from "../icons.js";
import { t } from "../words.js";

/**
 * @param {{conversation?: string, agent?: string, agents?: Object[], label?: string, placeholder?: string, onAsked: (flow: Object) => void}} options
 * `agent`: who is asked first; `agents`: who can be chosen, nobody else where there are none
 */
export function composer({ conversation, agent = "", agents = [], label = t("ask_label"), placeholder = t("ask_placeholder"), onAsked }) {
  const problem = h("div", { role: "alert" });
  const text = h("textarea.ask", { rows: 1, id: "ask", name: "question", maxlength: 100000, "aria-describedby": "ask-keys", autocomplete: "off" });
  const cwd = h("input", { type: "text", name: "cwd", placeholder: t("ask_cwd_home"), spellcheck: "false", autocapitalize: "off" });
  const as = agents.length > 0 ? h("select", { name: "agent" }, h("option", { value: "" }, t("ask_agent_none")), agents.map(({ user_id: id }) => h("option", { value: id, selected: id === agent }, id))) : null;
  const whom = () => (as === null ? agent : as.value);
  const send = h("button.primary.send", { type: "submit", "aria-label": t("ask_send"), title: t("ask_send") }, icon("send"));
  const form = h("form.composer", null,
    problem,
    h("div.box", null, text, send),
    h("div.below", null,
      h("p.hint", { id: "ask-keys" }, t("ask_keys")),
      h("details.options", null, h("summary", null, t(as === null ? "ask_cwd" : "ask_options")), h("div.row", null, field(t("ask_cwd"), cwd), as && field(t("ask_agent"), as)))));
  // Who is asked is seen where one writes, also while the options are closed.
  const name = () => {
    text.placeholder = whom() ? t("agent_ask", { name: whom() }) : placeholder;
    text.setAttribute("aria-label", whom() ? `${label}: ${text.placeholder}` : label);
  };
  as?.addEventListener("change", name);
  name();
  grow(text);
  // Chosen once: the same question sent twice is one flow.
  let flowId = newId();
  let sending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const question = text.value;
    if (question.trim() === "" || sending) return;
    sending = true;
    const wanted = { question, flow_id: flowId };
    wanted.conversation = conversation ?? flowId;
    if (cwd.value.trim()) wanted.cwd = cwd.value.trim();
    if (whom()) wanted.agent = whom();
    await shownIn(problem, async () => {
      const flow = await patientCall("flow.start", wanted);
      flowId = newId();
      text.value = "";
      text.dispatchEvent(new Event("input"));
      onAsked(flow);
    });
    sending = false;
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  return { form, text };
}

/** A field as high as its text, where the browser does not do that by itself. */
function grow(text) {
  if (CSS.supports("field-sizing", "content")) return;
  text.addEventListener("input", () => {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight, 320)}px`;
  });
}

/** The agents that can be asked; none where they cannot be read. */
export async function readyAgents(signal) {
  const listed = await call("agent.list", {}, signal).catch(() => ({ agents: [] }));
  return listed.agents.filter((one) => one.version !== null);
}
