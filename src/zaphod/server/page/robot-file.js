// A file that a person chooses or drops, read in this browser. Nothing is sent anywhere.

import { el, fill } from "./dom.js";
import { Malformed } from "./robot-checks.js";
import { MOST_BYTES, readRecording } from "./robot-recording.js";

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** The episode in a file. @throws Malformed */
export async function episodeIn(file) {
  if (file.size > MOST_BYTES) {
    throw new Malformed(`${file.name} has ${megabytes(file.size)}.`, `A recording has at most ${megabytes(MOST_BYTES)}.`);
  }
  let json;
  try {
    json = await file.text();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new Malformed(`${file.name} cannot be read.`, "The browser must be allowed to read it.", "Choose it again.");
  }
  return readRecording(json);
}

/** The page before there is an episode: empty, loading, or with what was wrong with the last file. */
export class StartView {
  #root;
  #choose;

  /** @param choose opens the browser's choice of a file */
  constructor(root, choose) {
    this.#root = root;
    this.#choose = choose;
  }

  empty() {
    this.#root.removeAttribute("aria-busy");
    fill(
      this.#root,
      el("h1", { class: "empty-title" }, "What did the robot do, and why?"),
      el("p", { class: "hint" }, "Choose a recorded episode, or drop it here. It is read in this browser and sent nowhere."),
      this.#button("Choose a recording"),
      el("p", { class: "hint" }, el("code", {}, "zaphod robot run"), " keeps one as ", el("code", {}, "episode.json"), "."),
    );
  }

  loading(name) {
    this.#root.setAttribute("aria-busy", "true");
    fill(this.#root, el("h1", { class: "empty-title waiting" }, "Reading …"), el("p", { class: "hint from-file" }, name));
  }

  failed(name, problem) {
    this.#root.removeAttribute("aria-busy");
    const title = el("h1", { class: "empty-title", tabindex: -1 }, "This file cannot be shown");
    fill(
      this.#root,
      title,
      el("p", { class: "hint from-file" }, name),
      el(
        "div",
        { class: "problem", "data-kind": "malformed" },
        el("p", { class: "problem-title from-file" }, problem.found),
        el("p", { class: "problem-detail from-file" }, problem.wanted),
        el("p", { class: "problem-detail" }, problem.remedy),
      ),
      this.#button("Choose another recording"),
    );
    title.focus({ preventScroll: true });
  }

  #button(text) {
    return el("button", { type: "button", class: "main", id: "choose", onclick: this.#choose }, text);
  }
}

/** Tells of files that are dropped anywhere on the page; the browser itself would leave the page for them. */
export function wireDrop(onFile) {
  const { dataset } = document.documentElement;
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    dataset.dropping = "";
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? delete dataset.dropping);
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    delete dataset.dropping;
    const [file] = event.dataTransfer?.files ?? [];
    if (file) onFile(file);
  });
}
