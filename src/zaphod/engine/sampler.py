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

_STRIP = 128


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
    allowed_V: npt.NDArray[np.bool_] | None = None,
) -> Sampled:
    """Choose the token that follows `prompt + output`.

    Args:
        logits_V: raw logits of the last token.
        params: the request's options.
        prompt: the prompt's token ids.
        output: token ids produced so far; their number is the step.
        seed: the request's seed, drawn by the engine where the request names none.
        allowed_V: tokens that a grammar allows; applied after penalties and bias, before temperature.

    Raises:
        RequestError: every token is forbidden, or the logits are not numbers.
    """
    if _takes_the_most_likely(params):
        return Sampled(_most_likely(logits_V, allowed_V, params), None)
    raw_V = logits_V.astype(np.float64)
    _require_numbers(raw_V.max())
    scores_V = penalised(raw_V, params, prompt, output)
    if allowed_V is not None:
        scores_V = np.where(allowed_V, scores_V, -np.inf)
    _require_possible(scores_V.max(), params, allowed_V)
    if params.temperature == 0:
        token_id = int(scores_V.argmax())
    else:
        token_id = _draw(*_survivors(scores_V, params), uniform(seed, len(output)))
    return Sampled(token_id, None if params.logprobs is None else token_logprobs(raw_V, token_id, params.logprobs))


def penalised(raw_V: FloatArray, params: SamplingParams, prompt: Sequence[int], output: Sequence[int]) -> FloatArray:
    """Logits after repetition, presence and frequency penalties and the bias; a new array where one of them is set."""
    if not _changes_scores(params):
        return raw_V
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
    ids_N, shares_N = _survivors(scores_V, params)
    shares_V = np.zeros_like(scores_V)
    shares_V[ids_N] = shares_N
    return shares_V


def _survivors(scores_V: FloatArray, params: SamplingParams) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """The tokens that are left, in no certain order, and their probabilities."""
    ids_N = np.flatnonzero(scores_V > -np.inf)
    scores_N = scores_V[ids_N] if len(ids_N) < len(scores_V) else scores_V
    if params.top_k is not None:
        highest = _highest(scores_N, params.top_k)
        ids_N, scores_N = ids_N[highest], scores_N[highest]
    shares_N = _softmax(scores_N, params.temperature)
    if params.top_p < 1.0:
        nucleus = _nucleus(shares_N, params.top_p)
        ids_N, shares_N = ids_N[nucleus], shares_N[nucleus]
    if params.min_p > 0.0:
        likely_N = shares_N >= params.min_p * shares_N.max(initial=0.0)
        ids_N, shares_N = ids_N[likely_N], shares_N[likely_N]
    return ids_N, shares_N / shares_N.sum()


def uniform(seed: int, step: int) -> float:
    """A number in [0, 1) that depends on `seed` and `step` alone (Philox 4x64, SC'11)."""
    return float(np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, step])).random())


def score(logits_V: npt.NDArray[np.float32], token_id: int, num_top: int) -> TokenLogprobs:
    """How likely a token was that did come next.

    Raises:
        RequestError: the logits are not numbers.
    """
    _require_numbers(logits_V.max())
    return token_logprobs(logits_V.astype(np.float64), token_id, num_top)


def token_logprobs(raw_V: FloatArray, token_id: int, num_top: int) -> TokenLogprobs:
    """Log-softmax of the raw logits for the chosen token and the `num_top` most likely ones."""
    largest = raw_V.max()
    logprobs_V = raw_V - largest - np.log(np.exp(raw_V - largest).sum())
    top = tuple((int(i), float(logprobs_V[i])) for i in _highest(logprobs_V, num_top))
    return TokenLogprobs(token_id=token_id, logprob=float(logprobs_V[token_id]), top=top)


def _draw(ids_N: npt.NDArray[np.intp], shares_N: FloatArray, number: float) -> int:
    """Inverse of the cumulative distribution, tokens in order of id; never one of probability 0."""
    if len(ids_N) > 1 and not (ids_N[1:] > ids_N[:-1]).all():
        order = np.argsort(ids_N)
        ids_N, shares_N = ids_N[order], shares_N[order]
    cumulative_N = np.cumsum(shares_N)
    # The sum may end a rounding error away from 1, so the number, which is below 1, is scaled to stay below the sum.
    return int(ids_N[np.searchsorted(cumulative_N, number * cumulative_N[-1], side="right")])


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
    least = scores_N.min() if count >= len(scores_N) else _highest_value(scores_N, count)
    candidates = np.flatnonzero(scores_N >= least)
    return candidates[np.argsort(-scores_N[candidates], kind="stable")][:count]


def _highest_value(scores_N: FloatArray, count: int) -> np.float64:
    """The score of rank `count`. The best of each strip tell a bound that few scores reach, so that few are ordered."""
    num_strips = len(scores_N) // _STRIP
    if count < num_strips:
        best = scores_N[: num_strips * _STRIP].reshape(_STRIP, num_strips).max(axis=0)
        scores_N = scores_N[scores_N >= np.partition(best, -count)[-count]]
    return np.float64(np.partition(scores_N, -count)[-count])


def _changes_scores(params: SamplingParams) -> bool:
    has_penalty = params.repetition_penalty != 1.0 or params.presence_penalty or params.frequency_penalty
    return bool(has_penalty or params.logit_bias)


def _takes_the_most_likely(params: SamplingParams) -> bool:
    """Whether the choice is the largest raw logit and nothing else is reported."""
    return params.temperature == 0 and params.logprobs is None and not _changes_scores(params)


def _most_likely(
    logits_V: npt.NDArray[np.float32], allowed_V: npt.NDArray[np.bool_] | None, params: SamplingParams
) -> int:
    """The largest raw logit. Its value alone tells whether all are numbers: NumPy's argmax stops at NaN and at inf."""
    token_id = int(logits_V.argmax())
    _require_numbers(logits_V[token_id])
    if allowed_V is not None and not allowed_V[token_id]:
        ids_N = np.flatnonzero(allowed_V)
        _require_possible(logits_V[ids_N].max(initial=-np.inf), params, allowed_V)
        return int(ids_N[logits_V[ids_N].argmax()])
    _require_possible(logits_V[token_id], params, allowed_V)
    return token_id


def _require_numbers(largest: np.floating) -> None:
    """`largest` of all logits is NaN if any is, so it speaks for all."""
    if not largest < np.inf:
        raise RequestError(
            "The model produced logits that are not numbers.",
            "This happens when weights are damaged or a precision overflows.",
            "Run `zaphod doctor` on the model, or load it with --dtype float32.",
        )


def _require_possible(largest: np.floating, params: SamplingParams, allowed_V: npt.NDArray[np.bool_] | None) -> None:
    """`largest` is that of all scores after biases, penalties and the grammar."""
    if largest == -np.inf:
        by_grammar = "" if allowed_V is None else f"; the grammar allows {int(allowed_V.sum())} tokens"
        raise RequestError(
            "No token is allowed.",
            "At least one must keep a finite score after biases, penalties and the grammar.",
            f"Check logit_bias ({len(params.logit_bias)} entries) and the penalties{by_grammar}.",
        )
