// Makes elements. The only place that does; text goes in as text nodes, so nothing printed can become markup.

const FORBIDDEN = /^(style|srcdoc|on.*)$/i;

/**
 * An element with attributes, listeners and children.
 * Attributes: strings and numbers are set, `true` sets an empty one, `false`, `null` and `undefined` leave it out,
 * a function under `onclick` and the like becomes a listener. Children that are strings become text.
 */
export function el(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

/** The same for drawings. */
export function svg(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dressed(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function" && name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (FORBIDDEN.test(name)) throw new TypeError(`no element gets ${name}`);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...present(children));
  return made;
}

/** Children without those that a condition left out; `append` would print them as "null". */
const present = (children) => children.filter((child) => child !== null && child !== undefined && child !== false);

export const fill = (parent, ...children) => parent.replaceChildren(...present(children));

/** The element with an id of index.html; a missing one is our bug, so it is named. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

/** Writes only what changed, so that a screen reader's cursor and a selection stay where they are. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** New children in place of old ones; focus stays on the one with the same `data-deed`. */
export function replaceKeepingFocus(parent, children) {
  const deed = parent.contains(document.activeElement) ? document.activeElement.dataset.deed : null;
  parent.replaceChildren(...children);
  if (deed) parent.querySelector(`[data-deed="${deed}"]`)?.focus();
}

let count = 0;

/** An id for labels to point at. */
export const freshId = (name) => `${name}-${++count}`;
