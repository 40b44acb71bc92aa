// The shown branch of a conversation as a column of questions and answers. Draws at most once a frame.

import { AnswerView } from "./answer-view.js";
import { QuestionView, ResultsView } from "./question-view.js";

const NEAR_PX = 96; // who is this near to the end of the page wants to see more of it

export class ThreadView {
  #root;
  #deeds;
  #views = new Map(); // node to view; other branches keep theirs
  #frame = null;

  constructor(root, deeds) {
    this.#root = root;
    this.#deeds = deeds;
  }

  view(node) {
    return this.#views.get(node);
  }

  /** Draws a path; elements that stay keep focus, selection and what is open. */
  draw(path) {
    const known = new Set(path);
    const before = this.#root.lastElementChild;
    for (const node of path) if (!this.#views.has(node)) this.#views.set(node, this.#make(node));
    const elements = path.map((node) => this.#views.get(node).element);
    [...this.#root.children].filter((child) => !elements.includes(child)).forEach((child) => child.remove());
    elements.forEach((element, index) => {
      if (this.#root.children[index] !== element) this.#root.insertBefore(element, this.#root.children[index] ?? null);
    });
    path.forEach((node) => this.#update(node, node === path.at(-1)));
    if (before !== this.#root.lastElementChild) this.#settle(path);
    if (!known.size) this.#views.clear();
  }

  /** Draws an answer that grows. What comes in between is drawn with the next frame. */
  grow(node, drawn) {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#keepingEnd(() => this.#update(node, true));
      drawn();
    });
  }

  toEnd() {
    scrollTo({ top: document.documentElement.scrollHeight });
  }

  #keepingEnd(deed) {
    const wasNear = innerHeight + scrollY >= document.documentElement.scrollHeight - NEAR_PX;
    deed();
    if (wasNear) this.toEnd();
  }

  #settle(path) {
    for (const node of path.slice(0, -1)) this.#views.get(node).settle?.();
  }

  #update(node, isLast) {
    this.#views.get(node)?.update(isLast); // none any more where the conversation was cleared meanwhile
  }

  #make(node) {
    if (node.role === "user") return new QuestionView(node, this.#deeds);
    if (node.role === "tool") return new ResultsView(node);
    return new AnswerView(node, this.#deeds);
  }
}
