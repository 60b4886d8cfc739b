/** The screen of a terminal: xterm.js with all refused that a program must not do to a person. */
import { allowStylesOfXterm } from "./strict-styles.js";

const OPTIONS = {
  allowProposedApi: true,
  cursorBlink: false,
  fontFamily: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
  fontSize: 14,
  // A program may have dark text on a dark ground: it is shown so that it can be read.
  minimumContrastRatio: 4.5,
  scrollback: 5000,
  theme: { background: "#11151a", foreground: "#dfe3e8", cursor: "#dfe3e8", selectionBackground: "#3b5573" },
  windowOptions: {},
};
/** Titles, colours of the whole terminal, links, the clipboard: none of these is the program's. */
const REFUSED_OSC = [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 50, 52, 104, 110, 111, 112, 133, 633, 777, 1337];
/** Sequences that are carried out as often as their number says. */
const REPEATED = [
  ..."@ILMPSTXZb".split("").map((final) => ({ final })),
  ...["@", "A"].map((final) => ({ intermediates: " ", final })),
  ...["}", "~"].map((final) => ({ intermediates: "'", final })),
];
const MOST_REPEATS = 300;

let loading = null;

/** xterm.js and its fit addon, fetched when first wanted; null where they were not installed. */
export function loadXterm() {
  loading ??= Promise.all([
    import("./vendor/xterm.js"),
    import("./vendor/xterm-fit.js"),
    styles(new URL("./vendor/xterm.css", import.meta.url)),
  ]).then(([{ Terminal }, { FitAddon }]) => {
    allowStylesOfXterm();
    return { Terminal, FitAddon };
  }, () => null);
  return loading;
}

/** Fetches a style sheet, once for the page. */
export function styles(address) {
  return new Promise((done, failed) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: String(address), onload: done, onerror: failed });
    document.head.append(link);
  });
}

/**
 * A terminal in `place`. `typed(text)` and `clicked(bytes)` get what the person does, and nothing
 * that the terminal itself would answer to a program: replayed, that would be typed anew.
 */
export function openScreen({ Terminal, FitAddon }, place, { label, typed, clicked, resized, leave }) {
  const terminal = new Terminal(OPTIONS);
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  refuse(terminal);
  terminal.open(place);
  terminal.textarea.setAttribute("aria-label", label);
  onlyThePerson(terminal, typed);
  terminal.onBinary(clicked);
  terminal.onResize(resized);
  // Lines of a plain command end in a newline alone; programs with the screen mean what they send.
  const lineEnds = () => {
    terminal.options.convertEol = terminal.buffer.active.type === "normal";
  };
  terminal.buffer.onBufferChange(lineEnds);
  lineEnds();
  terminal.attachCustomKeyEventHandler((event) => {
    if (!event.ctrlKey || event.key !== "]") return true;
    event.preventDefault();
    if (event.type === "keydown") leave();
    return false;
  });
  const watch = new ResizeObserver(() => place.clientWidth > 0 && fit.fit());
  watch.observe(place);
  fit.fit();
  return {
    terminal,
    close() {
      watch.disconnect();
      terminal.dispose();
    },
  };
}

function refuse(terminal) {
  const { parser } = terminal;
  for (const number of REFUSED_OSC) parser.registerOscHandler(number, () => true);
  for (const id of REPEATED) parser.registerCsiHandler(id, ([times]) => times > MOST_REPEATS);
}

/** xterm.js says of its data only within itself whether a person typed it. */
function onlyThePerson(terminal, typed) {
  let byPerson = false;
  terminal._core.coreService.onUserInput(() => {
    byPerson = true;
  });
  terminal.onData((text) => {
    if (byPerson) typed(text);
    byPerson = false;
  });
}
