"""What devices are rented and sold for: bands in US dollars, each with its source and date; knows no workloads."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from zaphod.capacity.catalogue.sources import Source, read_rows
from zaphod.capacity.estimate import Estimate
from zaphod.core.errors import ConfigError

Kind = Literal["on_demand", "reserved", "spot", "purchase"]

_ONE_LISTING = 1.5
"""Factor by which a band around a single listing reaches up and down: the narrowest band of any part that many sellers
list spans more than that."""


@dataclass(frozen=True, kw_only=True)
class PriceBand:
    """What one device costs: US dollars an hour, or once where it is bought. Host and network included when rented."""

    name: str
    """`<accelerator>/<kind>`."""
    low: float | None = None
    """Cheapest listing; None where only one was found."""
    typical: float
    """Median, or the middle of where most listings lie."""
    high: float | None = None
    source: Source

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ConfigError(f"{self.name!r} is of no known kind.", f"Known are {', '.join(get_args(Kind))}.", "")
        low, high = self._ends
        if not 0 < low <= self.typical <= high:
            raise ConfigError(f"The band of {self.name!r} is out of order.", "low <= typical <= high.", "Mend its row.")

    @property
    def _ends(self) -> tuple[float, float]:
        low = self.typical / _ONE_LISTING if self.low is None else self.low
        return low, self.typical * _ONE_LISTING if self.high is None else self.high

    @property
    def accelerator(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def kind(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def as_estimate(self) -> Estimate:
        """The band as a figure with an interval, in `USD/h` (a device) or `USD`."""
        low, high = self._ends
        return Estimate(
            value=self.typical,
            low=low,
            high=high,
            unit="USD" if self.kind == "purchase" else "USD/h",
            basis=(
                f"{self.kind.replace('_', ' ')} price of {self.accelerator}: {self.source.text} ({self.source.date})",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Unpriced:
    """A device for which no price could be sourced."""

    name: str
    reason: str
    source: Source


@functools.cache
def price_bands() -> Mapping[str, PriceBand]:
    """All rows of `prices.toml`, by name."""
    return read_rows("prices.toml", PriceBand)


@functools.cache
def unpriced() -> Mapping[str, Unpriced]:
    """All rows of `unpriced.toml`, by name: what was looked for and not found."""
    return read_rows("unpriced.toml", Unpriced)
