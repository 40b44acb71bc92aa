// What concerns the whole server: it is gone, it still loads, it asks for a key. One notice at a time.

import { el, freshId } from "./dom.js";

const asSentence = (text) => `${text[0].toUpperCase()}${text.slice(1).replace(/\.?$/, ".")}`;

export class Notices {
  #root;
  #announce;
  #shown = "";

  constructor(root, announce) {
    this.#root = root;
    this.#announce = announce;
  }

  unreachable() {
    this.#show("unreachable", "The server does not answer", "It is asked again every few seconds. Start it with “zaphod serve”.");
  }

  loading(reason) {
    this.#show("loading", "The model is not ready", asSentence(reason || "it is being loaded"));
  }

  /** @param wasGiven whether a key was sent, and refused */
  key(message, wasGiven, save) {
    const title = wasGiven ? "This key was not accepted" : "This server asks for a key";
    if (!this.#show(`key ${wasGiven} ${message}`, title, wasGiven ? message : "It stays in this tab and is gone when you close it.")) return;
    const id = freshId("key");
    const field = el("input", { id, type: "password", autocomplete: "off", spellcheck: "false", required: true });
    const form = el(
      "form",
      { class: "key-form" },
      el("label", { class: "for-readers", for: id }, "Key"),
      field,
      el("button", { type: "submit", class: "plain" }, "Use this key"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#shown = ""; // the same notice again is news
      save(field.value.trim());
    });
    this.#root.firstElementChild.append(form);
    field.focus({ preventScroll: true });
  }

  clear() {
    if (this.#shown.startsWith("unreachable")) this.#announce("The server answers again.");
    this.#shown = "";
    this.#root.replaceChildren();
  }

  #show(name, title, text) {
    const isNew = this.#shown !== name;
    if (isNew || this.#root.querySelector(".notice-text")?.textContent !== text) {
      if (isNew) this.#announce(`${title}. ${text}`);
      this.#shown = name;
      this.#root.replaceChildren(
        el("div", { class: "notice" }, el("p", { class: "notice-title" }, title), el("p", { class: "notice-text" }, text)),
      );
    }
    return isNew;
  }
}
