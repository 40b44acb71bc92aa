"""How much a replica gets done in a second, given what it is doing: tables for the fleet's ticks; knows no fleet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.lengths import Lengths
from zaphod.capacity.simulation.serving import Serving, balance, mixed_seconds

_POINTS = 65


@dataclass(frozen=True, kw_only=True, eq=False)
class Flow:
    """Rates of a replica with n sequences decoding (rows, 0 to `most`) while so many prompts a second come in."""

    most: int
    """Sequences that it admits, by their number and by its caches."""
    prompts_per_s: NDArray[np.float32]
    """[n] the most prompts that it can take in."""
    steps_per_s: NDArray[np.float32]
    """[n, share of `prompts_per_s` in 64 parts]."""
    rates: NDArray[np.float64]
    """[n] requests a second that keep n sequences decoding."""

    def steps(self, row: NDArray[np.int32], prompts_per_s: NDArray[np.float32]) -> NDArray[np.float32]:
        """Steps a second of replicas that decode so many sequences and take in so many prompts."""
        column = (prompts_per_s * (np.float32(_POINTS - 1) / self.prompts_per_s[row]) + np.float32(0.5)).astype(
            np.int32
        )
        return np.asarray(self.steps_per_s.ravel()[row * _POINTS + column])


def flow_of(serving: Serving, lengths: Lengths, cached_share: float) -> Flow:
    """The tables of one kind of replica, `cached_share` of whose prompts need no work."""
    rates, _ = balance(serving, lengths, cached_share)
    most = len(rates) - 1
    running = np.arange(most + 1)
    whole = max(lengths.mean_prompt * (1 - cached_share), 1.0)
    fullest = (serving.max_batched_tokens - running) / whole
    per_step = np.linspace(0, 1, 4 * _POINTS)[None, :] * fullest[:, None]
    step_s = np.stack(
        [mixed_seconds(serving, column * whole, running, lengths, cached_share) for column in per_step.T], axis=1
    )
    prompts_per_s = np.maximum.accumulate(per_step / step_s, axis=1)
    steps_per_s = np.stack(
        [
            np.interp(np.linspace(0, rate[-1], _POINTS), rate, 1 / seconds)
            for rate, seconds in zip(prompts_per_s, step_s, strict=True)
        ]
    )
    return Flow(
        most=most,
        prompts_per_s=prompts_per_s[:, -1].astype(np.float32),
        steps_per_s=steps_per_s.astype(np.float32),
        rates=rates,
    )


def spread_at(rates: NDArray[np.float64], running: float, arrival_cv: float = 1.0) -> float:
    """Standard deviation of the sequences that a replica decodes in its steady state.

    They come at a rate that does not depend on n and end at `rates[n]`: linearised at the mean, the variance is the
    rate over the slope (Ornstein-Uhlenbeck); gaps of another `arrival_cv` add half of their share.
    """
    top = int(rates.argmax())
    at = min(max(round(running), 1), max(top - 1, 1))
    slope = (rates[min(at + 1, len(rates) - 1)] - rates[at - 1]) / 2
    if slope <= 0:
        return math.sqrt(max(running, 1.0))
    return math.sqrt(rates[at] / slope * (1 + arrival_cv**2) / 2)
