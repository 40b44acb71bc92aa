// Attaching tools: those that the built-in model knows, and the person's own as JSON.

import { byId, el, setText } from "./dom.js";
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

export function wireTools(settings, changed) {
  const field = byId("tool-json");
  const choice = byId("tool-choice");
  field.value = JSON.stringify(EXAMPLE, null, 2);
  choice.value = settings.toolChoice;
  choice.addEventListener("change", () => {
    settings.toolChoice = choice.value;
    changed();
  });
  byId("tool-editor").addEventListener("submit", (event) => {
    event.preventDefault();
    attach(field, settings, changed);
  });
  draw(settings, changed);
}

function attach(field, settings, changed) {
  const taken = [...TOOL_PRESETS, ...settings.ownTools].map((tool) => tool.name);
  try {
    const tool = toolFrom(field.value, taken);
    settings.ownTools.push(tool);
    settings.attached.push(tool.name);
    setText(byId("tool-problem"), "");
    field.removeAttribute("aria-invalid");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    field.setAttribute("aria-invalid", "true");
    setText(byId("tool-problem"), error.message);
    return;
  }
  draw(settings, changed);
  changed();
}

function draw(settings, changed) {
  byId("tool-presets").replaceChildren(...TOOL_PRESETS.map((tool) => row(tool, settings, changed)));
  byId("own-tools-group").hidden = settings.ownTools.length === 0;
  byId("own-tools").replaceChildren(
    ...settings.ownTools.map((tool) => row(tool, settings, changed, () => remove(tool, settings, changed))),
  );
}

function row(tool, settings, changed, drop) {
  const box = el("input", { type: "checkbox", value: tool.name });
  box.checked = settings.attached.includes(tool.name);
  box.addEventListener("change", () => {
    settings.attached = settings.attached.filter((name) => name !== tool.name);
    if (box.checked) settings.attached.push(tool.name);
    changed();
  });
  const names = Object.keys(tool.parameters.properties ?? {}).join(", ");
  const label = el("label", { class: "tool" }, box, el("span", {}, el("code", {}, `${tool.name}(${names})`), el("span", { class: "hint" }, tool.description)));
  return el("div", { class: "tool-row" }, label, drop && el("button", { type: "button", class: "quiet", "aria-label": `Remove ${tool.name}`, onclick: drop }, "Remove"));
}

function remove(tool, settings, changed) {
  settings.ownTools = settings.ownTools.filter((own) => own !== tool);
  settings.attached = settings.attached.filter((name) => name !== tool.name);
  draw(settings, changed);
  changed();
}
