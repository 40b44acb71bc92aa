// An answer as it grows: its text, tools, tokens and routing, what it took, and what can be done with it.

import { joulesOf, numTokens } from "./answer.js";
import { branchSwitch } from "./branches.js";
import { el, replaceKeepingFocus, setText } from "./dom.js";
import { count, joules, plural } from "./format.js";
import { GuardView, guardSentence } from "./guard-view.js";
import { MarkdownView } from "./markdown.js";
import { problemCard } from "./problem.js";
import { readable } from "./readable.js";
import { RoutingMap } from "./routing-map.js";
import { TokenView } from "./token-view.js";
import { ToolCallsView } from "./tool-calls-view.js";

const ENDINGS = {
  length: "Cut at the limit of tokens.",
  stopped: "Stopped.",
  content_filter: "Ended by the guard.",
};

/** @param deeds {regenerate(node), confirm(node), decideCall(node, held, decision), sendResults(node, results), choose(node), copy(text), editQuestionOf(node), known()} */
export class AnswerView {
  element = el("article", { class: "answer" });
  #node;
  #deeds;
  #body = el("div", { class: "answer-body" });
  #ending = el("p", { class: "ending" });
  #took = el("p", { class: "took" });
  #buttons = el("p", { class: "deeds" });
  #problem = el("div");
  #prose = new MarkdownView();
  #tokens = new TokenView();
  #calls;
  #guard;
  #map = null;
  #showsTokens = true;
  #drawnProblem = null;
  #data = null; // {key, readable}: what was made of the text that `key` holds

  constructor(node, deeds) {
    this.#node = node;
    this.#deeds = deeds;
    this.#calls = new ToolCallsView((results) => deeds.sendResults(node, results));
    this.#guard = new GuardView((held, decision) => deeds.decideCall(node, held, decision));
    const foot = el("div", { class: "answer-foot" }, this.#took, this.#buttons);
    this.element.append(
      el("h2", { class: "for-readers" }, "Answer"), this.#body, this.#calls.element,
      this.#ending, this.#guard.element, this.#problem, foot,
    );
  }

  get #answer() {
    return this.#node.answer;
  }

  /** One sentence instead of data; the text itself where it is prose. Null while data is not whole. */
  spoken() {
    const said = this.#said();
    const guarded = this.#answer.ended === null ? "" : guardSentence(this.#answer.measured?.guard);
    return guarded ? `${said ?? ""} ${guarded}`.trim() : said;
  }

  #said() {
    const { text, toolCalls, ended } = this.#answer;
    const data = this.#readable();
    if (data) return ended ? data.spoken : null;
    if (toolCalls.length && ended) return `${text} The model asks for ${toolCalls.map((call) => call.name).join(", ")}.`;
    return text;
  }

  /** Draws what changed. @param isLast whether it is the newest answer: its map is open */
  update(isLast) {
    const answer = this.#answer;
    const isStreaming = answer.ended === null;
    this.element.classList.toggle("streaming", isStreaming);
    this.element.setAttribute("aria-busy", isStreaming);
    this.#drawBody(answer);
    const wantsResults = !isStreaming && answer.toolCalls.length > 0 && this.#node.children.length === 0;
    this.#calls.update(answer.toolCalls, wantsResults && isLast);
    setText(this.#ending, endingOf(answer));
    this.#guard.update(answer.measured?.guard);
    this.#drawProblem(answer);
    this.#drawMap(answer, isLast);
    setText(this.#took, took(answer));
    if (!isStreaming) this.#drawButtons();
    else this.#buttons.replaceChildren();
  }

  #drawBody(answer) {
    if (this.#showsTokens && answer.tokens.length) {
      this.#tokens.update(answer.tokens);
      return this.#show(this.#tokens.element);
    }
    const data = this.#readable();
    if (data) return this.#show(data.element);
    this.#prose.update(answer.text);
    return this.#show(this.#prose.element);
  }

  /** The text as data, or null where it is prose; made once for each text. */
  #readable() {
    const { text, ended } = this.#answer;
    const key = `${ended !== null} ${text}`;
    if (this.#data?.key !== key) this.#data = { key, readable: readable(text, ended !== null) };
    return this.#data.readable;
  }

  #show(element) {
    if (this.#body.firstElementChild !== element) this.#body.replaceChildren(element);
  }

  #drawProblem(answer) {
    if (this.#drawnProblem === answer.problem) return;
    this.#drawnProblem = answer.problem;
    if (!answer.problem) return this.#problem.replaceChildren();
    this.#problem.replaceChildren(
      problemCard(answer.problem, answer.problem.since_ms, {
        retry: () => this.#deeds.regenerate(this.#node),
        edit: () => this.#deeds.editQuestionOf(this.#node),
        confirm: () => this.#deeds.confirm(this.#node),
      }),
    );
  }

  #drawMap(answer, isLast) {
    if (!answer.experts?.counts_LE.length) return;
    if (!this.#map) {
      this.#map = new RoutingMap(this.#deeds.known(), isLast);
      this.element.append(this.#map.element);
    }
    this.#map.update(answer.experts);
  }

  /** Folds the map away once another answer is the newest. */
  settle() {
    if (this.#map) this.#map.element.open = false;
  }

  #drawButtons() {
    const { text, toolCalls, tokens, problem } = this.#answer;
    const copied = text || toolCalls.map((call) => `${call.name} ${call.arguments}`).join("\n");
    const button = (label, deed, onclick, extra = {}) =>
      el("button", { type: "button", class: "quiet", "data-deed": deed, onclick, ...extra }, label);
    const made = [
      copied && button("Copy", "copy", () => this.#deeds.copy(copied)),
      (!problem || problem.kind === "refused") && button("Regenerate", "regenerate", () => this.#deeds.regenerate(this.#node)),
      tokens.length > 0 &&
        button("Probabilities", "probabilities", () => this.#toggleTokens(), { "aria-pressed": String(this.#showsTokens) }),
      branchSwitch(this.#node, "answer", this.#deeds.choose),
    ];
    replaceKeepingFocus(this.#buttons, made.filter(Boolean));
  }

  #toggleTokens() {
    this.#showsTokens = !this.#showsTokens;
    this.#drawBody(this.#answer);
    this.#drawButtons();
  }
}

function endingOf(answer) {
  const mode = answer.measured?.mode_reason ? `Answered in ${answer.measured.mode} mode: ${answer.measured.mode_reason}` : "";
  const isEmpty = answer.ended === "stop" && !answer.text && !answer.toolCalls.length;
  return [isEmpty ? "The model had nothing to say." : (ENDINGS[answer.ended] ?? ""), mode].filter(Boolean).join(" ");
}

/** "42 tokens · 812 tokens/s · 1.2 J estimated", of which unknown parts are left out. */
function took(answer) {
  const tokens = numTokens(answer);
  const { energy_source, tokens_per_s } = answer.measured ?? {};
  const energy_j = joulesOf(answer.measured);
  return [
    tokens !== null && plural(tokens, "token"),
    typeof tokens_per_s === "number" && `${count(tokens_per_s)} tokens/s`,
    energy_j !== null && `${joules(energy_j)} ${energy_source ?? ""}`.trim(),
  ]
    .filter(Boolean)
    .join(" · ");
}
