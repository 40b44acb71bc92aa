"""Logistic regression with an L2 penalty on sparse rows, by L-BFGS; knows no text.

Minimises `sum_i v_i log(1 + exp(-y_i (w x_i + b))) + penalty / 2 |w|^2` with weights of rows that sum to 1 (the
intercept b is not penalised), by the two-loop recursion (Nocedal and Wright, Numerical Optimization, algorithm 7.4) and
backtracking until Armijo's condition holds. The same input gives the same bits.

Legend: R rows, E entries of all rows, F features.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zaphod.safety.guard.classifiers.arithmetic import Floats, exponential, sigmoid, total

_HISTORY = 10
_ARMIJO = 1e-4
_MAX_HALVINGS = 40


@dataclass(frozen=True, kw_only=True)
class SparseRows:
    """Rows of features.

    Args:
        rows_E: which row each entry belongs to, ascending.
        features_E: which feature it is of.
        values_E: its value.
        num_rows, num_features: the shape.
    """

    rows_E: npt.NDArray[np.int64]
    features_E: npt.NDArray[np.int64]
    values_E: Floats
    num_rows: int
    num_features: int

    def times(self, weights_F: Floats) -> Floats:
        """The product with a vector of features, shape [R]."""
        products_E = self.values_E * weights_F[self.features_E]
        return np.bincount(self.rows_E, products_E, self.num_rows).astype(np.float64, copy=False)

    def transposed_times(self, values_R: Floats) -> Floats:
        """The product of the transposed rows with a vector of rows, shape [F]."""
        products_E = self.values_E * values_R[self.rows_E]
        return np.bincount(self.features_E, products_E, self.num_features).astype(np.float64, copy=False)


@dataclass(frozen=True, kw_only=True)
class LogisticOptions:
    """How far to go."""

    penalty: float = 3e-6
    max_steps: int = 250
    tolerance: float = 1e-5
    """Ends when the gradient's largest entry is below this."""


def fit_logistic(
    rows: SparseRows, is_positive_R: npt.NDArray[np.bool_], row_weights_R: Floats, options: LogisticOptions
) -> tuple[Floats, float]:
    """The weights, shape [F], and the intercept."""
    signs_R = np.where(is_positive_R, 1.0, -1.0)
    row_weights_R = row_weights_R / total(row_weights_R)
    point = np.zeros(rows.num_features + 1)
    loss, gradient = _loss(point, rows, signs_R, row_weights_R, options.penalty)
    history: deque[tuple[Floats, Floats, float]] = deque(maxlen=_HISTORY)
    for _ in range(options.max_steps):
        if float(np.abs(gradient).max()) < options.tolerance:
            break
        step = _direction(gradient, history)
        slope = total(step * gradient)
        size = 1.0 if history else min(1.0, 1.0 / max(total(np.abs(gradient)), 1e-12))
        for _ in range(_MAX_HALVINGS):
            moved = point + size * step
            new_loss, new_gradient = _loss(moved, rows, signs_R, row_weights_R, options.penalty)
            if new_loss <= loss + _ARMIJO * size * slope:
                break
            size *= 0.5
        else:
            break  # no smaller loss that numbers of 64 bits can tell apart
        _remember(history, moved - point, new_gradient - gradient)
        point, loss, gradient = moved, new_loss, new_gradient
    return point[:-1], float(point[-1])


def _loss(
    point: Floats, rows: SparseRows, signs_R: Floats, row_weights_R: Floats, penalty: float
) -> tuple[float, Floats]:
    """The loss and its gradient; the intercept is the last entry."""
    weights_F = point[:-1]
    margins_R = signs_R * (rows.times(weights_F) + point[-1])
    losses_R = _softplus(-margins_R)
    slopes_R = -signs_R * sigmoid(-margins_R) * row_weights_R
    loss = total(row_weights_R * losses_R) + 0.5 * penalty * total(weights_F * weights_F)
    gradient_F = rows.transposed_times(slopes_R) + penalty * weights_F
    return loss, np.append(gradient_F, total(slopes_R))


def _softplus(x: Floats) -> Floats:
    """log(1 + e to the x). Its logarithm is of numbers from 1 to 2, by the series of the inverse hyperbolic tangent."""
    u = exponential(-np.abs(x))
    z = u / (2.0 + u)
    square = z * z
    series = np.full_like(z, 1.0 / 37.0)
    for odd in range(35, 0, -2):
        series = series * square + 1.0 / odd
    return np.maximum(x, 0.0) + 2.0 * z * series


def _direction(gradient: Floats, history: deque[tuple[Floats, Floats, float]]) -> Floats:
    """Where to go: the gradient, turned by what the last steps showed of the curvature."""
    direction = -gradient
    shares = []
    for step, change, inverse in reversed(history):
        share = inverse * total(step * direction)
        shares.append(share)
        direction = direction - share * change
    if history:
        step, change, inverse = history[-1]
        direction = direction / (inverse * total(change * change))
    for (step, change, inverse), share in zip(history, reversed(shares), strict=True):
        direction = direction + step * (share - inverse * total(change * direction))
    return direction


def _remember(history: deque[tuple[Floats, Floats, float]], step: Floats, change: Floats) -> None:
    curvature = total(step * change)
    if curvature > 1e-14:
        history.append((step, change, 1.0 / curvature))
