"""Round values along an axis; knows numbers only."""

from __future__ import annotations

import math
from typing import Final

_SMALLEST: Final = 1e-12
_FEWEST: Final = 3


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten around both ends, in at most `most` steps between them."""
    span, size = high - low, max(abs(high), abs(low))
    if span <= 1e-9 * size or size < _SMALLEST:
        span = size if size >= _SMALLEST else 1.0
    power = 10 ** math.floor(math.log10(span / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * most >= span * 0.999)
    first = math.floor(low / step + 1e-9)
    num_steps = max(1, math.ceil(high / step - first - 1e-9))
    return [step * (first + number) for number in range(num_steps + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten inside of [low, high], both above 0; where there are few, 2 and 5 times them, or round values."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if math.log10(high / low) < 2.5 else (1,)
    ticks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    if len(inside) >= _FEWEST or high >= 10 * low:
        return inside
    return [tick for tick in round_ticks(low, high) if low <= tick <= high] or inside


def short(value: float) -> str:
    """`1500` -> `1.5k`; what stands beside a tick."""
    if value == 0:
        return "0"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9999 * size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"
