// Asks the server how it is, once a second while somebody looks. Knows no view.

import { getJson, Refusal, Unreachable } from "./transport.js";

const PERIOD_MS = 1000;
const TIMEOUT_MS = 5000;
const MAX_PERIOD_MS = 5000;

/**
 * Emits `known` (detail: the status), `unreachable`, and `refused` (detail: a Refusal).
 * After a refusal it waits for `now()`: a key will not appear by asking again.
 */
export class StatusPoll extends EventTarget {
  #timer = null;
  #isAsking = false;
  #period_ms = PERIOD_MS;
  latest = null;

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#pause() : this.now()));
    return this.now();
  }

  /** Asks at once. */
  async now() {
    if (this.#isAsking || document.hidden) return;
    this.#pause();
    this.#isAsking = true;
    const goesOn = await this.#ask();
    this.#isAsking = false;
    if (goesOn && !document.hidden) this.#timer = setTimeout(() => this.now(), this.#period_ms);
  }

  #pause() {
    clearTimeout(this.#timer);
  }

  async #ask() {
    try {
      this.latest = await getJson("zaphod/status", TIMEOUT_MS);
      this.#period_ms = PERIOD_MS;
      this.#emit("known", this.latest);
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.status < 500 && error.status !== 429) {
        this.#emit("refused", error);
        return false;
      }
      if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
      this.#period_ms = Math.min(MAX_PERIOD_MS, 2 * this.#period_ms);
      if (error.status !== 429) this.#emit("unreachable", error);
      return true;
    }
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
