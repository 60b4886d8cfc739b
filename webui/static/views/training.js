/** What an agent is made from: a text, files by their paths, or files that are read here. */
import { field, h } from "../dom.js";
import { t } from "../words.js";

/** The fields; `trainingData` reads them. */
export function trainingFields() {
  const text = h("textarea", { rows: 6 });
  const paths = h("textarea.code", { rows: 2, placeholder: "/home/…", spellcheck: "false", autocapitalize: "off" });
  const files = h("input", { type: "file", multiple: true, accept: ".txt,.md,.markdown,.jsonl,.csv,.json,text/*" });
  const element = h("div.stack", null, field(t("training_text"), text, t("training_text_hint")),
    h("div.row", null, field(t("training_paths"), paths, t("training_paths_hint")), field(t("training_files"), files, t("training_files_hint"))));
  return { text, paths, files, element };
}

/** As `agent.create` and `agent.add` take it. */
export async function trainingData({ text, paths, files }) {
  const texts = await Promise.all([...files.files].map(async (file) => ({ title: file.name, text: await file.text() })));
  const written = text.value.trim() === "" ? [] : [text.value];
  const data = texts.length === 0 ? written[0] : [...written, ...texts];
  const places = paths.value.split("\n").map((path) => path.trim()).filter(Boolean);
  return { ...(data !== undefined && { training_data: data }), ...(places.length > 0 && { files: places }) };
}
