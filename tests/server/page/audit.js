// Looks at everything that is visible for what the accessibility guidelines (WCAG 2.2 AA) ask. Returns complaints.
() => {
  const complaints = [];
  const dialog = document.querySelector("dialog[open]");
  const root = dialog ?? document.body;
  const isVisible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const all = (selector) => [...root.querySelectorAll(selector)].filter(isVisible);
  const describe = (element) => `<${element.tagName.toLowerCase()} id="${element.id}" class="${element.className}">${(element.textContent ?? "").trim().slice(0, 40)}`;

  // Names ------------------------------------------------------------------------------------------------------------
  const textOf = (ids) => (ids ?? "").split(/\s+/).filter(Boolean).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  const nameOf = (element) =>
    textOf(element.getAttribute("aria-labelledby")) ||
    element.getAttribute("aria-label") ||
    [...(element.labels ?? [])].map((label) => label.textContent).join(" ") ||
    (["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName) ? "" : element.textContent);
  const OPERABLE = "a[href], button, input, select, textarea, summary, [role=button], [role=application], [tabindex]";
  for (const element of all(`${OPERABLE}, dialog, section, nav, [role=group], [role=region]`)) {
    if (element.getAttribute("tabindex") !== "-1" && !nameOf(element).trim()) complaints.push(`no name: ${describe(element)}`);
  }
  for (const image of all("img, canvas")) {
    if (!image.hasAttribute("alt") && image.getAttribute("aria-hidden") !== "true") complaints.push(`no text: ${describe(image)}`);
  }
  for (const element of all("[tabindex]")) if (element.tabIndex > 0) complaints.push(`forced order: ${describe(element)}`);
  for (const hidden of all("[aria-hidden=true]")) {
    if (hidden.matches(OPERABLE) || hidden.querySelector(OPERABLE)) complaints.push(`hidden but reachable: ${describe(hidden)}`);
  }

  // References, structure ------------------------------------------------------------------------------------------------
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) complaints.push(`id twice: ${id}`);
  for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      for (const id of element.getAttribute(name).split(/\s+/)) if (!ids.includes(id)) complaints.push(`${name} leads nowhere: ${id}`);
    }
  }
  if (document.querySelectorAll("main").length !== 1) complaints.push("not one main");
  if (document.querySelectorAll("h1").length !== 1) complaints.push("not one h1");
  if (!document.documentElement.lang || !document.title) complaints.push("no language or title");
  for (const list of all("dl")) {
    const children = [...list.children].flatMap((child) => (child.tagName === "DIV" ? [...child.children] : [child]));
    if (children.some((child) => !["DT", "DD"].includes(child.tagName))) complaints.push(`no list of terms: ${describe(list)}`);
  }
  for (const list of all("ul, ol")) {
    if ([...list.children].some((child) => child.tagName !== "LI")) complaints.push(`no list of items: ${describe(list)}`);
  }

  // Sizes: 24 px each way (2.5.8); tokens and links stand in running text, which is exempt ---------------------------------
  for (const element of all("button, select, summary, input")) {
    const target = element.labels?.[0]?.contains(element) ? element.labels[0] : element;
    const { width, height } = target.getBoundingClientRect();
    if (width < 24 || height < 24) complaints.push(`small, ${Math.round(width)} x ${Math.round(height)}: ${describe(element)}`);
  }

  // Contrast: 4.5 for text, 3 for large text (1.4.3) -------------------------------------------------------------------------
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((value, index) => value * a + below[index] * (1 - a));
  const backgroundOf = (element) => {
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(rgba(getComputedStyle(at).backgroundColor));
    return chain.reduce((below, colour) => over(colour, below), [255, 255, 255]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const check = (element, style, what) => {
    const below = backgroundOf(element);
    const [light, dark] = [luminance(over(rgba(style.color), below)), luminance(below)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < wanted) complaints.push(`contrast ${ratio.toFixed(2)} of ${what}: ${describe(element)}`);
  };
  for (const element of all("*")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!hasText || element.closest(".for-readers, :disabled, option")) continue;
    check(element, getComputedStyle(element), "text");
  }
  for (const field of all("input, textarea")) if (field.placeholder) check(field, getComputedStyle(field, "::placeholder"), "placeholder");
  for (let at = root; at; at = at.parentElement) if (getComputedStyle(at).opacity !== "1") complaints.push("see-through page");

  if (document.documentElement.scrollWidth > innerWidth) complaints.push(`wider than the window: ${document.documentElement.scrollWidth} px`);
  return complaints;
}
