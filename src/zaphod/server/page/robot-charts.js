// Which values of an episode are drawn over time, and against what: forces, clearance, the monitor's rung.

import { el, fill, svg } from "./dom.js";
import { MARGIN, TimeChart } from "./robot-chart.js";
import { RUNGS } from "./robot-recording.js";
import { millimetres, newtons, runsOf, seconds } from "./robot-verdict.js";

const BAND_PX = 24;
const LABEL_FROM_PX = 44; // narrower stretches carry no word
const MOST_RUNS_LISTED = 40;
const ROOM = 1.08; // above the highest value

const most = (values, start) => values.reduce((best, value) => Math.max(best, value), start);
const least = (values) => values.reduce((best, value) => Math.min(best, value), Infinity);

/** Forces of both pads against the proved interval and the breaking limit. */
export function forceChart({ samples, limits }) {
  const [left, right] = [0, 1].map((side) => samples.pad_forces_n.map((pair) => pair[side]));
  const { breaks_at_n: breaks, force_n: proved } = limits ?? {};
  const high = ROOM * most(right, most(left, Math.max(breaks ?? 0, proved?.[1] ?? 0, 1)));
  const words = [`Force of both pads over time. Largest ${newtons(most(right, most(left, 0)))}.`];
  if (proved) words.push(`Proved to keep the grip: ${newtons(proved[0])} to ${newtons(proved[1])}.`);
  if (Number.isFinite(breaks)) words.push(`The load breaks at ${newtons(breaks)}.`);
  return new TimeChart(samples.time_s, {
    title: "Force",
    words: words.join(" "),
    unit: (value) => `${Number(value.toFixed(3))} N`,
    low: 0,
    high,
    lines: [{ name: "left pad", values: left, kind: "first" }, { name: "right pad", values: right, kind: "second" }],
    band: proved && { low: proved[0], high: proved[1], name: `proved ${proved[0].toFixed(2)} to ${newtons(proved[1])}` },
    limits: Number.isFinite(breaks) ? [{ value: breaks, name: `breaks at ${newtons(breaks)}` }] : [],
  });
}

/** Clearance against the margin. What is far away is of no interest: the chart ends where it is safe. */
export function clearanceChart({ samples, limits }) {
  const values = samples.clearance_m;
  const margin = limits?.margin_m ?? null;
  const [nearest, farthest] = [least(values), most(values, 0.001)];
  const high = Math.min(ROOM * farthest, Math.max(0.1, 10 * (margin ?? 0), 3 * nearest));
  const isCut = farthest > high;
  const words = [`Distance to what must not be touched, over time. Nearest ${millimetres(nearest)}.`];
  if (margin !== null) words.push(`The margin is ${millimetres(margin)}.`);
  return new TimeChart(samples.time_s, {
    title: isCut ? `Clearance, up to ${Math.round(1000 * high)} mm` : "Clearance",
    words: words.join(" "),
    unit: (value) => `${Number((1000 * value).toFixed(1))} mm`,
    low: Math.min(0, nearest),
    high,
    lines: [{ name: "nearest", values, kind: "first" }],
    band: null,
    limits: margin === null ? [] : [{ value: margin, name: `margin ${millimetres(margin)}` }],
  });
}

const stayed = (rung) => (rung === "go" ? "It stayed at “go”: nothing had to be corrected." : `It stayed at “${rung}”.`);

/** The monitor's rung as a band, and its changes as buttons that lead there. */
export class RungBand {
  #times;
  #runs;
  #picture = svg("svg", { class: "rungs", height: BAND_PX, "aria-hidden": "true" });
  element;

  constructor({ samples }, seek) {
    this.#times = samples.time_s;
    this.#runs = runsOf(samples.rung);
    this.element = el(
      "figure",
      { class: "chart-figure" },
      el("figcaption", {}, el("span", { class: "chart-title" }, "Monitor"), el("span", { class: "legend" }, RUNGS.join(", "))),
      this.#picture,
      this.#runs.length > 1 ? this.#list(seek) : el("p", { class: "hint" }, stayed(this.#runs[0].rung)),
    );
  }

  resize() {
    const width = this.element.clientWidth;
    if (!width) return;
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    const [left, right] = [MARGIN.left, width - MARGIN.right];
    const x = (index) => left + ((this.#times[Math.min(index, this.#times.length - 1)] - first) / (last - first || 1)) * (right - left);
    this.#picture.setAttribute("width", width);
    fill(this.#picture, ...this.#runs.flatMap(({ rung, from, to }) => this.#stretch(rung, x(from), Math.max(1, x(to) - x(from)))));
  }

  #stretch(rung, x, width) {
    const shape = svg("rect", { "data-rung": rung, x, width, y: 0, height: BAND_PX });
    return [shape, width >= LABEL_FROM_PX && svg("text", { class: "label", "data-rung": rung, x: x + 6, y: 16 }, rung)].filter(Boolean);
  }

  #list(seek) {
    const shown = this.#runs.slice(0, MOST_RUNS_LISTED);
    const item = ({ rung, from }) =>
      el("li", {}, el("button", { type: "button", class: "quiet", onclick: () => seek(this.#times[from]) }, `${seconds(this.#times[from])} ${rung}`));
    const rest = this.#runs.length - shown.length;
    return el("ol", { class: "changes", "aria-label": "Changes of the monitor’s rung" }, ...shown.map(item), rest > 0 && el("li", {}, `and ${rest} more`));
  }
}
