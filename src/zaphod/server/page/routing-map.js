// Layer x expert heat map of an answer. Legend: L layers, E experts. Knows counts, not how they come.

import { el, setText } from "./dom.js";
import { percent, plural } from "./format.js";

const MAX_CELL_PX = 22;
const GAP_FROM_PX = 7; // smaller cells stand without a gap

/** Share of tokens that is drawn in full colour: three times what it were if all experts had the same. */
export const fullShare = (numExperts, numChosen) => Math.min(1, (3 * numChosen) / numExperts);

const aOrAn = (noun) => `${noun === "expert" ? "an" : "a"} ${noun}`;

/** What a cell says. Layers and experts are counted from 1 for people. */
export const cellText = (layer, expert, count, tokens) =>
  `layer ${layer + 1}, expert ${expert + 1}: ${count} of ${plural(tokens, "token")}`;

export class RoutingMap {
  #counted = { tokens: 0, counts_LE: [] };
  #known; // {num_experts, num_chosen} as the server tells, if it does
  #cursor = { layer: 0, expert: 0 };
  #canvas = el("canvas", { "aria-hidden": "true" });
  #frame;
  #readout = el("output", { class: "readout" });
  #summary = el("summary");
  #table = el("details", { class: "as-table" }, el("summary", {}, "As a table"));
  #scale = el("span", { class: "scale-end" });
  #hint = el("p", { class: "hint" });
  element;

  constructor(known, isOpen) {
    this.#known = known ?? {};
    this.#frame = el("div", { class: "map", tabindex: 0, role: "application", "aria-roledescription": "heat map" }, this.#canvas);
    const words = el(
      "div",
      { class: "map-words" },
      this.#hint,
      el("p", { class: "scale", "aria-hidden": "true" }, "0 %", el("span", { class: "scale-bar" }), this.#scale),
      this.#readout,
    );
    this.element = el("details", { class: "routing", "data-redraws": true, open: isOpen }, this.#summary, el("div", { class: "map-row" }, this.#frame, words), this.#table);
    this.#wire();
  }

  update(counted) {
    this.#counted = counted;
    setText(this.#summary, `Routing of ${plural(counted.tokens, "token")}`);
    const full = fullShare(this.#numExperts, this.#numChosen);
    setText(this.#scale, full < 1 ? `${percent(full)} or more` : percent(full));
    const [row, column] = this.#isTurned ? ["expert", "layer"] : ["layer", "expert"];
    setText(this.#hint, `Each row is ${aOrAn(row)}, each column ${aOrAn(column)}. The fuller the colour, the more of the answer’s tokens that expert computed.`);
    this.#draw();
    this.#say();
    if (this.#table.open) this.#fillTable();
  }

  get #numLayers() {
    return this.#counted.counts_LE.length;
  }

  get #numExperts() {
    return Math.max(this.#known.num_experts ?? 0, ...this.#counted.counts_LE.map((counts_E) => counts_E.length));
  }

  get #numChosen() {
    const inLayer = (this.#counted.counts_LE[0] ?? []).reduce((sum, count) => sum + count, 0);
    return this.#known.num_chosen ?? (this.#counted.tokens ? inLayer / this.#counted.tokens : 1);
  }

  /** The longer side lies across. */
  get #isTurned() {
    return this.#numLayers > this.#numExperts;
  }

  #at(layer, expert) {
    return this.#counted.counts_LE[layer]?.[expert] ?? 0;
  }

  #wire() {
    new ResizeObserver(() => this.#draw()).observe(this.element);
    this.element.addEventListener("zaphod-theme", () => this.#draw());
    this.#table.addEventListener("toggle", () => this.#table.open && this.#fillTable());
    this.#frame.addEventListener("keydown", (event) => this.#onKey(event));
    this.#frame.addEventListener("focus", () => this.#point(this.#cursor.layer, this.#cursor.expert));
    this.#frame.addEventListener("blur", () => this.#leave());
    this.#canvas.addEventListener("pointermove", (event) => this.#onPointer(event));
    this.#canvas.addEventListener("pointerleave", () => document.activeElement !== this.#frame && this.#leave());
  }

  #shape() {
    const [columns, rows] = this.#isTurned ? [this.#numLayers, this.#numExperts] : [this.#numExperts, this.#numLayers];
    const room = this.element.clientWidth;
    const cell = Math.max(2, Math.min(MAX_CELL_PX, Math.floor(room / columns)));
    return { columns, rows, cell, gap: cell >= GAP_FROM_PX ? (cell >= 16 ? 2 : 1) : 0 };
  }

  #draw() {
    if (!this.element.open || !this.#numExperts || !this.element.clientWidth) return;
    const { columns, rows, cell, gap } = this.#shape();
    const canvas = this.#canvas;
    const scale = devicePixelRatio;
    const [width, height] = [columns * cell - gap, rows * cell - gap];
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const { color: accent, outlineColor: ink } = getComputedStyle(canvas);
    const full = fullShare(this.#numExperts, this.#numChosen) * Math.max(1, this.#counted.tokens);
    context.fillStyle = accent;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const [layer, expert] = this.#isTurned ? [column, row] : [row, column];
        context.globalAlpha = 0.07 + 0.93 * Math.min(1, this.#at(layer, expert) / full);
        context.fillRect(column * cell, row * cell, cell - gap, cell - gap);
      }
    }
    this.#drawCursor(context, cell, gap, ink);
  }

  #drawCursor(context, cell, gap, ink) {
    if (!this.#isPointing) return;
    const { layer, expert } = this.#cursor;
    const [row, column] = this.#isTurned ? [expert, layer] : [layer, expert];
    context.globalAlpha = 1;
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.strokeRect(column * cell + 1, row * cell + 1, cell - gap - 2, cell - gap - 2);
  }

  #isPointing = false;

  #point(layer, expert) {
    this.#cursor = { layer, expert };
    this.#isPointing = true;
    this.#draw();
    this.#say();
  }

  #leave() {
    this.#isPointing = false;
    this.#draw();
    this.#say();
  }

  #say() {
    const { tokens } = this.#counted;
    const { layer, expert } = this.#isPointing ? this.#cursor : this.#busiest();
    const what = cellText(layer, expert, this.#at(layer, expert), tokens);
    setText(this.#readout, this.#isPointing ? what : `Busiest: ${what}`);
    const shape = `${plural(this.#numLayers, "layer")} by ${plural(this.#numExperts, "expert")}`;
    const label = this.#isPointing ? what : `Routing map, ${shape}. Busiest: ${what}. Arrow keys walk through it.`;
    this.#frame.setAttribute("aria-label", label);
  }

  #busiest() {
    let best = { layer: 0, expert: 0 };
    this.#counted.counts_LE.forEach((counts_E, layer) =>
      counts_E.forEach((count, expert) => {
        if (count > this.#at(best.layer, best.expert)) best = { layer, expert };
      }),
    );
    return best;
  }

  #onPointer(event) {
    const { cell, columns, rows } = this.#shape();
    const column = Math.min(columns - 1, Math.max(0, Math.floor(event.offsetX / cell)));
    const row = Math.min(rows - 1, Math.max(0, Math.floor(event.offsetY / cell)));
    this.#point(...(this.#isTurned ? [column, row] : [row, column]));
  }

  #onKey(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [down, right] = this.#isTurned ? [step[1], step[0]] : step;
    const clamp = (value, num) => Math.min(Math.max(value, 0), num - 1);
    this.#point(clamp(this.#cursor.layer + down, this.#numLayers), clamp(this.#cursor.expert + right, this.#numExperts));
  }

  #fillTable() {
    const experts = Array.from({ length: this.#numExperts }, (_, expert) => expert);
    const head = el("tr", {}, el("th", { scope: "col" }, "Layer"), ...experts.map((e) => el("th", { scope: "col" }, `Expert ${e + 1}`)));
    const rows = this.#counted.counts_LE.map((_, layer) =>
      el("tr", {}, el("th", { scope: "row" }, `${layer + 1}`), ...experts.map((e) => el("td", {}, `${this.#at(layer, e)}`))),
    );
    const caption = el("caption", {}, `Tokens that each expert computed, of ${this.#counted.tokens}`);
    const table = el("table", {}, caption, el("thead", {}, head), el("tbody", {}, ...rows));
    const holder = el("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Routing as a table" }, table);
    this.#table.replaceChildren(this.#table.firstElementChild, holder);
  }
}
