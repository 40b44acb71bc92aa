// Pictures of a plan: speed against load, one device's memory, intervals. Drawn anew for the width that there is.

import { el, fill, svg } from "./dom.js";
import { count, short } from "./format.js";

const MARGIN = { left: 40, right: 12, top: 10, bottom: 34 };
const HEIGHT_PX = 220;
const BAR_PX = 26;
const ROW_PX = 40;

/** A figure that draws itself into the width it gets. */
class Drawing {
  #picture;
  #draw;
  #width = 0;
  element;

  /** @param draw (width) -> {height, parts} */
  constructor(title, caption, words, draw) {
    this.#draw = draw;
    this.#picture = svg("svg", { role: "img", "aria-label": words });
    this.element = el("figure", {}, el("figcaption", {}, el("b", {}, title), caption), this.#picture);
  }

  resize() {
    const width = Math.floor(this.element.clientWidth);
    if (!width || width === this.#width) return;
    this.#width = width;
    const { height, parts } = this.#draw(width);
    this.#picture.setAttribute("width", width);
    this.#picture.setAttribute("height", height);
    fill(this.#picture, ...parts);
  }
}

const logScale = (low, high, from, to) => (value) => from + (Math.log(value / low) / Math.log(high / low || 1)) * (to - from);

function powers(low, high) {
  const found = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) for (const factor of [1, 2, 5]) if (factor * power >= low && factor * power <= high) found.push(factor * power);
  return found;
}

function round(end) {
  const power = 10 ** Math.floor(Math.log10(end / 4));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power * 4 >= end * 0.999);
  return Array.from({ length: Math.ceil(end / step - 1e-9) + 1 }, (_, n) => n * step);
}

/** Milliseconds between two tokens over a replica's tokens/s, with the promise and the plan's own point. */
export function speedChart(plan, promise_s) {
  const spots = plan.curve;
  if (spots.length < 2) return null;
  const [own, ownItl_s] = plan.operating_point;
  const first = spots[0].concurrency;
  const last = spots.at(-1).concurrency;
  const words = `Between two tokens ${(1000 * spots[0].itl_s[1]).toFixed(1)} ms with ${count(first)} stream at once, ${(1000 * spots.at(-1).itl_s[1]).toFixed(1)} ms with ${count(last)}.`;
  const caption = `Milliseconds between tokens over output tokens/s; ${count(first)} to ${count(last)} streams at once.`;
  return new Drawing("Speed against load, one replica", caption, words, (width) => {
    const right = width - MARGIN.right;
    const bottom = HEIGHT_PX - MARGIN.bottom;
    const rates = [...spots.map((spot) => spot.output_tokens_per_s[1]), own];
    const x = logScale(Math.min(...rates) / 1.1, Math.max(...rates) * 1.1, MARGIN.left, right);
    const ticks = round(1000 * Math.max(...spots.map((spot) => spot.itl_s[2]), promise_s * 1.05));
    const y = (ms) => bottom - (ms / ticks.at(-1)) * (bottom - MARGIN.top);
    const point = (spot, at) => `${x(spot.output_tokens_per_s[1]).toFixed(1)},${y(1000 * spot.itl_s[at]).toFixed(1)}`;
    const promise = y(1000 * promise_s);
    const columns = powers(Math.min(...rates), Math.max(...rates));
    const every = Math.ceil(columns.length / Math.max(2, width / 60));
    return {
      height: HEIGHT_PX,
      parts: [
        ...ticks.flatMap((ms) => [
          svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(ms), y2: y(ms) }),
          svg("text", { x: MARGIN.left - 6, y: y(ms) + 4, "text-anchor": "end" }, String(Number(ms.toPrecision(3)))),
        ]),
        ...columns.filter((_, n) => n % every === 0).map((rate) => svg("text", { x: x(rate), y: bottom + 18, "text-anchor": "middle" }, short(rate))),
        svg("polygon", { class: "interval-area", points: [...spots.map((spot) => point(spot, 2)), ...[...spots].reverse().map((spot) => point(spot, 0))].join(" ") }),
        svg("polyline", { class: "line", points: spots.map((spot) => point(spot, 1)).join(" ") }),
        svg("line", { class: "promise", x1: MARGIN.left, x2: right, y1: promise, y2: promise }),
        svg("text", { class: "value", x: MARGIN.left + 4, y: promise - 5 }, `promised: ${Math.round(1000 * promise_s)} ms`),
        svg("circle", { class: "here", cx: x(own), cy: y(1000 * ownItl_s), r: 6 }),
      ],
    };
  });
}

const PARTS = [["weights", "weights"], ["kv_cache", "keys and values"], ["activations", "activations"], ["overhead", "runtime, communication"]];

/** What fills one device. */
export function memoryChart(plan) {
  const parts = PARTS.map(([name, title]) => [title, plan.memory[name]]);
  const said = parts.map(([title, bytes]) => `${title} ${short(bytes, "B")}`).join(", ");
  return new Drawing("Memory of one device", `${short(plan.memory_bytes, "B")}, of which the engine may use ${short(plan.memory.available, "B")}.`, said, (width) => {
    const scale = (width - 2) / Math.max(plan.memory_bytes, parts.reduce((sum, [, bytes]) => sum + bytes, 0));
    let left = 1;
    const boxes = parts.map(([, bytes], n) => {
      const box = svg("rect", { class: `part-${n}`, x: left, y: 1, width: Math.max(0, bytes * scale), height: BAR_PX });
      left += bytes * scale;
      return box;
    });
    const limit = 1 + plan.memory.available * scale;
    const key = parts.flatMap(([title, bytes], n) => {
      const y = BAR_PX + 26 + 22 * n;
      return [
        svg("rect", { class: `part-${n}`, x: 0, y: y - 10, width: 11, height: 11 }),
        svg("text", { x: 20, y }, title),
        svg("text", { class: "value", x: width, y, "text-anchor": "end" }, short(bytes, "B")),
      ];
    });
    return {
      height: BAR_PX + 32 + 22 * parts.length - 14,
      parts: [svg("rect", { class: "ground", x: 1, y: 1, width: plan.memory_bytes * scale, height: BAR_PX }), ...boxes, svg("line", { class: "promise", x1: limit, x2: limit, y1: 0, y2: BAR_PX + 6 }), ...key],
    };
  });
}

/** Figures with their intervals, each on its own scale from zero. */
export function bandChart(title, figures) {
  const said = figures.map(({ name, told, interval }) => `${name} ${told}${interval ? `, ${interval}` : ""}`).join("; ");
  return new Drawing(title, "80 % intervals, each on its own scale from zero.", said, (width) => ({
    height: ROW_PX * figures.length,
    parts: figures.flatMap(({ name, low, value, high, amount }, n) => {
      const top = ROW_PX * n;
      const scale = width / (high * 1.04 || 1);
      return [
        svg("text", { x: 0, y: top + 12 }, name),
        svg("text", { class: "value", x: width, y: top + 12, "text-anchor": "end" }, amount),
        svg("rect", { class: "track", x: 0, y: top + 19, width, height: 10 }),
        svg("rect", { class: "band", x: low * scale, y: top + 19, width: Math.max(2, (high - low) * scale), height: 10 }),
        svg("line", { class: "tick", x1: value * scale, x2: value * scale, y1: top + 17, y2: top + 31 }),
      ];
    }),
  }));
}
