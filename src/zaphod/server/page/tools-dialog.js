// Attaching tools: those that the built-in model knows, and the person's own as JSON.

import { byId, el, setText } from "./dom.js";
import { attachedNames } from "./settings.js";
import { TOOL_PRESETS } from "./tool-presets.js";

const NAME = /^[\w-]{1,64}$/;
const EXAMPLE = {
  name: "find_recipe",
  description: "Finds a recipe.",
  parameters: { type: "object", properties: { dish: { type: "string" } }, required: ["dish"] },
};

/** A tool out of what was typed: a bare definition or OpenAI's `{"type": "function", "function": …}`. Throws what is wrong. */
export function toolFrom(text, takenNames) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`This is no JSON: ${error.message}.`);
  }
  const { name, description = "", parameters = { type: "object", properties: {} } } = value?.function ?? value ?? {};
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new TypeError("“name” must be 1 to 64 letters, digits, “_” or “-”.");
  }
  if (takenNames.includes(name)) throw new TypeError(`There is a tool “${name}” already. Choose another name.`);
  if (typeof description !== "string") throw new TypeError("“description” must be a text.");
  if (typeof parameters !== "object" || parameters === null || parameters.type !== "object") {
    throw new TypeError("“parameters” must be a JSON Schema with “type”: “object”.");
  }
  return { name, description, parameters };
}

/**
 * @param settings where the choice is kept
 * @param status a function that gives the server's status, as far as known
 * @param changed is called after every choice
 * @returns a function that draws the choice anew, for when another model is known
 */
export function wireTools(settings, status, changed) {
  const field = byId("tool-json");
  const choice = byId("tool-choice");

  function draw() {
    byId("tool-presets").replaceChildren(...TOOL_PRESETS.map((tool) => row(tool)));
    byId("own-tools-group").hidden = settings.ownTools.length === 0;
    byId("own-tools").replaceChildren(...settings.ownTools.map((tool) => row(tool, () => remove(tool))));
  }

  function row(tool, drop) {
    const box = el("input", { type: "checkbox", value: tool.name });
    box.checked = attachedNames(settings, status()).includes(tool.name);
    box.addEventListener("change", () => {
      attach(tool.name, box.checked);
      changed();
    });
    const names = Object.keys(tool.parameters.properties ?? {}).join(", ");
    const label = el("label", { class: "tool" }, box, el("span", {}, el("code", {}, `${tool.name}(${names})`), el("span", { class: "hint" }, tool.description)));
    return el("div", { class: "tool-row" }, label, drop && el("button", { type: "button", class: "quiet", "aria-label": `Remove ${tool.name}`, onclick: drop }, "Remove"));
  }

  function attach(name, isAttached) {
    const others = attachedNames(settings, status()).filter((other) => other !== name);
    settings.attached = isAttached ? [...others, name] : others;
  }

  function add() {
    const tool = toolFrom(field.value, [...TOOL_PRESETS, ...settings.ownTools].map((known) => known.name));
    settings.ownTools.push(tool);
    attach(tool.name, true);
  }

  function remove(tool) {
    settings.ownTools = settings.ownTools.filter((own) => own !== tool);
    attach(tool.name, false);
    draw();
    changed();
  }

  field.value = JSON.stringify(EXAMPLE, null, 2);
  choice.value = settings.toolChoice;
  choice.addEventListener("change", () => {
    settings.toolChoice = choice.value;
    changed();
  });
  byId("tool-editor").addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      add();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      field.setAttribute("aria-invalid", "true");
      setText(byId("tool-problem"), error.message);
      return;
    }
    setText(byId("tool-problem"), "");
    field.removeAttribute("aria-invalid");
    draw();
    changed();
  });
  return draw;
}
