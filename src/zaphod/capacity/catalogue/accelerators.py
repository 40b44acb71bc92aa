"""Accelerators as they are sold: dense peaks, memory, links and power; knows no prices and no models."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.capacity.catalogue.sources import Source, find, read_rows
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """One device. Rates are dense peaks of its data sheet, in operations, bytes and watts."""

    name: str
    """As people type it, for instance `h100`."""
    title: str
    vendor: str
    """`nvidia`, `amd`, `apple`, ..."""
    aliases: tuple[str, ...] = ()
    """Other spellings, as measured tables have them."""
    memory_bytes: float
    """What the driver reports as usable."""
    bandwidth: float
    """Bytes a second of its memory."""
    peak_flops: Mapping[str, float]
    """Operations a second by number format: `bf16`, `fp8`, `int8`, `fp4`, ... Formats that it lacks are left out."""
    link_bandwidth: float
    """Bytes a second to another device of the same node, one direction."""
    network_bandwidth: float
    """Bytes a second to another node, one direction, for each device; 0 where it is not made for clusters."""
    devices_per_node: int
    power_w: float
    """The limit that it is sold with."""
    source: Source

    def __post_init__(self) -> None:
        object.__setattr__(self, "aliases", tuple(self.aliases))
        if min(self.memory_bytes, self.bandwidth, self.link_bandwidth, self.power_w, self.devices_per_node) <= 0:
            raise ConfigError(f"Accelerator {self.name!r} has a figure of 0 or less.", "", "Mend its row.")
        if not {"bf16", "fp16", "fp32"} & set(self.peak_flops):
            raise ConfigError(f"Accelerator {self.name!r} has no peak in bf16, fp16 or fp32.", "", "Mend its row.")

    def peak(self, number_format: str) -> float:
        """Operations a second in a number format: of `bf16` where it lacks that one, of `fp16`, then `fp32` without."""
        return next(
            self.peak_flops[name] for name in (number_format, "bf16", "fp16", "fp32") if name in self.peak_flops
        )


@functools.cache
def accelerators() -> Mapping[str, Accelerator]:
    """All rows of `hardware.toml`, by name."""
    return read_rows("hardware.toml", Accelerator)


def accelerator(name: str) -> Accelerator:
    """The one of that name or alias. Raises `ConfigError` where none is known; names the nearest."""
    for row in accelerators().values():
        if name.lower() in (alias.lower() for alias in row.aliases):
            return row
    return find(accelerators(), name, "accelerator")
