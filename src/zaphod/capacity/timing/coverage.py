"""How many experts some tokens touch, and how full the fullest device gets (F7); knows no models and no machines."""

from __future__ import annotations

import functools
import math
import statistics

import numpy as np
from numpy.typing import NDArray


def distinct_experts(num_experts: int, top_k: int, num_tokens: float, *, skew: float = 0.0) -> float:
    """Expected number of different experts that `num_tokens` tokens choose.

    Uniform choice: `E (1 - (1 - k/E)^T)`, exact for independent tokens that choose `top_k` without replacement. With
    `skew` s the popularity of the i-th expert falls as `i^-s` (as far as no expert is chosen more than always), and
    the sum runs over experts: `sum (1 - (1 - p_e)^T)`.
    """
    if num_tokens <= 0:
        return 0.0
    if not skew:
        return num_experts * -math.expm1(num_tokens * math.log1p(-min(top_k / num_experts, 1 - 1e-12)))
    return float(-np.expm1(num_tokens * _log_missed(num_experts, top_k, skew)).sum())


@functools.lru_cache(maxsize=256)
def _log_missed(num_experts: int, top_k: int, skew: float) -> NDArray[np.float64]:
    shares = np.array(popularity(num_experts, top_k, skew), dtype=np.float64)
    missed: NDArray[np.float64] = np.log1p(-np.minimum(shares, 1 - 1e-12))
    return missed


@functools.lru_cache(maxsize=256)
def popularity(num_experts: int, top_k: int, skew: float) -> tuple[float, ...]:
    """How often each expert is among a token's choice; they add up to `top_k`, and none exceeds 1."""
    raw = [(rank + 1.0) ** -skew for rank in range(num_experts)]
    capped = 0
    while True:
        scale = (top_k - capped) / sum(raw[capped:])
        if raw[capped] * scale <= 1:
            return (1.0,) * capped + tuple(weight * scale for weight in raw[capped:])
        capped += 1


def fullest_rank(
    num_experts: int, top_k: int, num_tokens: float, num_ranks: int, *, skew: float = 0.0
) -> tuple[float, float]:
    """Load of the fullest of `num_ranks` devices over their mean: (touched experts, routed tokens), each 1 or more.

    The layer takes as long as its fullest device. Both are sums over the experts of a device; their largest is taken
    as that of `num_ranks` normal variables with the binomial's spread, at most all experts (all tokens) of a device.
    """
    if num_ranks <= 1 or num_tokens <= 0:
        return 1.0, 1.0
    own = num_experts / num_ranks
    touched = distinct_experts(num_experts, top_k, num_tokens, skew=skew) / num_experts
    reach = _largest_of(num_ranks)
    experts = own * touched
    fullest_experts = min(own, experts + reach * math.sqrt(experts * (1 - touched)))
    if experts < 1:
        # Few tokens: some device holds one of their experts for certain.
        fullest_experts = max(fullest_experts, min(1.0, experts * num_ranks))
    share = 1 / num_ranks
    tokens = num_tokens * top_k * share
    fullest_tokens = min(num_tokens * min(top_k, own), tokens + reach * math.sqrt(tokens * (1 - share)))
    return max(1.0, fullest_experts / experts), max(1.0, fullest_tokens / tokens)


@functools.cache
def _largest_of(count: int) -> float:
    """Expected largest of so many standard normal variables (Blom 1958)."""
    return statistics.NormalDist().inv_cdf((count - 0.375) / (count + 0.25))
