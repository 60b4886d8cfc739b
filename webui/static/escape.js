/** Shows what the eye cannot see, as `daemon/protocol/escape.py` does: `<U+202E>`. Nothing is stripped. */

const PLAIN = /^[ -;=-~]*$/;
// Letters and marks by category which a screen draws as nothing.
const INVISIBLE =
  "\\u034F\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u2800\\u3164\\uFE00-\\uFE0F\\uFFA0\\u{E0100}-\\u{E01EF}";
const HIDDEN = new RegExp(`(?! )[\\p{C}\\p{Zl}\\p{Zp}\\p{Zs}${INVISIBLE}]`, "gu");
const HIDDEN_BUT_LINES = new RegExp(`(?![ \\n\\t])[\\p{C}\\p{Zl}\\p{Zp}\\p{Zs}${INVISIBLE}]`, "gu");

/**
 * `text` with every hidden character shown; `lines` keeps newline and tab as they are.
 * A literal `<U+` has its first character escaped, so that what was meant can be had back.
 * @param {string} text @param {{lines?: boolean}} [options] @returns {string}
 */
export function escape(text, { lines = false } = {}) {
  if (PLAIN.test(text)) return text;
  return text
    .split("<U+")
    .map((part) => part.replace(lines ? HIDDEN_BUT_LINES : HIDDEN, shown))
    .join("<U+003C>U+");
}

function shown(character) {
  return `<U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`;
}

/** The lines of a script, escaped; only a newline ends a line. @returns {string[]} */
export function scriptLines(script) {
  return script.replace(/\n$/, "").split("\n").map((line) => escape(line));
}

/** Escaped as for approval, apart from what only sets type: unusual spaces, soft hyphens. */
export function readable(text) {
  const plain = text.replace(/\r\n/g, "\n").replace(/[\uFE0E\uFE0F\u00AD]/g, "").replace(/\p{Zs}/gu, " ");
  return escape(plain, { lines: true });
}

/** Readable, on a single line. */
export function oneLine(text) {
  return readable(String(text ?? "")).split(/\s+/).join(" ").trim();
}
