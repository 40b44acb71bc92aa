// A question, or the results of tools: what the person said. A question can be edited in place.

import { branchSwitch } from "./branches.js";
import { el, freshId, replaceKeepingFocus } from "./dom.js";

/** @param deeds {edit(node, text), choose(node)} */
export class QuestionView {
  element = el("article", { class: "question" });
  #node;
  #deeds;
  #text;
  #buttons = el("p", { class: "deeds" });

  constructor(node, deeds) {
    this.#node = node;
    this.#deeds = deeds;
    this.#text = el("p", { class: "question-text" }, node.text);
    this.element.append(el("h2", { class: "for-readers" }, "Question"), this.#text, this.#buttons);
  }

  update() {
    const edit = el("button", { type: "button", class: "quiet", "data-deed": "edit", onclick: () => this.edit() }, "Edit");
    const versions = branchSwitch(this.#node, "question", this.#deeds.choose);
    replaceKeepingFocus(this.#buttons, versions ? [edit, versions] : [edit]);
  }

  edit() {
    const id = freshId("edit");
    const field = el("textarea", { id, rows: 2 });
    field.value = this.#node.text;
    const form = el(
      "form",
      { class: "edit" },
      el("label", { class: "for-readers", for: id }, "Edit the question"),
      field,
      el(
        "p",
        { class: "deeds" },
        el("button", { type: "submit", class: "plain" }, "Ask again"),
        el("button", { type: "button", class: "quiet", onclick: () => this.#close() }, "Cancel"),
      ),
    );
    form.addEventListener("submit", (event) => this.#submit(event, field));
    field.addEventListener("keydown", (event) => this.#onKey(event, form));
    if (this.element.querySelector("form")) return;
    this.#text.hidden = this.#buttons.hidden = true;
    this.element.append(form);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  #onKey(event, form) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape") {
      event.stopPropagation(); // it ends the editing, not an answer
      this.#close();
    }
  }

  #submit(event, field) {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    this.#close();
    this.#deeds.edit(this.#node, text);
  }

  #close() {
    this.element.querySelector("form").remove();
    this.#text.hidden = this.#buttons.hidden = false;
    this.#buttons.querySelector("[data-deed=edit]").focus();
  }
}

export class ResultsView {
  element = el("article", { class: "question results" });
  #node;

  constructor(node) {
    this.#node = node;
  }

  update() {
    const results = this.#node.results.flatMap(({ name, content }) => [el("dt", {}, name), el("dd", {}, content)]);
    this.element.replaceChildren(el("h2", { class: "for-readers" }, "Results of tools"), el("dl", {}, ...results));
  }
}
