"""Sums and exponentials that give the same bits on every machine; knows no model.

Trained files are rebuilt bit for bit. numpy's `exp` and the products of its linear algebra library differ between
processors in the last bit, so training uses neither: only operations that IEEE 754 defines, in an order that we fix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93145751953125e-1, 1.42860682030941723212e-6
_FACTORIALS = [1.0]
for _n in range(1, 14):
    _FACTORIALS.append(_FACTORIALS[-1] * _n)


def total(values: Floats) -> float:
    """The sum, from first to last."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


def exponential(x: Floats) -> Floats:
    """e to the x, to about 1e-15 of it; x is cut to [-700, 700]."""
    x = np.minimum(np.maximum(x, -700.0), 700.0)
    power = np.floor(x * _LOG2_E + 0.5)
    rest = (x - power * _LN2_HIGH) - power * _LN2_LOW
    value = np.full_like(rest, 1.0 / _FACTORIALS[13])
    for n in range(12, -1, -1):
        value = value * rest + 1.0 / _FACTORIALS[n]
    return np.ldexp(value, power.astype(np.int32))


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + e to the -x)."""
    shrunk = exponential(-np.abs(x))
    return np.where(x >= 0, 1.0, shrunk) / (1.0 + shrunk)
