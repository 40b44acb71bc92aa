// What the person chose, and the request that follows from it. Knows no view.

import { TOOL_PRESETS } from "./tool-presets.js";

export const defaults = () => ({
  model: null,
  mode: null,
  system: "",
  temperature: null,
  top_p: null,
  top_k: null,
  max_tokens: null,
  seed: null,
  probabilities: false,
  routing: true,
  keeps: false,
  toolChoice: "auto",
  attached: null, // names of tools; null until the person chooses: then the model's own
  ownTools: [], // {name, description, parameters}
});

const SAMPLING = ["temperature", "top_p", "top_k", "max_tokens", "seed"];
const NUM_ALTERNATIVES = 5;

/** Kept settings over the defaults; keys that this version does not know are dropped. */
export function settingsFrom(kept) {
  const made = defaults();
  for (const name of Object.keys(made)) if (kept && name in kept) made[name] = kept[name];
  return made;
}

/** Names of the tools that go with a question: the built-in model is told of those that it was trained on. */
export const attachedNames = (settings, status) =>
  settings.attached ?? (status?.model === "builtin" ? TOOL_PRESETS.map((tool) => tool.name) : []);

const attachedTools = (settings, status) =>
  [...TOOL_PRESETS, ...settings.ownTools].filter((tool) => attachedNames(settings, status).includes(tool.name));

/**
 * The body of a chat request.
 * @param status of the server, as far as known: our own fields go only to a server that says it has them, because
 *   other engines may refuse a request for a field that they do not know.
 */
export function requestBody(settings, status, messages) {
  const body = {
    messages: settings.system.trim() ? [{ role: "system", content: settings.system.trim() }, ...messages] : messages,
    stream: true,
    stream_options: { include_usage: true },
  };
  const model = settings.model ?? status?.model ?? status?.models?.[0];
  if (model) body.model = model;
  if (settings.mode && status?.modes?.length) body.mode = settings.mode;
  for (const name of SAMPLING) if (settings[name] !== null) body[name] = settings[name];
  if (settings.probabilities) Object.assign(body, { logprobs: true, top_logprobs: NUM_ALTERNATIVES });
  if (settings.routing && status?.num_experts) body.routing = true;
  const tools = attachedTools(settings, status);
  if (tools.length) {
    body.tools = tools.map((tool) => ({ type: "function", function: tool }));
    body.tool_choice = settings.toolChoice;
  }
  return body;
}
