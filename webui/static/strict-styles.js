/** Lets xterm.js set its styles on a page whose policy forbids style elements and style attributes. */

/**
 * From now on what this document makes is the same, but for two things that the policy would block:
 * a style element's text goes into a sheet of the document's, a span's style through its `style`.
 */
export function allowStylesOfXterm() {
  document.createElement = (name, options) => {
    if (name === "style") return styleElement();
    const element = Document.prototype.createElement.call(document, name, options);
    if (name === "span") element.setAttribute = setAttribute;
    return element;
  };
}

function styleElement() {
  const element = Document.prototype.createElement.call(document, "template");
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", { set: (text) => sheet.replaceSync(text) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}
