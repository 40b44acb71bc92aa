// Answers that are data, for people: plans as steps, refusals and tool calls as cards, worked arithmetic as a result.
// The formats are the built-in model's; any other JSON is indented.

import { el } from "./dom.js";
import { partialJson } from "./partial-json.js";

const WORKED = /^[\d+\-*:<>=,. \n]*\d[-+*]\d[\d+\-*:<>=,. \n]*$/;
const MAX_WORKED = 2000; // signs; the pattern is tried at every frame, and takes quadratic time on hostile text
const UNNAMED = new Set(["do", "object", "target"]); // keys whose value needs no word before it

/** {kind, element, spoken} of an answer's text, or null where it is prose. `spoken` is one sentence for screen readers. */
export function readable(text, isComplete) {
  const value = partialJson(text);
  if (value !== undefined) return ofJson(value, text, isComplete);
  return text.length <= MAX_WORKED && WORKED.test(text) ? worked(text) : null;
}

function ofJson(value, text, isComplete) {
  if (Array.isArray(value?.plan)) return plan(value.plan);
  if (typeof value?.refuse === "string") return refusal(value.refuse);
  if (typeof value?.tool === "string") return call(value.tool, value.arguments ?? {});
  if (!isComplete) return { kind: "json", element: code(text), spoken: "" };
  return { kind: "json", element: code(JSON.stringify(value, null, 2)), spoken: "The answer is JSON." };
}

const code = (text) => el("pre", { tabindex: 0, role: "region", "aria-label": "JSON" }, el("code", {}, text));

function plan(steps) {
  const items = steps.map((step) => el("li", {}, ...stepNodes(step)));
  const spoken = `A plan of ${steps.length} steps: ${items.map((item) => item.textContent).join("; ")}.`;
  return { kind: "plan", element: el("ol", { class: "plan" }, ...items), spoken };
}

function stepNodes(step) {
  if (typeof step !== "object" || step === null) return [String(step)];
  const { do: verb, ...rest } = step;
  const parts = Object.entries(rest).flatMap(([name, value]) => [
    UNNAMED.has(name) ? " " : ` ${name} `,
    el("span", { class: "thing" }, asText(value)),
  ]);
  return [el("span", { class: "verb" }, asText(verb ?? "")), ...parts];
}

function refusal(reason) {
  const element = el("p", { class: "refusal" }, el("strong", {}, "Refused"), " ", reason);
  return { kind: "refusal", element, spoken: `Refused: ${reason}.` };
}

function call(name, args) {
  return { kind: "call", element: callCard(name, args), spoken: `A call of ${name}: ${spokenArguments(args)}.` };
}

const spokenArguments = (args) =>
  Object.entries(args).map(([name, value]) => `${name} ${asText(value)}`).join(", ") || "no arguments";

/** A tool call as a card. `args` is an object, or the text of arguments that are no JSON. */
export function callCard(name, args) {
  const isObject = typeof args === "object" && args !== null && !Array.isArray(args);
  const body = isObject
    ? el("dl", {}, ...Object.entries(args).flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, asText(value))]))
    : el("pre", { tabindex: 0, role: "region", "aria-label": "Arguments" }, el("code", {}, asText(args)));
  return el("div", { class: "call" }, el("p", { class: "call-name" }, name || "…"), body);
}

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** Steps of written arithmetic small, the result, which stands after the last "= ", large. */
function worked(text) {
  const lines = text.split("\n");
  const results = lines.filter((line) => line.startsWith("= "));
  const steps = lines.filter((line) => line && !line.startsWith("= "));
  const element = el(
    "div",
    { class: "worked" },
    ...steps.map((line) => el("p", { class: "steps" }, line)),
    ...results.map((line) => el("p", { class: "result" }, line)),
  );
  return { kind: "worked", element, spoken: results.length ? `The result is ${results.at(-1).slice(2)}.` : "" };
}
