// What is asked: choices and sliders, and the question that they make. Knows no answer and no server.

import { el, fill, freshId, setText } from "./dom.js";
import { count, short } from "./format.js";

/** 1, 2, 5, 10, … up to the end: each step of a slider is about as much more as the one before. */
export function steps125(first, last) {
  const values = [];
  for (let power = first; power <= last; power *= 10) values.push(...[1, 2, 5].map((factor) => factor * power).filter((value) => value <= last));
  return values;
}

export function doublings(first, last) {
  const values = [];
  for (let value = first; value <= last; value *= 2) values.push(value);
  return values;
}

const seconds = (value) => `${value} s`;
const milliseconds = (value) => `${Math.round(1000 * value)} ms`;
const large = (value) => (value >= 1e6 ? short(value) : count(value));

/** name, label, values, how a value is said, where it begins */
const SLIDERS = [
  ["users", "People with an open session", steps125(1, 1e7), large, 1000],
  ["prompt_tokens", "Prompt, tokens", doublings(32, 131072), count, 1024],
  ["output_tokens", "Answer, tokens", doublings(16, 16384), count, 512],
  ["max_ttft_s", "First token within (95 of 100)", [0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 30], seconds, 2],
  ["max_itl_s", "Then a token every", [0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.5], milliseconds, 0.05],
];

export class Question {
  #values;
  #onChange;

  /**
   * @param root the form
   * @param choices as `GET /zaphod/plan` tells them
   * @param onChange told that something was changed
   */
  constructor(root, choices, onChange) {
    this.#onChange = onChange;
    this.#values = { model: "grok-1", gpu: "h100", precision: null, region: "world", price_per_hour: null, ...Object.fromEntries(SLIDERS.map(([name, , , , start]) => [name, start])) };
    const titled = (rows) => rows.map(({ name, title }) => [name, title]);
    fill(
      root,
      this.#choice("model", "Model", choices.models.map(({ name, parameters }) => [name, `${name} · ${short(parameters).replace("G", "B")}`])),
      this.#choice("gpu", "Accelerator", titled(choices.gpus)),
      this.#choice("precision", "Weights", [["", "the cheapest that fits"], ...choices.precisions.map(({ name, title }) => [name, `${name} · ${title}`])]),
      ...SLIDERS.map((slider) => this.#slider(...slider)),
      this.#choice("region", "Electricity of", titled(choices.regions)),
      this.#price(),
    );
    root.addEventListener("submit", (event) => event.preventDefault());
  }

  /** The body of a request. */
  get asked() {
    return { ...this.#values };
  }

  #change(name, value) {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    this.#onChange();
  }

  #choice(name, label, rows) {
    const id = freshId(name);
    const select = el("select", { id, name }, ...rows.map(([value, text]) => el("option", { value }, text)));
    const wanted = this.#values[name] ?? "";
    if (rows.some(([value]) => value === wanted)) select.value = wanted;
    else this.#values[name] = select.value || null;
    select.addEventListener("change", () => this.#change(name, select.value || null));
    return el("div", { class: "field" }, el("label", { for: id }, label), el("span", { class: "choice framed" }, select));
  }

  #price() {
    const id = freshId("price");
    const input = el("input", { id, name: "price_per_hour", type: "number", min: 0.01, max: 10000, step: 0.01, placeholder: "as dated offers have it" });
    input.addEventListener("input", () => this.#change("price_per_hour", input.validity.valid && input.value !== "" ? input.valueAsNumber : null));
    return el("div", { class: "field" }, el("label", { for: id }, "Own price of a device, $ an hour"), input);
  }

  #slider(name, label, values, told, start) {
    const id = freshId(name);
    const input = el("input", { id, name, type: "range", min: 0, max: values.length - 1, step: 1, value: values.indexOf(start) });
    const output = el("output", { for: id });
    const show = () => {
      const words = told(values[input.valueAsNumber]);
      setText(output, words);
      input.setAttribute("aria-valuetext", words);
    };
    input.addEventListener("input", () => {
      show();
      this.#change(name, values[input.valueAsNumber]);
    });
    show();
    return el("div", { class: "slider" }, el("label", { for: id }, label), output, input);
  }
}
