"""From logits to a token; knows one request's options and history, not the model or other requests.

Randomness is counter-based: the draw of step n depends on the request's seed and n alone, so the same seed gives the
same tokens alone, in a batch, and after a preemption. Legend: V vocabulary, N tokens that are still possible.
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
    if not (raw_V < np.inf).all():
        raise RequestError(
            "The model produced logits that are not numbers.",
            "This happens when weights are damaged or a precision overflows.",
            "Run `zaphod doctor` on the model, or load it with --dtype float32.",
        )
    scores_V = penalised(raw_V, params, prompt, output)
    _require_possible(scores_V, params)
    if params.temperature == 0:
        token_id = int(scores_V.argmax())
    else:
        token_id = _draw(probabilities(scores_V, params), uniform(seed, len(output)))
    return Sampled(token_id, None if params.logprobs is None else token_logprobs(raw_V, token_id, params.logprobs))


def penalised(raw_V: FloatArray, params: SamplingParams, prompt: Sequence[int], output: Sequence[int]) -> FloatArray:
    """Logits after repetition, presence and frequency penalties and the bias; a new array."""
    scores_V = raw_V.copy()
    if params.repetition_penalty != 1.0:
        seen = list({*prompt, *output})
        values = scores_V[seen]
        scores_V[seen] = np.where(values > 0, values / params.repetition_penalty, values * params.repetition_penalty)
    if output and (params.presence_penalty or params.frequency_penalty):
        counts = Counter(output)
        ids, times = np.array(list(counts)), np.array(list(counts.values()))
        scores_V[ids] -= params.presence_penalty + params.frequency_penalty * times
    for token_id, bias in params.logit_bias.items():
        scores_V[token_id] += bias
    return scores_V


def probabilities(scores_V: FloatArray, params: SamplingParams) -> FloatArray:
    """Distribution after temperature, top-k, top-p and min-p; excluded tokens have probability 0."""
    ids_N = np.flatnonzero(scores_V > -np.inf)
    if params.top_k is not None:
        ids_N = ids_N[_highest(scores_V[ids_N], params.top_k)]
    shares_N = _softmax(scores_V[ids_N], params.temperature)
    if params.top_p < 1.0:
        nucleus = _nucleus(shares_N, params.top_p)
        ids_N, shares_N = ids_N[nucleus], shares_N[nucleus]
    if params.min_p > 0.0:
        likely_N = shares_N >= params.min_p * shares_N.max(initial=0.0)
        ids_N, shares_N = ids_N[likely_N], shares_N[likely_N]
    shares_V = np.zeros_like(scores_V)
    shares_V[ids_N] = shares_N / shares_N.sum()
    return shares_V


def uniform(seed: int, step: int) -> float:
    """A number in [0, 1) that depends on `seed` and `step` alone (Philox 4x64, SC'11)."""
    return float(np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, step])).random())


def token_logprobs(raw_V: FloatArray, token_id: int, num_top: int) -> TokenLogprobs:
    """Log-softmax of the raw logits for the chosen token and the `num_top` most likely ones."""
    largest = raw_V.max()
    logprobs_V = raw_V - largest - np.log(np.exp(raw_V - largest).sum())
    top = tuple((int(i), float(logprobs_V[i])) for i in _highest(logprobs_V, num_top))
    return TokenLogprobs(token_id=token_id, logprob=float(logprobs_V[token_id]), top=top)


def _draw(probabilities_V: FloatArray, number: float) -> int:
    """Inverse of the cumulative distribution, tokens in order of id; never one of probability 0."""
    cumulative_V = np.cumsum(probabilities_V)
    # The sum may end a rounding error away from 1, so the number, which is below 1, is scaled to stay below the sum.
    return int(np.searchsorted(cumulative_V, number * cumulative_V[-1], side="right"))


def _softmax(scores_N: FloatArray, temperature: float) -> FloatArray:
    # A temperature close to 0 may divide to -inf, which is the share 0 that was meant.
    with np.errstate(over="ignore"):
        powers_N = np.exp((scores_N - scores_N.max(initial=-np.inf)) / temperature)
    return np.asarray(powers_N / powers_N.sum())


def _nucleus(shares_N: FloatArray, top_p: float) -> npt.NDArray[np.intp]:
    """The fewest most likely tokens that together reach `top_p`, best first, equals by position (arXiv 1904.09751)."""
    # Those below this share hold less than 1 - top_p together, so leaving them out of the sort changes nothing.
    candidates = np.flatnonzero(shares_N >= (1 - top_p) / max(1, len(shares_N)))
    order = candidates[np.argsort(-shares_N[candidates], kind="stable")]
    return order[: np.searchsorted(np.cumsum(shares_N[order]), top_p) + 1]


def _highest(scores_N: FloatArray, count: int) -> npt.NDArray[np.intp]:
    """Positions of the `count` highest scores, best first, equals by position."""
    if count == 0 or len(scores_N) == 0:
        return np.arange(0)
    least = scores_N.min() if count >= len(scores_N) else np.partition(scores_N, -count)[-count]
    candidates = np.flatnonzero(scores_N >= least)
    return candidates[np.argsort(-scores_N[candidates], kind="stable")][:count]


def _require_possible(scores_V: FloatArray, params: SamplingParams) -> None:
    if scores_V.max() == -np.inf:
        raise RequestError(
            "No token is allowed.",
            "At least one must keep a finite score after biases and penalties.",
            f"Check logit_bias ({len(params.logit_bias)} entries) and the penalties.",
        )
