// What went wrong, in words, and what can be done. Cards for answers that did not come, or not whole.

import { el, setText } from "./dom.js";
import { plural } from "./format.js";
import { findingList } from "./guard-view.js";
import { Broken, Refusal, Unreachable } from "./transport.js";

/** An error as data: {kind, title, text, retryAfter_s}. `kind` decides what is offered. */
export function problemOf(error) {
  if (error instanceof Unreachable) {
    return { kind: "unreachable", title: "The server does not answer", text: "It may have been stopped, or the network is down. Your question is kept." };
  }
  if (error instanceof Broken) return { kind: "broken", title: "The answer broke off", text: `${error.message} What came is kept.` };
  if (!(error instanceof Refusal)) throw error;
  const { status, code, message, retryAfter_s, guard } = error;
  if (code === "confirmation_required" && guard?.held?.length)
    return { kind: "confirm", title: "A person must confirm this", text: "It has not been sent to the model.", guard };
  if (code === "content_blocked") return { kind: "refused", title: "The guard did not let this in", text: message, guard };
  if (status === 401) return { kind: "key", title: "A key is needed", text: message };
  if (status === 403) return { kind: "refused", title: "This key may not do that", text: message };
  if (status === 429) return { kind: "wait", title: "Too much at once", text: message, retryAfter_s };
  if (status === 503) return { kind: "wait", title: "Not ready", text: message, retryAfter_s };
  if (status >= 500) return { kind: "failed", title: "The server failed", text: message };
  return { kind: "refused", title: "The server refused this", text: message };
}

/**
 * @param deeds {retry, edit, confirm}: what the buttons do
 * @param since_ms when the problem came, for a countdown that survives a new drawing
 */
export function problemCard(problem, since_ms, deeds) {
  const retry = el("button", { type: "button", class: "plain", onclick: deeds.retry }, "Try again");
  const edit = el("button", { type: "button", class: "plain", onclick: deeds.edit }, "Edit the question");
  const confirm = el("button", { type: "button", class: "plain", onclick: deeds.confirm }, "Confirm and send");
  const buttons = { refused: [edit], confirm: [confirm, edit] }[problem.kind] ?? [retry];
  const wait = el("span", { class: "countdown" });
  const card = el(
    "div",
    { class: "problem", "data-kind": problem.kind },
    el("p", { class: "problem-title" }, problem.title),
    el("p", { class: "problem-detail" }, problem.text),
    problem.guard && findingList(problem.guard),
    el("p", { class: "problem-deeds" }, ...buttons, wait),
  );
  if (problem.retryAfter_s) countDown(card, retry, wait, since_ms + 1000 * problem.retryAfter_s);
  return card;
}

/** Until then asking again would only be refused again. The button keeps its place and its focus. */
function countDown(card, button, label, until_ms) {
  const tick = () => {
    const left_s = Math.ceil((until_ms - Date.now()) / 1000);
    button.disabled = left_s > 0;
    setText(label, left_s > 0 ? `in ${plural(left_s, "second")}` : "");
    if (left_s > 0 && (card.isConnected || !wasConnected)) setTimeout(tick, 250);
    wasConnected ||= card.isConnected;
  };
  let wasConnected = false;
  tick();
}
