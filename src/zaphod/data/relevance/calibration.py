"""Scores into probabilities, learnt from labelled scores, and how good the probabilities are; knows no text.

Platt's way fits a logistic curve with his smoothed targets (Platt, 1999); the isotonic way fits the best rising steps
by pooling neighbours (Zadrozny and Elkan, 2002) and joins the steps' middles by lines. The first wants tens of labels,
the second hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Method = Literal["platt", "isotonic"]

_NEWTON_STEPS = 100
_NUM_BINS = 10


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A rising curve from scores to probabilities, as points that lines join; flat beyond the ends."""

    scores: Floats
    probabilities: Floats

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        return np.interp(np.asarray(scores, np.float64), self.scores, self.probabilities)


class Quality(NamedTuple):
    """How good probabilities are, on labels that they were not learnt from."""

    num_labels: int
    num_relevant: int
    area: float
    """Under the ROC curve."""
    calibration_error: float
    """Expected calibration error, in ten bins of equal counts."""
    brier: float


def calibrate(scores: npt.ArrayLike, labels: npt.ArrayLike, method: Method = "platt") -> Calibration:
    """Learn the curve.

    Raises:
        ConfigError: all labels are the same.
    """
    scores_N, labels_N = np.asarray(scores, np.float64), np.asarray(labels, bool)
    if labels_N.all() or not labels_N.any():
        raise ConfigError(
            f"Of {len(labels_N)} labelled examples {int(labels_N.sum())} are relevant.",
            "A probability is learnt from both kinds.",
            "Label examples of the other kind.",
        )
    return _platt(scores_N, labels_N) if method == "platt" else _isotonic(scores_N, labels_N)


def quality(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Quality:
    """Area, calibration error and Brier score."""
    probabilities_N, labels_N = np.asarray(probabilities, np.float64), np.asarray(labels, bool)
    return Quality(
        num_labels=len(labels_N),
        num_relevant=int(labels_N.sum()),
        area=area_under_curve(probabilities_N, labels_N),
        calibration_error=_calibration_error(probabilities_N, labels_N),
        brier=float(np.mean((probabilities_N - labels_N) ** 2)),
    )


def area_under_curve(scores_N: Floats, labels_N: Labels) -> float:
    """The chance that a relevant example has the higher score; ties count half. NaN where one kind is missing."""
    num_relevant = int(labels_N.sum())
    num_other = len(labels_N) - num_relevant
    if not num_relevant or not num_other:
        return float("nan")
    _, groups, counts = np.unique(scores_N, return_inverse=True, return_counts=True)
    middle_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = middle_ranks[groups][labels_N].sum()
    return float((rank_sum - num_relevant * (num_relevant + 1) / 2) / (num_relevant * num_other))


def _calibration_error(probabilities_N: Floats, labels_N: Labels) -> float:
    order = np.argsort(probabilities_N, kind="stable")
    bins = [part for part in np.array_split(order, _NUM_BINS) if len(part)]
    gaps = [len(part) * abs(probabilities_N[part].mean() - labels_N[part].mean()) for part in bins]
    return float(sum(gaps) / len(labels_N))


def _platt(scores_N: Floats, labels_N: Labels) -> Calibration:
    num_relevant, num_other = labels_N.sum(), (~labels_N).sum()
    targets_N = np.where(labels_N, (num_relevant + 1) / (num_relevant + 2), 1 / (num_other + 2))
    mean, scale = scores_N.mean(), scores_N.std() or 1.0
    x_N2 = np.stack([(scores_N - mean) / scale, np.ones(len(scores_N))], axis=1)
    weights_2 = np.array([0.0, np.log((num_relevant + 1) / (num_other + 1))])
    for _ in range(_NEWTON_STEPS):
        p_N = 1 / (1 + np.exp(-np.clip(x_N2 @ weights_2, -35, 35)))
        gradient_2 = x_N2.T @ (p_N - targets_N)
        curvature_22 = (x_N2 * (p_N * (1 - p_N))[:, None]).T @ x_N2 + 1e-6 * np.eye(2)
        step_2 = np.linalg.solve(curvature_22, gradient_2)
        # NOTE: where few are relevant a whole Newton step overshoots, and the next one runs away.
        length, loss = 1.0, _logistic_loss(x_N2 @ weights_2, targets_N)
        while _logistic_loss(x_N2 @ (weights_2 - length * step_2), targets_N) > loss and length > 1e-6:
            length /= 2
        weights_2 = weights_2 - length * step_2
        if np.abs(step_2).max() < 1e-9:
            break
    slope, intercept = max(weights_2[0], 0.0) / scale, weights_2[1] - max(weights_2[0], 0.0) * mean / scale
    points = np.linspace(-1.0, 1.0, 2001)  # similarities lie between
    return Calibration(scores=points, probabilities=1 / (1 + np.exp(-np.clip(slope * points + intercept, -35, 35))))


def _logistic_loss(logits_N: Floats, targets_N: Floats) -> float:
    return float(np.sum(np.logaddexp(0.0, logits_N) - targets_N * logits_N))


def _isotonic(scores_N: Floats, labels_N: Labels) -> Calibration:
    order = np.argsort(scores_N, kind="stable")
    blocks: list[list[float]] = []  # sum of labels, number, sum of scores
    for score, label in zip(scores_N[order], labels_N[order], strict=True):
        blocks.append([float(label), 1.0, float(score)])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            total, number, sum_of_scores = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + number, blocks[-1][2] + sum_of_scores]
    certain = 1 / (len(labels_N) + 2)  # no step is
    return Calibration(
        scores=np.array([sum_of_scores / number for _, number, sum_of_scores in blocks]),
        probabilities=np.clip([total / number for total, number, _ in blocks], certain, 1 - certain),
    )
