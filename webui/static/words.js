/** What the pages say, in the person's language: `t("sources_empty")`, with blanks as in the shell. */

let table = {};
/** The language of the page, `en` or `pt`. */
export let language = "en";

/** Reads the table of the browser's first language that is ours; English for any other. */
export async function loadWords() {
  const wanted = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase());
  language = wanted.find((tag) => tag === "pt" || tag === "en") ?? "en";
  const reply = await fetch(new URL(`./words/${language}.json`, import.meta.url));
  table = await reply.json();
  document.documentElement.lang = language === "pt" ? "pt-BR" : "en";
}

/**
 * A text with its blanks filled; `{count:row|rows}` is the number with its noun.
 * @param {string} name @param {Object<string, any>} [blanks] @returns {string}
 */
export function t(name, blanks = {}) {
  const text = table[name] ?? name;
  return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, blank, one, many) => {
    const value = blanks[blank];
    if (one === undefined) return String(value ?? "");
    return `${number(value)} ${Number(value) === 1 ? one : many}`;
  });
}

/** Whether there is a text of this name: words of the protocol may be newer than the page. */
export function has(name) {
  return name in table;
}

/** `t(family_word)`, or the word itself where the page does not know it. */
export function word(family, value) {
  return has(`${family}_${value}`) ? t(`${family}_${value}`) : String(value);
}

/** A number as the language writes it. */
export function number(value) {
  return typeof value === "number" ? value.toLocaleString(language === "pt" ? "pt-BR" : "en") : String(value ?? "");
}
