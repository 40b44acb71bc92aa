// What an empty page offers: questions that this model can answer. Nothing before it is known which model that is.

import { el, fill } from "./dom.js";

const BUILT_IN = [
  ["A plan", "Move the red cup from the table to the shelf"],
  ["A refusal", "Put the wooden phone in the power outlet"],
  ["Arithmetic, worked out", "What is 4817 + 2944?"],
  ["A tool call", "Set a timer for 10 minutes"],
];
const ANY = [
  ["An explanation", "Explain in three sentences how a mixture of experts works."],
  ["A list", "Name five rivers of Europe with their lengths."],
  ["Code", "Write a Python function that tells whether a year is a leap year."],
];

/** @param status of the server, or null while nothing is known
 *  @param deeds {ask(text), restore: null or a function that brings a cleared conversation back} */
export function drawEmpty(root, status, deeds) {
  const isBuiltIn = status?.model === "builtin";
  const hint = isBuiltIn
    ? "The built-in model plans, calls tools and does arithmetic. It is no general chatbot."
    : "Answers can be wrong. What they took is written under them.";
  const buttons = (isBuiltIn ? BUILT_IN : ANY).map(([kind, question]) =>
    el("li", {}, el("button", { type: "button", class: "example", onclick: () => deeds.ask(question) }, el("span", { class: "example-kind" }, kind), el("span", {}, question))),
  );
  const restore = deeds.restore && el("button", { type: "button", class: "plain", id: "restore", onclick: deeds.restore }, "Bring the last conversation back");
  fill(
    root,
    el("p", { class: "empty-title", id: "empty-title" }, "What shall it be?"),
    status && el("p", { class: "hint" }, hint),
    status && el("ul", { class: "examples" }, ...buttons),
    restore,
  );
}
