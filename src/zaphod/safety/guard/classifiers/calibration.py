"""From scores to probabilities, and how well those hold; knows no text and no model.

Platt scaling with his targets (Platt 1999, section 2.2), so that few examples give no certainty, by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zaphod.safety.guard.classifiers.arithmetic import Floats, sigmoid, total

_STEPS = 60
_DAMPING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Platt:
    """p = 1 / (1 + exp(-(slope score + shift)))."""

    slope: float
    shift: float

    def probabilities(self, scores: Floats) -> Floats:
        """Of each score."""
        return sigmoid(self.slope * scores + self.shift)


def fit_platt(scores: Floats, is_positive: npt.NDArray[np.bool_], weights: Floats) -> Platt:
    """The curve through scores that the model did not see in training."""
    num_positive, num_negative = int(is_positive.sum()), int((~is_positive).sum())
    targets = np.where(is_positive, (num_positive + 1) / (num_positive + 2), 1 / (num_negative + 2))
    slope, shift = 1.0, 0.0
    for _ in range(_STEPS):
        p = sigmoid(slope * scores + shift)
        wrong, curve = weights * (p - targets), weights * p * (1.0 - p)
        g0, g1 = total(wrong * scores), total(wrong)
        h00, h01, h11 = total(curve * scores * scores) + _DAMPING, total(curve * scores), total(curve) + _DAMPING
        determinant = h00 * h11 - h01 * h01
        step0, step1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        size = min(1.0, 4.0 / max(abs(step0), abs(step1), 1e-300))
        slope, shift = slope - size * step0, shift - size * step1
    return Platt(slope=slope, shift=shift)


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Probabilities of one range: how many, their mean, and how many of them came true."""

    count: int
    mean_probability: float
    share_positive: float


def reliability(probabilities: Floats, is_positive: npt.NDArray[np.bool_], num_bins: int = 10) -> list[Bin]:
    """Ranges of equal width that are not empty."""
    numbers = np.minimum((probabilities * num_bins).astype(int), num_bins - 1)
    return [
        Bin(
            count=int(mine.sum()),
            mean_probability=float(probabilities[mine].mean()),
            share_positive=float(is_positive[mine].mean()),
        )
        for mine in (numbers == number for number in range(num_bins))
        if mine.any()
    ]


def expected_calibration_error(probabilities: Floats, is_positive: npt.NDArray[np.bool_]) -> float:
    """Mean distance between what was said and what came true (Naeini et al. 2015), 10 ranges of equal width."""
    bins = reliability(probabilities, is_positive)
    return sum(b.count * abs(b.mean_probability - b.share_positive) for b in bins) / len(probabilities)
