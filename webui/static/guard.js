/** Keeps a key typed ahead, or a click that only brought the window forward, from answering. */

const CALM_MS = 500;
let arrived = performance.now();

addEventListener("focus", () => {
  arrived = performance.now();
});
document.addEventListener("visibilitychange", () => {
  arrived = performance.now();
});

/**
 * Lets `button` work only for a press that began when the window had been in front, and `card` had
 * been there unchanged, for half a second. A script cannot press it.
 * @param {HTMLElement} button @param {{since: number}} card @param {() => void} work
 */
export function guarded(button, card, work) {
  // How the press began; null where nothing did: assistive technology clicks without a key.
  let began = null;
  const begin = (event) => {
    began = event.isTrusted && !event.repeat && calm(card);
  };
  button.addEventListener("pointerdown", begin);
  button.addEventListener("keydown", begin);
  button.addEventListener("blur", () => {
    began = null;
  });
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const meant = event.isTrusted && (began ?? calm(card));
    began = null;
    if (meant) work();
  });
  return button;
}

/** Marks that a card has appeared or changed. */
export function appeared(card) {
  card.since = performance.now();
}

function calm(card) {
  return performance.now() - Math.max(arrived, card.since) >= CALM_MS;
}
