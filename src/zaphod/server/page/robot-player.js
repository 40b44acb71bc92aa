// Time: plays, pauses, steps, scrubs. Knows moments, not what they show.

import { el, setText } from "./dom.js";

const RATES = [0.25, 0.5, 1, 2, 4];
const JUMP_S = 1; // Page Up, Page Down
const CALM_STEP_S = 0.5; // for those who asked for less motion: pictures that follow each other, no gliding

/** The last moment that is not after a time. */
export function indexAt(times, time_s) {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time_s) low = middle;
    else high = middle - 1;
  }
  return low;
}

export class Player {
  #times;
  #told;
  #time_s;
  #index = 0;
  #frame = 0;
  #last_ms = 0;
  #isGone = false;
  #play = el("button", { type: "button", class: "main", onclick: () => this.toggle() });
  #slider;
  #rate;
  element;

  /** @param told {show(index), say(text), describe(index) -> text for the slider} */
  constructor(times, told) {
    this.#times = times;
    this.#told = told;
    this.#time_s = times[0];
    this.#slider = el("input", { type: "range", class: "scrub", min: 0, max: times.length - 1, step: 1, value: 0, "aria-label": "Moment" });
    this.#slider.addEventListener("input", () => this.seek(times[Number(this.#slider.value)]));
    this.#slider.addEventListener("keydown", (event) => this.#onKey(event));
    this.#rate = el("select", { "aria-label": "Speed" }, ...RATES.map((rate) => el("option", { value: rate, selected: rate === 1 }, `${rate} ×`)));
    const step = (by, label, sign) => el("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick: () => this.step(by) }, sign);
    this.element = el(
      "div",
      { class: "player", role: "group", "aria-label": "Replay" },
      this.#play,
      step(-1, "One moment back", "‹"),
      this.#slider,
      step(1, "One moment on", "›"),
      el("span", { class: "choice" }, this.#rate),
    );
    this.#draw();
  }

  get isPlaying() {
    return this.#frame !== 0;
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.#start();
  }

  pause() {
    if (!this.isPlaying) return;
    this.#halt();
    this.#told.say(`Paused. ${this.#told.describe(this.#index)}`);
  }

  /** Shows a moment; stops what plays. */
  seek(time_s) {
    this.#halt();
    this.#go(time_s);
  }

  step(by) {
    this.seek(this.#times[Math.min(this.#times.length - 1, Math.max(0, this.#index + by))]);
  }

  /** Another recording takes its place. */
  end() {
    this.#isGone = true;
    this.#halt();
  }

  #start() {
    if (this.#isGone) return;
    if (this.#index === this.#times.length - 1) this.#go(this.#times[0]);
    this.#told.say("Playing.");
    this.#last_ms = performance.now();
    this.#frame = requestAnimationFrame((now_ms) => this.#tick(now_ms));
    this.#draw();
  }

  #halt() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#draw();
  }

  #tick(now_ms) {
    const passed_s = (Math.max(0, now_ms - this.#last_ms) / 1000) * Number(this.#rate.value);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!isCalm || passed_s >= CALM_STEP_S) {
      this.#last_ms = now_ms;
      this.#go(this.#time_s + passed_s);
    }
    if (this.#index < this.#times.length - 1) {
      this.#frame = requestAnimationFrame((next_ms) => this.#tick(next_ms));
      return;
    }
    this.#halt();
    this.#told.say(`The end. ${this.#told.describe(this.#index)}`);
  }

  #go(time_s) {
    this.#time_s = Math.min(this.#times.at(-1), Math.max(this.#times[0], time_s));
    this.#index = indexAt(this.#times, this.#time_s);
    this.#told.show(this.#index);
    this.#draw();
  }

  #draw() {
    setText(this.#play, this.isPlaying ? "Pause" : "Play");
    this.#slider.value = this.#index;
    this.#slider.setAttribute("aria-valuetext", this.#told.describe(this.#index));
  }

  /** What sliders do not do by themselves. */
  #onKey(event) {
    const deed = {
      " ": () => this.toggle(),
      PageUp: () => this.seek(this.#time_s + JUMP_S),
      PageDown: () => this.seek(this.#time_s - JUMP_S),
    }[event.key];
    if (!deed || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    deed();
  }
}
