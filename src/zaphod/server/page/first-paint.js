// Sets the chosen theme before anything is painted. Not a module, because modules run after the first paint.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("zaphod.theme");
  } catch {
    // A browser may forbid storage to a page; the system's theme is then the choice.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
