// The switch between versions of a question or an answer.

import { el } from "./dom.js";

/** "2 of 3" with a button on each side; null where there is one version only. */
export function branchSwitch(node, what, choose) {
  const { children } = node.parent;
  if (children.length < 2) return null;
  const at = children.indexOf(node);
  const step = (to, sign, label) =>
    el(
      "button",
      { type: "button", class: "quiet", "data-deed": label, "aria-label": label, disabled: !children[to], onclick: () => choose(children[to]) },
      sign,
    );
  return el(
    "span",
    { class: "branches", role: "group", "aria-label": `Versions of this ${what}` },
    step(at - 1, "‹", `Previous ${what}`),
    el("span", {}, `${at + 1} of ${children.length}`),
    step(at + 1, "›", `Next ${what}`),
  );
}
