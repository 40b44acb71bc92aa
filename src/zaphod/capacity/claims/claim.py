"""What a claim is, and how its verdict follows from what was claimed and what is computed; computes no figure itself.

The rule. A figure that was claimed (a number, a range or a word) is held against the one that is computed (a number, an
interval or a word). The factor is how far the two ranges lie apart; 1 where they overlap. Up to 1.02 the figure is
right, up to 1.1 about right, beyond that wrong. Some figures are computed under a condition that the claim does not
name: one that agrees stands up for a wrong one of the same claimed value. A claim is

- wrong where a figure is wrong that no other stands up for,
- conditional where all others agree and one under a condition does,
- else as its worst figure;
- not derivable where nothing is computed: the reason stands with it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from zaphod.capacity.catalogue.sources import Source, read_rows
from zaphod.capacity.estimate import Estimate
from zaphod.core.errors import ConfigError

Verdict = Literal["right", "about right", "wrong", "conditional", "not derivable"]
Computed = float | str | Estimate

RIGHT_WITHIN, ABOUT_WITHIN = 1.02, 1.1
FILES = ("architecture", "speed", "training", "cost")

SCALES: Mapping[str, float] = {
    "": 1.0,
    "B": 1e9,
    "M": 1e6,
    "T": 1e12,
    "%": 0.01,
    "GB": 1e9,
    "PB": 1e15,
    "PB/s": 1e15,
    "PF": 1e15,
    "EF": 1e18,
    "FLOP": 1.0,
    "kW": 1e3,
    "MW": 1e6,
    "W": 1.0,
    "s": 1.0,
    "ms": 1e-3,
    "days": 86400.0,
    "tok/s": 1.0,
    "g": 1.0,
    "USD": 1.0,
    "M USD": 1e6,
    "B USD": 1e9,
    "months": 1.0,
    "bits": 1.0,
    "x": 1.0,
    "instances": 1.0,
}
"""Units of printed figures, in the units that functions return."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a claim."""

    what: str
    claimed: float | str | Sequence[float]
    """In `unit`; two numbers are a range."""
    unit: str = ""
    compute: str
    """A name of `registry.functions`."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    condition: str = ""
    """Under which it was computed, where the claim does not name it."""

    def __post_init__(self) -> None:
        if self.unit not in SCALES:
            raise ConfigError(f"{self.what}: unit {self.unit!r} is not known.", f"Known are {', '.join(SCALES)}.", "")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A row of the files of this package."""

    name: str
    claim: str
    formula: str = ""
    """Of docs/planning.md."""
    figures: tuple[Figure, ...] = ()
    reason: str = ""
    """Why it cannot be derived, or what is to be known besides the figures."""
    source: Source

    def __post_init__(self) -> None:
        figures = tuple(each if isinstance(each, Figure) else Figure(**each) for each in self.figures)
        object.__setattr__(self, "figures", figures)
        if not figures and not self.reason:
            raise ConfigError(f"Claim {self.name} has neither figures nor a reason.", "", "Add one.")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A figure beside what the planner computes."""

    figure: Figure
    computed: Computed
    """Numbers in the figure's unit."""
    factor: float
    """How far apart; below 1 where too little was claimed, above 1 where too much; infinite between different words."""

    @property
    def verdict(self) -> Verdict:
        """Of this figure alone."""
        apart = max(self.factor, 1 / self.factor)
        return "right" if apart <= RIGHT_WITHIN else "about right" if apart <= ABOUT_WITHIN else "wrong"


@functools.cache
def claims() -> tuple[Claim, ...]:
    """All of them, in their order."""
    return tuple(claim for name in FILES for claim in read_rows(f"{name}.toml", Claim, __package__).values())


def checked(figure: Figure, computed: Computed) -> Checked:
    """A figure and its factor. `computed` is in the units that functions return."""
    if isinstance(figure.claimed, str) or isinstance(computed, str):
        if not (isinstance(figure.claimed, str) and isinstance(computed, str)):
            raise ConfigError(f"{figure.what}: a word is held against a number.", "", "Compare like with like.")
        return Checked(figure=figure, computed=computed, factor=1.0 if figure.claimed == computed else float("inf"))
    scale = SCALES[figure.unit]
    shown = computed.scaled(1 / scale, figure.unit) if isinstance(computed, Estimate) else computed / scale
    low, high = (shown.low, shown.high) if isinstance(shown, Estimate) else (shown, shown)
    claimed = (figure.claimed,) if isinstance(figure.claimed, int | float) else tuple(figure.claimed)
    least, most = min(claimed), max(claimed)
    factor = least / high if least > high else most / low if most < low else 1.0
    return Checked(figure=figure, computed=shown, factor=factor)


def verdict(figures: Sequence[Checked]) -> Verdict:
    """Of a claim, by the rule above."""
    if not figures:
        return "not derivable"
    agreeing = [each for each in figures if each.figure.condition and each.verdict != "wrong"]
    excused = [each.figure.claimed for each in agreeing]
    if any(each.verdict == "wrong" and each.figure.claimed not in excused for each in figures):
        return "wrong"
    if agreeing:
        return "conditional"
    return "about right" if any(each.verdict == "about right" for each in figures) else "right"
