// Calls that the model asks for, and a field for each result. The page carries nothing out by itself.

import { el, freshId } from "./dom.js";
import { partialJson } from "./partial-json.js";
import { callCard } from "./readable.js";

/** @param send called with [{id, name, content}] */
export class ToolCallsView {
  element = el("div", { class: "tool-calls" });
  #send;
  #cards = el("div", { class: "cards" });
  #form = null;
  #drawn = "[]";

  constructor(send) {
    this.#send = send;
    this.element.append(this.#cards);
  }

  /** @param wantsResults whether the calls are whole and nothing answered them yet */
  update(calls, wantsResults) {
    const key = JSON.stringify(calls);
    if (key !== this.#drawn) this.#cards.replaceChildren(...calls.map((call) => callCard(call.name, argumentsOf(call.arguments))));
    this.#drawn = key;
    if (wantsResults && !this.#form) this.element.append((this.#form = this.#makeForm(calls)));
    if (!wantsResults && this.#form) {
      this.#form.remove();
      this.#form = null;
    }
  }

  #makeForm(calls) {
    const fields = calls.map((call) => ({ call, id: freshId("result"), area: null }));
    const rows = fields.map((field) => {
      field.area = el("textarea", { id: field.id, rows: 1, placeholder: "What the tool gave back" });
      return el("div", { class: "field" }, el("label", { for: field.id }, `Result of ${field.call.name}`), field.area);
    });
    const form = el("form", { class: "results-form" }, ...rows, el("button", { type: "submit", class: "plain" }, calls.length > 1 ? "Send results" : "Send result"));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.tagName !== "TEXTAREA") return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(fields.map(({ call, area }) => ({ id: call.id, name: call.name, content: area.value })));
    });
    return form;
  }
}

const argumentsOf = (text) => (text.trim() ? (partialJson(text) ?? text) : {});
