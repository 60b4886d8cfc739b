/** What a command printed, made safe to read: no sequence moves, hides or titles anything. */
import { escape } from "./escape.js";

const OTHER_SCREEN = /\x1b\[\?(?:1049|1047|47)h[^]*?(?:\x1b\[\?(?:1049|1047|47)l|$)/g;
const SILENT = /\x1b(?:\[[0-9;:]{0,64}m|\[[0-2]?K|\[\?(?:1|7|12|25|1004|2004)[hl]|[=>]|\(B)/g;

/**
 * Colours go, what a full-screen program drew on its own screen is a note, all else is shown
 * escaped; a lone return begins a new line, as it would overwrite the one before.
 * @param {string} text all of it so far @param {string} leftOut @returns {string}
 */
export function printed(text, leftOut) {
  const plain = text
    .replace(OTHER_SCREEN, `\n${leftOut}\n`)
    .replace(SILENT, "")
    .replace(/\r+\n?/g, "\n");
  return escape(plain, { lines: true });
}
