// What it takes: the answer's view, in its states. Keeps its pictures as wide as there is room.

import { el, fill } from "./dom.js";
import { count, plural } from "./format.js";
import { bandChart, memoryChart, speedChart } from "./planner-charts.js";
import { problemOf } from "./problem.js";

/** Keys of figures that stand out, in their order. */
const SHOWN = ["devices", "cost_per_hour", "cost_per_million_output_tokens", "ttft_p95_s", "itl_s", "output_tokens_per_s", "power_w", "joules_per_output_token", "co2_g_per_million_output_tokens"];
const BANDS = ["cost_per_hour", "cost_per_million_output_tokens", "power_w", "co2_kg_per_hour"];

export class AnswerView {
  #root;
  #retry;
  #drawings = [];

  /** @param retry asks again */
  constructor(root, retry) {
    this.#root = root;
    this.#retry = retry;
    new ResizeObserver(() => this.#resize()).observe(root);
  }

  /** The old answer stays, marked, until there is a new one. */
  waiting() {
    this.#root.setAttribute("aria-busy", "true");
  }

  show(plan, asked) {
    const figures = SHOWN.map((key) => plan.figures[key]).filter(Boolean);
    const bands = BANDS.map((key) => plan.figures[key]).filter(Boolean);
    this.#drawings = [speedChart(plan, asked.max_itl_s), memoryChart(plan), bandChart("Cost, power, carbon", bands)].filter(Boolean);
    this.#fill(
      el("h2", {}, plan.title),
      el("p", { class: "plan-lead" }, plan.answer),
      el("dl", { class: "figures" }, ...figures.map((figure) => this.#figure(figure))),
      el("div", { class: "drawings" }, ...this.#drawings.map(({ element }) => element)),
      el("div", { class: "plan-more" }, this.#assumptions(plan), this.#sources(plan), this.#considered(plan)),
    );
    this.#resize();
  }

  /** There is no such plan, and this is why. */
  refused({ found, wanted, remedy }) {
    this.#drawings = [];
    this.#fill(this.#problem("refused", "There is no such plan", [found, wanted, remedy]));
  }

  failed(error) {
    const { kind, title, text } = problemOf(error);
    const hint = kind === "key" ? "Set it in the conversation, under Settings." : "";
    const again = el("p", { class: "problem-deeds" }, el("button", { type: "button", class: "plain", onclick: this.#retry }, "Try again"));
    this.#drawings = [];
    this.#fill(this.#problem(kind, title, [kind === "unreachable" ? "It may have been stopped, or the network is down." : text, hint], again));
  }

  #fill(...children) {
    fill(this.#root, ...children);
    this.#root.removeAttribute("aria-busy");
  }

  #resize() {
    for (const drawing of this.#drawings) drawing.resize();
  }

  #figure({ name, amount, interval, basis }) {
    return el("div", { title: basis.join("\n") || null }, el("dt", {}, name), el("dd", {}, amount, el("div", { class: "interval" }, interval || "exact")));
  }

  #problem(kind, title, sentences, deeds = null) {
    const details = sentences.filter(Boolean).map((text) => el("p", { class: "problem-detail" }, text));
    return el("div", { class: "problem", "data-kind": kind }, el("p", { class: "problem-title" }, title), ...details, deeds);
  }

  #assumptions({ assumptions }) {
    return assumptions.length > 0 && this.#more("Assumptions", assumptions.map((text) => el("li", {}, text)));
  }

  #sources({ figures }) {
    const sources = [...new Set(Object.values(figures).flatMap(({ basis }) => basis))];
    return sources.length > 0 && this.#more(`What the figures rest on (${count(sources.length)})`, sources.map((text) => el("li", {}, text)));
  }

  #considered({ considered, num_considered: total }) {
    const left = total - considered.length;
    const rows = considered.map(({ layout, reason }) => el("li", {}, layout, " ", el("span", { class: "reason" }, reason)));
    if (left > 0) rows.push(el("li", { class: "reason" }, `${plural(left, "more layout")}.`));
    return rows.length > 0 && this.#more(`Looked at and not chosen (${count(total)})`, rows);
  }

  #more(title, items) {
    return el("details", {}, el("summary", {}, title), el("ul", {}, ...items));
  }
}
