// An answer put together from the chunks of its stream. Plain data, so that it can be kept; knows no view.

/** A fresh answer. `ended` is null while it streams, then the finish reason, "stopped" or "failed". */
export const emptyAnswer = () => ({
  text: "",
  toolCalls: [], // {id, name, arguments: JSON text}
  tokens: [], // {text, bytes, logprob, top: [{text, logprob}]}
  experts: null, // {tokens, counts_LE}
  usage: null,
  measured: null, // energy_j, energy_source, tokens_per_s, mode, mode_reason
  ended: null,
  problem: null,
});

/** Adds a chunk of `chat.completion.chunk`. Engines behind a gateway leave out what they do not know. */
export function fold(answer, chunk) {
  const choice = chunk.choices?.[0];
  if (choice) {
    answer.text += choice.delta?.content ?? "";
    for (const call of choice.delta?.tool_calls ?? []) foldToolCall(answer.toolCalls, call);
    for (const token of choice.logprobs?.content ?? []) answer.tokens.push(tokenOf(token));
    if (choice.finish_reason) answer.ended = choice.finish_reason;
  }
  if (chunk.usage) answer.usage = chunk.usage;
  const { experts, ...measured } = chunk.zaphod ?? {};
  if (experts) answer.experts = countExperts(answer.experts, experts);
  if (Object.keys(measured).length) answer.measured = { ...answer.measured, ...measured };
}

function foldToolCall(calls, part) {
  const index = part.index ?? calls.length;
  calls[index] ??= { id: "", name: "", arguments: "" };
  const call = calls[index];
  if (part.id) call.id = part.id;
  call.name += part.function?.name ?? "";
  call.arguments += part.function?.arguments ?? "";
}

const tokenOf = ({ token, bytes, logprob, top_logprobs }) => ({
  text: token,
  bytes: bytes ?? null,
  logprob,
  top: (top_logprobs ?? []).map((other) => ({ text: other.token, logprob: other.logprob })),
});

/**
 * How many tokens went through each expert.
 * @param counted {tokens, counts_LE} so far, or null
 * @param experts_NLK chosen experts of each new token in each layer
 */
export function countExperts(counted, experts_NLK) {
  const total = counted ?? { tokens: 0, counts_LE: [] };
  for (const experts_LK of experts_NLK) {
    total.tokens += 1;
    experts_LK.forEach((experts_K, layer) => {
      const counts_E = (total.counts_LE[layer] ??= []);
      for (const expert of experts_K) {
        while (counts_E.length <= expert) counts_E.push(0);
        counts_E[expert] += 1;
      }
    });
  }
  return total;
}

/** Joules, or null: a server that gave too much to the answers before gives 0 to this one, which says nothing. */
export const joulesOf = (measured) => (measured?.energy_j > 0 ? measured.energy_j : null);

/** Tokens produced, as the server counted them, or as we saw them. */
export const numTokens = (answer) => answer.usage?.completion_tokens ?? (answer.experts?.tokens || answer.tokens.length || null);
