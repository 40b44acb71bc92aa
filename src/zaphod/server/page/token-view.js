// An answer token by token: how likely each was, and what else might have come. Mouse, touch and arrow keys.

import { el, fill } from "./dom.js";
import { probability } from "./format.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Tokens as they are shown: those that hold parts of one character are put together, as only all of them are text.
 * The last one `isCut` where the rest of its character has not come yet.
 */
export function shownTokens(tokens) {
  const shown = [];
  let pending = null;
  for (const token of tokens) {
    pending = pending ? join(pending, token) : { ...token, count: 1 };
    const text = pending.bytes ? decode(pending.bytes) : pending.text;
    if (text === null && pending.bytes.length < 4) continue;
    shown.push({ ...pending, text: text ?? pending.text });
    pending = null;
  }
  if (pending) shown.push({ ...pending, isCut: true });
  return shown;
}

const join = (first, second) => ({
  ...second,
  text: first.text + second.text,
  bytes: first.bytes && second.bytes ? [...first.bytes, ...second.bytes] : null,
  logprob: first.logprob + second.logprob,
  count: first.count + 1,
});

function decode(bytes) {
  try {
    return decoder.decode(new Uint8Array(bytes));
  } catch {
    return null;
  }
}

/** A line break is marked, or there would be nothing to point at. */
const nodesOf = (text) => text.split(/(\n)/).map((part) => (part === "\n" ? el("span", { class: "break" }, "⏎\n") : part));

/** A token's text with its blanks made visible. */
export const visible = (text) => text.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥") || "(nothing)";

export class TokenView {
  element = el("div", { class: "tokens", role: "group", "aria-label": "The answer, token by token" });
  #shown = [];
  #numTaken = 0; // of the answer's tokens, which may be more than are shown
  #current = 0; // the token that Tab reaches: a roving tab stop

  constructor() {
    const { element } = this;
    element.addEventListener("keydown", (event) => this.#onKey(event));
    element.addEventListener("focusin", (event) => this.#open(event.target));
    element.addEventListener("focusout", () => hideCard());
    element.addEventListener("pointerover", (event) => this.#open(event.target));
    element.addEventListener("pointerleave", () => this.#open(document.activeElement));
  }

  /** Appends what came; tokens that are drawn stay as they are, except a last one whose character was cut. */
  update(tokens) {
    if (tokens.length === this.#numTaken) return;
    if (this.#shown.at(-1)?.isCut) {
      this.#numTaken -= this.#shown.pop().count;
      this.element.lastElementChild.remove();
    }
    for (const token of shownTokens(tokens.slice(this.#numTaken))) {
      this.element.append(this.#span(token, this.#shown.length));
      this.#shown.push(token);
    }
    this.#numTaken = tokens.length;
  }

  #span(token, index) {
    const likely = Math.exp(token.logprob);
    const label = `${visible(token.text)}, ${probability(likely)}`;
    const tabindex = index === this.#current ? 0 : -1;
    const span = el("span", { class: "token", role: "button", tabindex, "aria-label": label, "data-index": index }, ...nodesOf(token.text));
    span.style.setProperty("--doubt", (1 - likely).toFixed(3));
    return span;
  }

  #open(target) {
    const span = target?.closest?.(".token");
    if (!span || !this.element.contains(span)) return hideCard();
    showCard(span, this.#shown[Number(span.dataset.index)]);
  }

  #onKey(event) {
    const last = this.#shown.length - 1;
    const to = { ArrowRight: this.#current + 1, ArrowLeft: this.#current - 1, Home: 0, End: last }[event.key];
    if (event.key === "Escape" && !card.hidden) {
      hideCard();
      event.stopPropagation();
    }
    if (to === undefined) return;
    event.preventDefault();
    const { children } = this.element;
    children[this.#current].tabIndex = -1;
    this.#current = Math.min(Math.max(to, 0), last);
    children[this.#current].tabIndex = 0;
    children[this.#current].focus();
  }
}

// One card for all tokens of the page.
const card = el("div", { class: "token-card", role: "tooltip", id: "token-card", hidden: true });

function hideCard() {
  card.hidden = true;
  document.querySelector("[aria-describedby='token-card']")?.removeAttribute("aria-describedby");
}

function showCard(span, token) {
  hideCard();
  fill(
    card,
    el("p", { class: "token-card-head" }, el("code", {}, visible(token.text)), el("b", {}, probability(Math.exp(token.logprob)))),
    token.count > 1 ? el("p", { class: "hint" }, `${token.count} tokens, one character`) : null,
    el("ul", {}, ...token.top.map((other) => alternative(other, token))),
  );
  span.setAttribute("aria-describedby", card.id);
  if (!card.isConnected) document.body.append(card);
  card.hidden = false;
  place(span);
}

function alternative(other, token) {
  const share = Math.exp(other.logprob);
  const bar = el("span", { class: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", share.toFixed(4));
  const isChosen = other.text === token.text;
  return el("li", { class: isChosen ? "chosen" : null }, el("code", {}, visible(other.text)), bar, el("span", {}, probability(share)));
}

/** Under the token, or over it where the window ends; never past its sides. */
function place(span) {
  const rect = span.getClientRects()[0];
  const { offsetWidth, offsetHeight } = card;
  const left = Math.min(Math.max(rect.left, 8), document.documentElement.clientWidth - offsetWidth - 8);
  const floor = document.querySelector(".bottom").getBoundingClientRect().top;
  const below = rect.bottom + 6;
  const top = below + offsetHeight < floor ? below : Math.max(8, rect.top - offsetHeight - 6);
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${top + scrollY}px`;
}
