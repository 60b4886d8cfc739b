/** One flow at an address of its own. */
import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { oneLine } from "../escape.js";
import { go } from "../router.js";
import { t } from "../words.js";
import { FlowView } from "../views/flow.js";

export async function page({ root, id, signal }) {
  const flow = await call("flow.get", { flow_id: id }, signal);
  const inConversation = ({ id: at }) => `/conversations/${encodeURIComponent(flow.conversation)}?at=${encodeURIComponent(at)}`;
  const view = new FlowView(flow, { signal, heading: "h1", linked: false, onGone: () => go("/", { replace: true }), onAsked: (next) => go(inConversation(next)) });
  root.dataset.title = oneLine(flow.question).slice(0, 60);
  fill(root, view.element, h("p.further", null, h("a", { href: inConversation(flow) }, t("flow_in_conversation"))));
}
