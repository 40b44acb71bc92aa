// The live figures of the server, small and steady: cells keep their places, only digits change.

import { joulesOf } from "./answer.js";
import { el, setText } from "./dom.js";
import { count, joules, percent, watts } from "./format.js";

// The server knows its speed after seconds of work without a pause; until then the newest answer's is the latest known.
const CELLS = [
  ["speed", "tokens/s", ({ tokens_per_s }, measured) => is(tokens_per_s) && [count(tokens_per_s || (measured?.tokens_per_s ?? 0))]],
  ["running", "running", ({ running }) => is(running) && [count(running)]],
  ["waiting", "waiting", ({ waiting }) => is(waiting) && [count(waiting)]],
  ["cache", "KV cache", ({ kv_cache_usage }) => is(kv_cache_usage) && [percent(kv_cache_usage)]],
  ["power", "power", ({ power_w, energy_source }) => is(power_w) && [watts(power_w), energy_source]],
  ["energy", "answer", ({ power_w }, measured) => energyCell(power_w, measured)],
];

/** The cell stands from the start where power is known, so that the others do not move when the first answer ends. */
function energyCell(power_w, measured) {
  if (joulesOf(measured) !== null) return [joules(joulesOf(measured)), measured.energy_source];
  return is(power_w) && ["–"];
}

const is = (value) => typeof value === "number" && Number.isFinite(value);

export class Panel {
  #cells = new Map();
  #root;

  constructor(root) {
    this.#root = root;
    const list = el("dl");
    for (const [name, label] of CELLS) {
      const value = el("dd", {}, "–");
      const source = el("span", { class: "source" });
      const comma = el("span", { class: "label" });
      const term = el("dt", {}, el("span", { class: "label" }, label), comma, source);
      const cell = el("div", { class: "cell", "data-cell": name, hidden: true }, term, value);
      this.#cells.set(name, { cell, value, comma, source });
      list.append(cell);
    }
    root.append(list);
  }

  /** @param measured of the newest answer, or null. A figure that was never known has no cell. */
  update(status, measured) {
    delete this.#root.dataset.stale;
    for (const [name, , read] of CELLS) {
      const shown = read(status ?? {}, measured);
      const { cell, value, comma, source } = this.#cells.get(name);
      if (shown) cell.hidden = false;
      setText(value, shown ? shown[0] : "–");
      setText(source, shown?.[1] ?? "");
      setText(comma, shown?.[1] ? ", " : "");
    }
  }

  /** The server is gone: figures stay, greyed. */
  stale() {
    this.#root.dataset.stale = "";
  }
}
