"""Figures with units as people read them, value and interval on one scale; knows units, not what is measured."""

from __future__ import annotations

from typing import Final, NamedTuple

from zaphod.capacity.estimate import Estimate

_SCALES: Final = {
    "s": ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s")),
    "W": ((1.0, "W"), (1e3, "kW"), (1e6, "MW"), (1e9, "GW")),
    "J": ((1e-3, "mJ"), (1.0, "J"), (1e3, "kJ"), (1e6, "MJ")),
    "B": ((1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB"), (1e15, "PB")),
    "g": ((1e-3, "mg"), (1.0, "g"), (1e3, "kg"), (1e6, "t"), (1e9, "kt")),
    "kg": ((1e-3, "g"), (1.0, "kg"), (1e3, "t"), (1e6, "kt")),
}
_PER: Final = {
    "h": "an hour",
    "hour": "an hour",
    "year": "a year",
    "1M tokens": "a million tokens",
    "M tokens": "a million tokens",
}
_SPELLINGS: Final = {"bytes": "B", "byte": "B", "tok": "tokens", "USD": "$", "US$": "$", "dollars": "$"}


class Told(NamedTuple):
    """A figure in words."""

    value: str
    """With its unit."""
    interval: str
    """`1.2 to 1.9`, without the unit; "" of what is exact."""
    amount: str
    """The value without what it is divided by: `$3.20` of `$3.20 an hour`."""

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})" if self.interval else self.value


def told(estimate: Estimate) -> Told:
    """`2.35 kW` and `2.1 to 2.6`, both scaled by what suits the value."""
    head, slash, rest = estimate.unit.partition("/")
    head = _SPELLINGS.get(head.strip(), head.strip())
    rest = rest.strip()
    if head == "$":
        ends = [money(value) for value in (estimate.value, estimate.low, estimate.high)]
        value = f"{ends[0]} {_PER.get(rest, f'per {rest}')}" if slash else ends[0]
        return Told(value, _interval(ends[1], ends[2]), ends[0])
    size, unit = _scale(head, estimate.value)
    is_exact = estimate.low == estimate.high
    ends = [number(value / size, is_exact=is_exact) for value in (estimate.value, estimate.low, estimate.high)]
    amount = f"{ends[0]} {unit}".strip()
    per = f" {_PER[rest]}" if rest.endswith("M tokens") else slash + rest
    return Told(amount + per, _interval(ends[1], ends[2]), amount)


def number(value: float, *, is_exact: bool = False) -> str:
    """Three digits that count: `0.0123`, `12.0`, `12,300`; of what is exact without zeros at the end, or whole."""
    if value == 0:
        return "0"
    if abs(value) >= 999.5:
        return f"{value if is_exact else float(f'{value:.3g}'):,.0f}"
    if abs(value) < 1e-3:
        return f"{value:.2e}"
    return f"{value:.3g}" if is_exact else f"{value:#.3g}".removesuffix(".")


def money(value: float) -> str:
    """US dollars: `$0.0123`, `$12.30`, `$1,230`, `$1.23 M`."""
    if abs(value) >= 999_500:
        size, letter = (1e9, "bn") if abs(value) >= 999.5e6 else (1e6, "M")
        return f"${value / size:,.3g} {letter}"
    if abs(value) >= 100:
        return f"${float(f'{value:.3g}'):,.0f}"
    return f"${value:.2f}" if abs(value) >= 0.1 or value == 0 else f"${value:.2g}"


def _scale(unit: str, value: float) -> tuple[float, str]:
    steps = _SCALES.get(unit)
    if steps is None:
        return 1.0, unit
    fitting = [step for step in steps if abs(value) >= 0.9995 * step[0]]
    return fitting[-1] if fitting else (steps[0] if value else (1.0, unit))


def _interval(low: str, high: str) -> str:
    return "" if low == high else f"{low} to {high}"
