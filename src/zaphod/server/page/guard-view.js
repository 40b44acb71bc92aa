// What the guard did to an answer, and what waits for a person's word. Never shows what was found, only where and why.

import { el } from "./dom.js";
import { plural } from "./format.js";
import { partialJson } from "./partial-json.js";
import { callCard } from "./readable.js";

const DEEDS = { redact: "withheld", confirm: "held", block: "stopped" };
const PLACES = { input: "in what was asked", retrieval: "in a tool's result", tool_call: "in a call", output: "in the answer" };

/** One sentence: "The guard withheld 2 things and held 1." Empty where it did nothing. */
export function guardSentence(guard) {
  const count = (action) => (guard?.findings ?? []).filter((finding) => finding.action === action).length;
  const parts = [
    count("redact") && `withheld ${plural(count("redact"), "thing")}`,
    guard?.held?.length && `held ${plural(guard.held.length, "call")} for you`,
    count("block") && `stopped ${plural(count("block"), "thing")}`,
  ].filter(Boolean);
  return parts.length ? `The guard ${parts.join(", ")}.` : "";
}

/** @param decide called with (held, "approve" | "deny"); resolves to {call} or rejects */
export class GuardView {
  element = el("div", { class: "guard" });
  #decide;
  #drawn = "null";

  constructor(decide) {
    this.#decide = decide;
  }

  update(guard) {
    const key = JSON.stringify(guard ?? null);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const sentence = guardSentence(guard);
    if (!sentence) return this.element.replaceChildren();
    this.element.replaceChildren(
      el("details", {}, el("summary", {}, sentence), findingList(guard)),
      ...guard.held.filter((held) => held.kind === "tool_call").map((held) => this.#heldCard(held)),
    );
  }

  #heldCard(held) {
    const note = el("p", { class: "hint", role: "status" }, reasonsOf(held));
    const deeds = el("p", { class: "problem-deeds" });
    const button = (label, decision) =>
      el("button", { type: "button", class: "plain", onclick: () => this.#decided(held, decision, note, deeds) }, label);
    deeds.append(button("Approve the call", "approve"), button("Deny", "deny"));
    const args = held.content?.trim() ? (partialJson(held.content) ?? held.content) : {};
    return el(
      "div",
      { class: "held", role: "group", "aria-label": `A call of ${held.name} waits for you` },
      el("p", { class: "problem-title" }, "A call waits for you"),
      callCard(held.name, args), note, deeds,
    );
  }

  async #decided(held, decision, note, deeds) {
    for (const button of deeds.children) button.disabled = true;
    try {
      await this.#decide(held, decision);
      note.textContent = decision === "approve" ? "Approved. The call may be made now." : "Denied. The call is not made.";
      deeds.remove();
    } catch (error) {
      note.textContent = error.message;
      for (const button of deeds.children) button.disabled = false;
    }
  }
}

/** What was found, for `GuardView` and for cards of requests that were not let in. */
export function findingList(guard) {
  const items = guard.findings.map((finding) => {
    const seen = finding.views.length ? `, seen after ${finding.views.join(", ")}` : "";
    return el("li", {}, `${capital(finding.title)} ${PLACES[finding.stage]}: ${DEEDS[finding.action]}${seen}.`);
  });
  const policy = el("p", { class: "hint" }, `By the policy ${guard.policy.split("#")[0]}.`);
  return el("div", { class: "findings" }, el("ul", {}, ...items), policy);
}

const reasonsOf = (held) => `${capital(held.reasons.map((reason) => reason.title).join("; "))}.`;
const capital = (text) => (text ? text[0].toUpperCase() + text.slice(1) : text);
