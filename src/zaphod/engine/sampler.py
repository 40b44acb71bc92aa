"""From logits to a token; knows one request's options and history, not the model or other requests.

Randomness is counter-based: the draw of step n depends on the request's seed and n alone, so the same seed gives the
same tokens alone, in a batch, and after a preemption. Legend: V vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import RequestError
from zaphod.engine.request import SamplingParams, TokenLogprobs

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sampled:
    """One chosen token."""

    token_id: int
    logprobs: TokenLogprobs | None


def sample(
    logits_V: npt.NDArray[np.float32],
    params: SamplingParams,
    *,
    prompt: Sequence[int],
    output: Sequence[int],
    seed: int,
) -> Sampled:
    """Choose the token that follows `prompt + output`.

    Args:
        logits_V: raw logits of the last token.
        params: the request's options.
        prompt: the prompt's token ids.
        output: token ids produced so far; their number is the step.
        seed: the request's seed, drawn by the engine where the request names none.

    Raises:
        RequestError: every token is forbidden, or the logits are not numbers.
    """
    raw_V = logits_V.astype(np.float64)
    if np.isnan(raw_V).any():
        raise RequestError(
            "The model produced logits that are not numbers.",
            "This happens when weights are damaged or a precision overflows.",
            "Run `zaphod doctor` on the model, or load it with --dtype float32.",
        )
    scores_V = penalised(raw_V, params, prompt, output)
    if params.temperature == 0:
        token_id = int(scores_V.argmax())
    else:
        token_id = _draw(probabilities(scores_V, params), uniform(seed, len(output)))
    _require_possible(scores_V[token_id], params)
    return Sampled(token_id, None if params.logprobs is None else token_logprobs(raw_V, token_id, params.logprobs))


def penalised(raw_V: FloatArray, params: SamplingParams, prompt: Sequence[int], output: Sequence[int]) -> FloatArray:
    """Logits after repetition, presence and frequency penalties and the bias; a new array."""
    scores_V = raw_V.copy()
    if params.repetition_penalty != 1.0:
        seen = _within(set(prompt) | set(output), len(scores_V))
        values = scores_V[seen]
        scores_V[seen] = np.where(values > 0, values / params.repetition_penalty, values * params.repetition_penalty)
    if output and (params.presence_penalty or params.frequency_penalty):
        counts = Counter(output)
        ids, times = np.array(list(counts)), np.array(list(counts.values()))
        scores_V[ids] -= params.presence_penalty + params.frequency_penalty * times
    for token_id, bias in params.logit_bias.items():
        if token_id >= len(scores_V):
            raise RequestError(
                f"logit_bias names token {token_id}.",
                f"The vocabulary has {len(scores_V)} tokens.",
                "Use token ids of this model's tokenizer.",
            )
        scores_V[token_id] += bias
    return scores_V


def probabilities(scores_V: FloatArray, params: SamplingParams) -> FloatArray:
    """Distribution after temperature, top-k, top-p and min-p; excluded tokens have probability 0."""
    scaled_V = scores_V / params.temperature
    kept_V = np.isfinite(scaled_V)
    if params.top_k is not None and params.top_k < len(scaled_V):
        kept_V &= _first(_descending(scaled_V), params.top_k)
    if params.top_p < 1.0:
        # A token stays while those before it have not yet reached top_p, so at least one stays.
        order = _descending(np.where(kept_V, scaled_V, -np.inf))
        mass = np.cumsum(_softmax(scaled_V, kept_V)[order])
        kept_V &= _first(order, int(np.searchsorted(mass, params.top_p)) + 1)
    if params.min_p > 0.0:
        shares_V = _softmax(scaled_V, kept_V)
        kept_V &= shares_V >= params.min_p * shares_V.max()
    return _softmax(scaled_V, kept_V)


def uniform(seed: int, step: int) -> float:
    """A number in [0, 1) that depends on `seed` and `step` alone (Philox 4x64, SC'11)."""
    return float(np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, step])).random())


def token_logprobs(raw_V: FloatArray, token_id: int, num_top: int) -> TokenLogprobs:
    """Log-softmax of the raw logits for the chosen token and the `num_top` most likely ones."""
    largest = raw_V.max()
    logprobs_V = raw_V - largest - np.log(np.exp(raw_V - largest).sum())
    top = _descending(logprobs_V)[:num_top]
    return TokenLogprobs(
        token_id=token_id, logprob=float(logprobs_V[token_id]), top=tuple((int(i), float(logprobs_V[i])) for i in top)
    )


def _draw(probabilities_V: FloatArray, number: float) -> int:
    """Inverse of the cumulative distribution, tokens in order of id."""
    cumulative_V = np.cumsum(probabilities_V)
    # The sum may end a rounding error away from 1, so the number is scaled to it; `right` never lands on a zero.
    return int(np.searchsorted(cumulative_V, number * cumulative_V[-1], side="right").clip(0, len(cumulative_V) - 1))


def _softmax(scores_V: FloatArray, kept_V: npt.NDArray[np.bool_]) -> FloatArray:
    if not kept_V.any():
        return np.zeros_like(scores_V)
    powers_V = np.exp(np.where(kept_V, scores_V - scores_V[kept_V].max(), -np.inf))
    return np.asarray(powers_V / powers_V.sum())


def _descending(scores_V: FloatArray) -> npt.NDArray[np.intp]:
    """Token ids from the highest score down, equal scores by id."""
    return np.argsort(-scores_V, kind="stable")


def _first(order_V: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.bool_]:
    kept_V = np.zeros(len(order_V), dtype=np.bool_)
    kept_V[order_V[:count]] = True
    return kept_V


def _within(token_ids: set[int], vocab_size: int) -> list[int]:
    return [token_id for token_id in token_ids if token_id < vocab_size]


def _require_possible(score: float, params: SamplingParams) -> None:
    if score == -np.inf:
        raise RequestError(
            "No token is allowed.",
            "At least one must keep a finite score after biases and penalties.",
            f"Check logit_bias ({len(params.logit_bias)} entries) and the penalties.",
        )
