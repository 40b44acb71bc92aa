"""What a kilowatt hour emits where, what a hall adds to its machines, what making one emits; knows no workloads."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.capacity.catalogue.sources import Source, find, read_rows
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A region's mean over a year, location-based: what its power stations emit, whatever was bought or traded."""

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    g_per_kwh: float
    """Grams of CO2 equivalent for each kilowatt hour."""
    year: int
    source: Source

    def __post_init__(self) -> None:
        object.__setattr__(self, "aliases", tuple(self.aliases))


@dataclass(frozen=True, kw_only=True)
class Facility:
    """A kind of hall."""

    name: str
    title: str
    pue: float
    """Power usage effectiveness: energy of the hall over that of its machines."""
    low: float
    high: float
    water_l_per_kwh: float | None = None
    """Litres of water that the hall itself uses for each kilowatt hour of its machines; None where not published."""
    source: Source

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.pue <= self.high:
            raise ConfigError(
                f"{self.name!r}: a PUE of {self.low}, {self.pue}, {self.high}.", "1 <= low <= pue <= high.", ""
            )


@dataclass(frozen=True, kw_only=True)
class Making:
    """Of one device, by its name in `hardware.toml`."""

    name: str
    kg: float
    """Kilograms of CO2 equivalent, cradle to gate, hosts left out."""
    source: Source


@functools.cache
def makings() -> Mapping[str, Making]:
    """All rows of `making.toml`, by name."""
    return read_rows("making.toml", Making)


@functools.cache
def grids() -> Mapping[str, Grid]:
    """All rows of `grid.toml`, by name."""
    return read_rows("grid.toml", Grid)


@functools.cache
def facilities() -> Mapping[str, Facility]:
    """All rows of `facilities.toml`, by name."""
    return read_rows("facilities.toml", Facility)


def grid(region: str) -> Grid:
    """The one of that name, title or alias. Raises `ConfigError` where none is known; names the nearest."""
    for row in grids().values():
        if region.lower() in (row.title.lower(), *(alias.lower() for alias in row.aliases)):
            return row
    return find(grids(), region, "region")


def facility(name: str) -> Facility:
    """The one of that name. Raises `ConfigError` where none is known; names the nearest."""
    return find(facilities(), name, "facility")
