// The quiet drawer: sampling, what to look at, what to keep, facts about the server.

import { byId, el, setText } from "./dom.js";
import { count, short } from "./format.js";

const NUMBERS = ["temperature", "top_p", "top_k", "max_tokens", "seed"];
const SWITCHES = ["probabilities", "routing", "keeps"];

/** Shows settings and writes changes back into them. @param changed called after each */
export function wireSettings(settings, changed) {
  const form = byId("settings-form");
  const { elements } = form;
  elements.system.value = settings.system;
  for (const name of NUMBERS) elements[name].value = settings[name] ?? "";
  for (const name of SWITCHES) elements[name].checked = settings[name];
  form.addEventListener("input", ({ target }) => {
    if (NUMBERS.includes(target.name) && !readNumber(target, settings)) return;
    if (SWITCHES.includes(target.name)) settings[target.name] = target.checked;
    if (target.name === "system") settings.system = target.value;
    changed(target.name);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

/** False where the field holds what the server would refuse; the last good value stays in force. */
function readNumber(field, settings) {
  const isGood = field.validity.valid;
  field.setAttribute("aria-invalid", String(!isGood));
  setText(byId(`problem-${field.name}`), isGood ? "" : wanted(field));
  if (isGood) settings[field.name] = field.value === "" ? null : field.valueAsNumber;
  return isGood;
}

function wanted({ min, max, step }) {
  const kind = step === "1" ? "A whole number" : "A number";
  return max ? `${kind} from ${min} to ${max}.` : `${kind}, ${min} or more.`;
}

/** Choices of a select, redrawn only where they changed. @param options [[value, label, title]] */
export function setOptions(select, options, chosen) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(...options.map(([value, label, title]) => el("option", { value, title }, label)));
  }
  if (chosen !== null && select.value !== chosen) select.value = chosen;
}

/** What is known of the server, as a list; what is not known is left out. */
export function drawFacts(root, status) {
  const facts = [
    ["Model", status.model],
    ["Parameters", status.parameters && factOfParameters(status)],
    ["Experts", status.num_experts && `${status.num_experts} in ${status.num_layers} layers, ${status.num_chosen} chosen a token`],
    ["Context", status.context_tokens && `${count(status.context_tokens)} tokens`],
    ["Computed by", status.runner && `${status.runner}${status.threads ? `, ${status.threads} threads` : ""}`],
    ["Memory", status.memory_bytes && factOfMemory(status)],
    ["Version", status.version && `Zaphod ${status.version}`],
  ].filter(([, value]) => value);
  const key = JSON.stringify(facts);
  if (root.dataset.facts === key) return;
  root.dataset.facts = key;
  root.replaceChildren(
    el("h3", {}, "This server"),
    el("dl", {}, ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])),
  );
}

const factOfParameters = ({ parameters, active_parameters: active }) =>
  short(parameters) + (active ? `, ${short(active)} active a token` : "");

const factOfMemory = ({ memory_bytes: used, total_memory_bytes: total }) =>
  short(used, "B") + (total ? ` of ${short(total, "B")}` : "");
