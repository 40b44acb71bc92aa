"""Watts of devices and their hosts from how busy they are (F14); knows no models and no engines.

Decoding hardly ever reaches a device's limit, training nearly always does: one number for both is wrong by a third.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.catalogue.sources import Source, read_rows
from zaphod.capacity.estimate import Estimate
from zaphod.core.errors import ConfigError

_FROM_MEAN = 1.6
"""80 % of normally distributed errors are smaller than so many times their mean size (1.2816 / 0.7979)."""
_SAME_DIE = 1.25
"""How much larger errors are taken to be on a part with the same die and other memory; not measured."""
_OTHER_PART = 2.0
"""The same for any other part: two fitted parts differ by 15 % at the same shares of their limits."""

TRAINING_SHARE = Estimate(
    value=0.91,
    low=0.80,
    high=1.0,
    unit="",
    basis=(
        "training draws 0.89 to 0.93 of the limit on average: 146 MWh in 234,000 h and 681 MWh in 1.05 million h "
        "of H100 (https://muxup.com/2025q4/minipost-olmo3-training-cost)",
    ),
)
"""Mean power of a device in a training run, over its limit."""

_HOST_SHARE = Estimate(
    value=150 / 700,
    low=100 / 700,
    high=350 / 700,
    unit="",
    basis=(
        "host: 1.2 kW for 8 devices of 700 W (EcoLogits), "
        "up to 2.8 kW under full load (8.4 kW measured, arXiv 2412.08602)",
    ),
)
"""Processors, memory, network and fans of a node, for each device, over the device's limit."""


@dataclass(frozen=True, kw_only=True)
class PowerModel:
    """The lines of one part, in watts; a row of `power.toml`."""

    name: str
    same_die: tuple[str, ...] = ()
    base_w: float
    memory_w: float
    flop_w: float
    relative_error: float
    batch_base_w: float
    batch_memory_w: float
    batch_doubling_w: float
    both_relative_error: float
    limit_w: float
    """Of the part that it was fitted on."""
    source: Source

    def scaled_to(self, limit_w: float, error_factor: float) -> PowerModel:
        """The same shares of another limit."""
        factor = limit_w / self.limit_w
        return PowerModel(
            name=self.name,
            base_w=self.base_w * factor,
            memory_w=self.memory_w * factor,
            flop_w=self.flop_w * factor,
            relative_error=self.relative_error * error_factor,
            batch_base_w=self.batch_base_w * factor,
            batch_memory_w=self.batch_memory_w * factor,
            batch_doubling_w=self.batch_doubling_w * factor,
            both_relative_error=self.both_relative_error * error_factor,
            limit_w=limit_w,
            source=self.source,
        )


@functools.cache
def power_models() -> Mapping[str, PowerModel]:
    """All rows of `power.toml`, by name."""
    return read_rows("power.toml", PowerModel, __package__)


def power_model(accelerator: Accelerator) -> PowerModel:
    """The lines of a part: its own, those of a part with its die, or the mean of all as shares of its limit."""
    rows = power_models()
    if accelerator.name in rows:
        return rows[accelerator.name]
    for row in rows.values():
        if accelerator.name in row.same_die:
            return row.scaled_to(accelerator.power_w, _SAME_DIE)
    scaled = [row.scaled_to(accelerator.power_w, _OTHER_PART) for row in rows.values()]
    return PowerModel(
        name="+".join(rows),
        base_w=statistics.mean(row.base_w for row in scaled),
        memory_w=statistics.mean(row.memory_w for row in scaled),
        flop_w=statistics.mean(row.flop_w for row in scaled),
        relative_error=max(row.relative_error for row in scaled),
        batch_base_w=statistics.mean(row.batch_base_w for row in scaled),
        batch_memory_w=statistics.mean(row.batch_memory_w for row in scaled),
        batch_doubling_w=statistics.mean(row.batch_doubling_w for row in scaled),
        both_relative_error=max(row.both_relative_error for row in scaled),
        limit_w=accelerator.power_w,
        source=scaled[0].source,
    )


def device_power(
    accelerator: Accelerator, *, memory_share: float, flop_share: float, sequences: float | None = None
) -> Estimate:
    """Mean watts of one device while it serves.

    F14 alone takes too much for few sequences and too little for many: tensor cores that wait for memory draw power
    long before their share of the peak shows it. Where the number of sequences is given, the mean with a second line
    counts that has the logarithm of it in place of the operations.

    Args:
        accelerator: the device.
        memory_share: bytes moved a second over its memory's bandwidth.
        flop_share: operations a second over its dense peak in the format that it multiplies in.
        sequences: decoded at once by the replica.

    Raises:
        ConfigError: a share lies outside of [0, 1].
    """
    for name, share in (("memory_share", memory_share), ("flop_share", flop_share)):
        if not 0 <= share <= 1:
            raise ConfigError(f"{name} is {share}.", "A share lies between 0 and 1.", "Divide by the device's peak.")
    model = power_model(accelerator)
    raw_w = model.base_w + model.memory_w * memory_share + model.flop_w * flop_share
    error, second = _FROM_MEAN * model.relative_error, ""
    if sequences is not None:
        doublings = math.log2(max(1.0, sequences))
        other_w = model.batch_base_w + model.batch_memory_w * memory_share + model.batch_doubling_w * doublings
        raw_w, error = (raw_w + other_w) / 2, _FROM_MEAN * model.both_relative_error
        second = f", mean with {other_w:.0f} W for {sequences:.0f} sequences"
    limit_w = accelerator.power_w
    how = "" if accelerator.name == model.name else f", shares of the limit taken from {model.name}"
    return Estimate(
        value=min(raw_w, limit_w),
        low=min(raw_w / (1 + error), limit_w),
        high=min(raw_w * (1 + error), limit_w),
        unit="W",
        basis=(
            f"F14: {model.base_w:.0f} + {model.memory_w:.0f} x {memory_share:.3f} "
            f"+ {model.flop_w:.0f} x {flop_share:.3f} W{second}, at most {limit_w:.0f}{how} ({model.source.text})",
        ),
    )


def training_power(accelerator: Accelerator) -> Estimate:
    """Mean watts of one device over a training run."""
    return TRAINING_SHARE.scaled(accelerator.power_w, "W")


def host_power(accelerator: Accelerator) -> Estimate:
    """Watts of the rest of a node for each of its devices.

    Apple's figures are those of whole machines already.
    """
    if accelerator.vendor == "apple":
        return Estimate(value=0.0, low=0.0, high=0.0, unit="W", basis=("the device's power is the whole machine's",))
    return _HOST_SHARE.scaled(accelerator.power_w, "W")


def node_power_w(accelerator: Accelerator, device: Estimate, num_devices: int | None = None) -> Estimate:
    """Watts of a node: its devices at `device` watts each, and the host; of all its devices unless told otherwise."""
    host = host_power(accelerator)
    count = accelerator.devices_per_node if num_devices is None else num_devices
    return Estimate(
        value=(device.value + host.value) * count,
        low=(device.low + host.low) * count,
        high=(device.high + host.high) * count,
        unit="W",
        basis=(*device.basis, *host.basis),
    )
