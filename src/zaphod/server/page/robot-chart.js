// Values over time against what they must not cross: lines, a band, limits, a cursor. Knows no robot.

import { el, fill, svg } from "./dom.js";

const HEIGHT_PX = 150;
export const MARGIN = { left: 52, right: 10, top: 8, bottom: 22 };
const NICE = [1, 2, 5, 10];

/** Steps of 1, 2 or 5 times a power of ten, about so many up to the end. */
export function ticks(end, about) {
  if (!(end > 0)) return [0];
  const rough = end / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * NICE.find((nice) => nice * power >= rough * 0.999);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, n) => n * step);
}

/** A line's path through many values: of each column of pixels the least and the most, so that no peak is lost. */
export function linePath(times, values, x, y) {
  let path = "";
  let column = null;
  const flush = () => {
    if (!column) return;
    const order = column.least.index < column.most.index ? [column.least, column.most] : [column.most, column.least];
    for (const { index } of column.least.index === column.most.index ? [order[0]] : order) {
      path += `${path ? "L" : "M"}${x(times[index]).toFixed(1)} ${y(values[index]).toFixed(1)}`;
    }
  };
  values.forEach((value, index) => {
    const pixel = Math.round(x(times[index]));
    if (column?.pixel !== pixel) {
      flush();
      column = { pixel, least: { value, index }, most: { value, index } };
    }
    if (value < column.least.value) column.least = { value, index };
    if (value > column.most.value) column.most = { value, index };
  });
  flush();
  return path;
}

export class TimeChart {
  #times;
  #what;
  #picture = svg("svg", { role: "img", class: "chart", height: HEIGHT_PX });
  #cursor = svg("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT_PX - MARGIN.bottom });
  #x = () => 0;
  #index = 0;
  element;

  /**
   * @param what {title, words, unit(value) -> text, low, high, lines: [{name, values, kind}], band: {low, high, name} or null,
   *             limits: [{value, name}]}; values above `high` are drawn at the edge
   */
  constructor(times, what) {
    this.#times = times;
    this.#what = what;
    this.#picture.setAttribute("aria-label", what.words);
    const legend = [...what.lines.map(({ name, kind }) => [name, kind]), what.band && [what.band.name, "band"], ...what.limits.map(({ name }) => [name, "limit"])];
    this.element = el(
      "figure",
      { class: "chart-figure" },
      el("figcaption", {}, el("span", { class: "chart-title" }, what.title), ...legend.filter(Boolean).map(([name, kind]) => el("span", { class: "legend", "data-kind": kind }, name))),
      this.#picture,
    );
  }

  /** Tells the time under the pointer, while it is pressed. */
  onSeek(seek) {
    const at = (event) => {
      const { left, width } = this.#picture.getBoundingClientRect();
      const share = (event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
      seek(this.#times[0] + Math.min(1, Math.max(0, share)) * (this.#times.at(-1) - this.#times[0]));
    };
    this.#picture.addEventListener("pointerdown", (event) => {
      this.#picture.setPointerCapture(event.pointerId);
      at(event);
    });
    this.#picture.addEventListener("pointermove", (event) => event.buttons && at(event));
  }

  resize() {
    const width = this.element.clientWidth;
    if (!width) return;
    const { low, high, band, limits, lines } = this.#what;
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    const bottom = HEIGHT_PX - MARGIN.bottom;
    const right = width - MARGIN.right;
    this.#x = (time_s) => MARGIN.left + ((time_s - first) / (last - first || 1)) * (right - MARGIN.left);
    const y = (value) => bottom - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (bottom - MARGIN.top);
    this.#picture.setAttribute("width", width);
    fill(
      this.#picture,
      band && svg("rect", { class: "band", x: MARGIN.left, width: right - MARGIN.left, y: y(band.high), height: Math.max(0, y(band.low) - y(band.high)) }),
      ...this.#grid(width, y),
      ...limits.map(({ value }) => svg("line", { class: "limit", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) })),
      ...lines.map(({ values, kind }) => svg("path", { class: "line", "data-kind": kind, d: linePath(this.#times, values, this.#x, y) })),
      this.#cursor,
    );
    this.show(this.#index);
  }

  show(index) {
    this.#index = index;
    const x = this.#x(this.#times[index]);
    this.#cursor.setAttribute("x1", x);
    this.#cursor.setAttribute("x2", x);
  }

  #grid(width, y) {
    const { high, unit } = this.#what;
    const right = width - MARGIN.right;
    const bottom = HEIGHT_PX - MARGIN.bottom;
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    const rows = ticks(high, 4).map((value) => {
      const at = y(value);
      return svg("g", {}, svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }), svg("text", { class: "label", x: MARGIN.left - 6, y: at + 4, "text-anchor": "end" }, unit(value)));
    });
    const columns = ticks(last - first, Math.max(2, width / 90)).map((time_s) =>
      svg("text", { class: "label", x: this.#x(first + time_s), y: bottom + 15, "text-anchor": "middle" }, `${Number((first + time_s).toFixed(3))} s`),
    );
    return [...rows, ...columns];
  }
}
