// Tells screen readers what happens: whole sentences of an answer instead of every token. Knows no view.

const SENTENCE_END = /[.!?…:]["')\]]*(?=\s)|\n/g;
const PAUSE_MS = 700;
const MAX_KEPT = 20;

/** Where the last whole sentence of a text ends. */
export function endOfSentences(text, from) {
  let end = from;
  SENTENCE_END.lastIndex = from;
  for (let match = SENTENCE_END.exec(text); match; match = SENTENCE_END.exec(text)) end = SENTENCE_END.lastIndex;
  return end;
}

/** Speaks through a live region. */
export class Announcer {
  #region;
  #spoken = 0; // characters of the current answer
  #lastMs = 0;

  constructor(region) {
    this.#region = region;
  }

  say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.#region.append(line);
    while (this.#region.childElementCount > MAX_KEPT) this.#region.firstElementChild.remove();
  }

  begin() {
    this.#spoken = 0;
    this.#lastMs = 0;
  }

  /** The answer so far. Several sentences that come within a moment are said in one go, so that they do not pile up. */
  follow(text) {
    if (performance.now() - this.#lastMs < PAUSE_MS) return;
    this.#sayUpTo(text, endOfSentences(text, this.#spoken));
  }

  finish(text) {
    this.#sayUpTo(text, text.length);
  }

  #sayUpTo(text, end) {
    const news = text.slice(this.#spoken, end).trim();
    this.#spoken = end;
    if (!news) return;
    this.#lastMs = performance.now();
    this.say(news);
  }
}
