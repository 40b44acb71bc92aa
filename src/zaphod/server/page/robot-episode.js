// One episode on the page: verdict, pictures, figures, charts, proof, all at the same moment.

import { el, setText } from "./dom.js";
import { percent } from "./format.js";
import { clearanceChart, forceChart, RungBand } from "./robot-charts.js";
import { Player } from "./robot-player.js";
import { proofPanel } from "./robot-proof.js";
import { SceneView } from "./robot-scene.js";
import { millimetres, newtons, seconds, verdictOf } from "./robot-verdict.js";

const CELLS = [
  ["time", (samples, at) => seconds(samples.time_s[at])],
  ["left pad", (samples, at) => newtons(samples.pad_forces_n[at][0])],
  ["right pad", (samples, at) => newtons(samples.pad_forces_n[at][1])],
  ["clearance", (samples, at) => millimetres(samples.clearance_m[at])],
  ["monitor", (samples, at) => samples.rung[at]],
  ["pace", (samples, at) => percent(samples.pace[at])],
];

const KEY = { planned: "path planned", flown: "path so far", ball: "what the contract takes for tool and load" };

export class EpisodeView {
  #episode;
  #cells = new Map();
  #drawings = [];
  #lastRung = null;
  #width = 0;
  #say;
  #watch;
  player = null;
  title = el("h1", { tabindex: -1, id: "verdict" });
  element;

  /** @param deeds {say(text), copy(text)} */
  constructor(episode, deeds) {
    this.#episode = episode;
    this.#say = deeds.say;
    this.element = el("article", { class: "episode", "aria-labelledby": "verdict" }, this.#head(), el("div", { class: "stage" }, ...this.#stage()), proofPanel(episode, deeds.copy));
    // Drawn in the next frame: a drawing changes the height of what is watched.
    this.#watch = new ResizeObserver(([{ contentRect }]) => requestAnimationFrame(() => this.#fit(contentRect.width)));
    this.#watch.observe(this.element);
  }

  /** Another recording takes its place. */
  end() {
    this.player?.end();
    this.#watch.disconnect();
  }

  #fit(width) {
    if (width === this.#width) return;
    this.#width = width;
    for (const drawing of this.#drawings) drawing.resize();
  }

  #head() {
    const { kind, title, text } = verdictOf(this.#episode);
    setText(this.title, title);
    const { instruction, planner } = this.#episode;
    return el(
      "header",
      { class: "verdict", "data-kind": kind },
      instruction && el("p", { class: "instruction from-file" }, instruction),
      this.title,
      el("p", { class: "from-file" }, text),
      el("p", { class: "hint from-file" }, `Planned by ${planner || "nobody named"}.`),
    );
  }

  #stage() {
    const { samples, path, isPathWhole } = this.#episode;
    const scenes = [new SceneView(this.#episode, "side"), new SceneView(this.#episode, "top")];
    this.#drawings.push(...scenes);
    const pictures = el("div", { class: "scenes" }, ...scenes.map(({ element }) => element));
    const key = el("p", { class: "key" }, ...(samples ? ["planned", "flown", "ball"] : ["planned"]).map((kind) => el("span", { class: "legend", "data-kind": kind }, KEY[kind])));
    const partial = path.length > 0 && !isPathWhole && el("p", { class: "hint" }, "Some steps of the plan cannot be drawn; the picture leaves them out.");
    if (!samples) return [pictures, key, partial].filter(Boolean);
    const charts = [forceChart(this.#episode), clearanceChart(this.#episode)];
    const band = new RungBand(this.#episode, (time_s) => this.player.seek(time_s));
    this.#drawings.push(...charts, band);
    this.player = new Player(samples.time_s, { show: (index) => this.#show(index), say: this.#say, describe: (index) => this.#describe(index) });
    for (const chart of charts) chart.onSeek((time_s) => this.player.seek(time_s));
    const figures = this.#figures();
    this.#fillCells(0);
    return [pictures, key, partial, this.player.element, figures, ...charts.map(({ element }) => element), band.element].filter(Boolean);
  }

  #figures() {
    const cells = CELLS.map(([name]) => {
      const value = el("dd");
      this.#cells.set(name, value);
      return el("div", { class: "cell" }, el("dt", {}, name), value);
    });
    return el("div", { class: "panel" }, el("dl", {}, ...cells));
  }

  #show(index) {
    for (const drawing of this.#drawings) drawing.show?.(index);
    this.#fillCells(index);
    const rung = this.#episode.samples.rung[index];
    if (this.player?.isPlaying && this.#lastRung !== null && rung !== this.#lastRung) this.#say(`Monitor: ${rung}.`);
    this.#lastRung = rung;
  }

  #fillCells(index) {
    for (const [name, read] of CELLS) setText(this.#cells.get(name), read(this.#episode.samples, index));
  }

  #describe(index) {
    const { samples } = this.#episode;
    return `${seconds(samples.time_s[index])} of ${seconds(samples.time_s.at(-1))}, clearance ${millimetres(samples.clearance_m[index])}, monitor ${samples.rung[index]}`;
  }
}
