// Light, dark, or as the system has it.

import { getTheme, setTheme } from "./storage.js";

const NEXT = { system: "light", light: "dark", dark: "system" };
const NAMES = { system: "as the system", light: "light", dark: "dark" };

/** Makes a button step through the themes. What paints by itself (`data-redraws`) is told by `zaphod-theme`. */
export function wireTheme(button) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let theme = NAMES[getTheme()] ? getTheme() : "system";
  const show = () => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const label = `Theme: ${NAMES[theme]}`;
    button.setAttribute("aria-label", label);
    button.title = label;
    for (const painted of document.querySelectorAll("[data-redraws]")) painted.dispatchEvent(new Event("zaphod-theme"));
  };
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    setTheme(theme === "system" ? null : theme);
    show();
  });
  system.addEventListener("change", show);
  show();
}
