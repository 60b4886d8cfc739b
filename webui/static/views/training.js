/** What an agent is made from: a text, files by their paths, or files that are sent from here. */
import { send } from "../api.js";
import { field, h } from "../dom.js";
import { t } from "../words.js";

/** The fields; `sendTraining` reads them. */
export function trainingFields() {
  const text = h("textarea", { rows: 6 });
  const paths = h("textarea.code", { rows: 2, placeholder: "/home/…", spellcheck: "false", autocapitalize: "off" });
  const files = h("input", { type: "file", multiple: true });
  const element = h("div.stack", null, field(t("training_text"), text, t("training_text_hint")),
    h("div.row", null, field(t("training_files"), files, t("training_files_hint")), field(t("training_paths"), paths, t("training_paths_hint"))));
  return { text, paths, files, element };
}

/**
 * Gives it to an address of REST, which takes more than a call can hold, and files of any kind.
 * @param {string} address @param {Object} data the fields @param {Object} [more] `user_id`, `config`
 */
export async function sendTraining(address, { text, paths, files }, more = {}) {
  const places = paths.value.split("\n").map((path) => path.trim()).filter(Boolean);
  const written = text.value.trim() === "" ? null : text.value;
  const chosen = [...files.files];
  // A form holds files, and no paths: with both, what is chosen here is read here, as text.
  if (chosen.length > 0 && places.length === 0) return send("POST", address, form(written, chosen, more));
  const texts = await Promise.all(chosen.map(asDocument));
  const data = texts.length === 0 ? written : [...(written === null ? [] : [written]), ...texts];
  return send("POST", address, { ...more, ...(data !== null && { training_data: data }), ...(places.length > 0 && { files: places }) });
}

/** Lines of JSON are told by what they hold; whatever else has the file's name for its title. */
async function asDocument(file) {
  const text = await file.text();
  return /\.(jsonl|ndjson)$/i.test(file.name) ? text : { title: file.name, text };
}

/** As the bridge tells them from a text. */
const LINES = /^\s*\{[^\n]*"(?:question|answer|text)"\s*:/;

function form(written, files, { user_id: id, config }) {
  const made = new FormData();
  if (id !== undefined) made.append("user_id", id);
  if (config !== undefined) made.append("config", JSON.stringify(config));
  if (written !== null) made.append("training_data", new Blob([written]), LINES.test(written) ? "training_data.jsonl" : "training_data.txt");
  for (const file of files) made.append("files", file, file.name);
  return made;
}
