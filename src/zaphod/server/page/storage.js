// What the browser holds for the page, and for how long. Nothing else touches its storage.
//
//   key        sessionStorage   gone with the tab
//   theme      localStorage     says nothing about anybody
//   the rest   localStorage     only while the person asks for it

const KEY = "zaphod.key";
const THEME = "zaphod.theme";
const KEPT = "zaphod.kept";

/** Browsers throw where storage is forbidden or full; the page then works without, and callers learn it from `null` or `false`. */
function attempt(deed) {
  try {
    return deed();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

let keyOfThisPage = null;

export const getKey = () => keyOfThisPage ?? attempt(() => sessionStorage.getItem(KEY));

export function setKey(key) {
  keyOfThisPage = key;
  attempt(() => (key === null ? sessionStorage.removeItem(KEY) : sessionStorage.setItem(KEY, key)));
}

export const getTheme = () => attempt(() => localStorage.getItem(THEME));

export const setTheme = (theme) =>
  attempt(() => (theme === null ? localStorage.removeItem(THEME) : localStorage.setItem(THEME, theme)));

/** What was kept, or null: nothing was, or what lies there is not ours. */
export function getKept() {
  const text = attempt(() => localStorage.getItem(KEPT));
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    forgetKept();
    return null;
  }
}

/** False where the browser has no room or no permission. */
export const keep = (value) => attempt(() => (localStorage.setItem(KEPT, JSON.stringify(value)), true)) === true;

export const forgetKept = () => attempt(() => localStorage.removeItem(KEPT));
