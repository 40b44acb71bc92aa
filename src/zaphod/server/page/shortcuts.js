// Keys that work everywhere on the page, and the list of them. All hold a modifier or act in a field only, so that
// people who dictate or use single keys of a screen reader do not set them off.

import { el } from "./dom.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const CONTROL = isMac ? "⌘" : "Ctrl";
const ALT = isMac ? "⌥" : "Alt";

const LIST = [
  ["Enter", "ask"],
  ["Shift Enter", "new line"],
  ["Escape", "stop the answer, close what is open"],
  ["↑", "edit the last question, from an empty field"],
  ["← →", "walk through token probabilities"],
  ["← → ↑ ↓", "walk through the routing map"],
  [`${ALT} Shift R`, "regenerate the last answer"],
  [`${ALT} Shift C`, "copy the last answer"],
  [`${ALT} Shift N`, "new conversation"],
  [`${CONTROL} .`, "settings"],
  [`${CONTROL} /`, "this help"],
];

/** @param deeds {stop: gives the deed while there is something to stop, regenerate, copy, clear, settings, help} */
export function wireShortcuts(list, deeds) {
  list.replaceChildren(...LIST.flatMap(([keys, what]) => [el("dt", {}, ...keys.split(" ").map((key) => el("kbd", {}, key))), el("dd", {}, what)]));
  const withAlt = { KeyR: deeds.regenerate, KeyC: deeds.copy, KeyN: deeds.clear };
  const withControl = { Period: deeds.settings, Slash: deeds.help };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    // `code` is the key's place: with Alt, layouts give other characters.
    let deed = null;
    if (event.key === "Escape") deed = deeds.stop();
    else if (event.altKey && event.shiftKey && !event.ctrlKey) deed = withAlt[event.code];
    else if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) deed = withControl[event.code];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
}
