"""How long a whole training run takes: steps, faults, checkpoints; knows no models and no layouts.

F4. With C the seconds that a checkpoint stops the run and M the mean time between two faults of the whole job,
checkpoints every `sqrt(2 C M)` seconds lose least (Young 1974; Daly 2006, doi 10.1016/j.future.2004.11.016).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.capacity.estimate import Estimate, product
from zaphod.core.errors import ConfigError

_DEVICE_MTBF_H = 54 * 24 * 16384 / 419
"""Device hours for each unexpected interruption: 419 in 54 days on 16,384 devices (arXiv 2407.21783, section 3.3.4)."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """What goes wrong, and what it costs."""

    device_mtbf_h: float = _DEVICE_MTBF_H
    """Device hours for each fault that stops the job: of N devices one every so many hours over N."""
    checkpoint_s: float = 30.0
    """That the job stands still for one checkpoint; copies to storage run beside the next steps."""
    restart_s: float = 300.0
    """From a fault to the next step: detection, replacement, loading. With 30 s for each checkpoint it gives Llama-3's
    "higher than 90 %" of 16,384 devices (arXiv 2407.21783, section 3.3.4)."""
    availability: float = 0.99
    """Share of the calendar in which the devices are there at all: maintenance taken off."""

    def __post_init__(self) -> None:
        for name in ("device_mtbf_h", "checkpoint_s", "restart_s"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be above 0.", f"Raise {name}.")
        if not 0 < self.availability <= 1:
            raise ConfigError(f"availability is {self.availability}.", "It must lie in (0, 1].", "Change it.")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training run on a fixed number of devices."""

    num_steps: int
    num_devices: int
    mtbf_s: float
    """Mean time between two faults of the job."""
    checkpoint_interval_s: float
    goodput: Estimate
    """Share of the calendar in which steps advance that need not be done again."""
    days: Estimate
    device_hours: Estimate


def checkpoint_interval_s(checkpoint_s: float, mtbf_s: float) -> float:
    """Young's and Daly's optimum: 60 s and a fault every 3 hours make 19 minutes."""
    return math.sqrt(2 * checkpoint_s * mtbf_s)


def goodput(num_devices: int, reliability: Reliability) -> Estimate:
    """Availability times what checkpoints, work done twice and restarts leave.

    Raises:
        ConfigError: faults come faster than the job restarts.
    """
    mtbf_s = reliability.device_mtbf_h * 3600 / num_devices
    interval_s = checkpoint_interval_s(reliability.checkpoint_s, mtbf_s)
    writing = reliability.checkpoint_s / interval_s
    repeating = (interval_s / 2 + reliability.restart_s) / mtbf_s
    left = (1 - writing) * (1 - repeating)
    if repeating >= 1:
        raise ConfigError(
            f"{num_devices} devices fail every {mtbf_s:.0f} s, and a restart takes {reliability.restart_s:.0f} s.",
            "The job would never advance.",
            "Use fewer devices, or spare ones that take over at once.",
        )
    value = reliability.availability * left
    # Clusters' fault rates differ by a factor of 2 or so; the loss grows with the root of the rate at first.
    loss = 1 - value
    return Estimate(
        value=value,
        low=max(1 - 2 * loss, value / 2),
        high=1 - loss / 2,
        unit="",
        basis=(
            f"a fault every {mtbf_s / 3600:.3g} h ({reliability.device_mtbf_h:.3g} device hours; arXiv 2407.21783)",
            f"a checkpoint every {interval_s / 60:.3g} min, availability {reliability.availability:g}",
        ),
    )


def run_time(
    step: Estimate,
    *,
    tokens: float,
    tokens_per_step: int,
    num_devices: int,
    reliability: Reliability | None = None,
    programme: float = 1.0,
) -> Run:
    """How long it takes to train on so many tokens.

    Args:
        step: seconds of one optimiser step.
        tokens: that are trained on.
        tokens_per_step: of one optimiser step.
        num_devices: that are paid for.
        reliability: faults and what they cost; those of a large H100 cluster unless given.
        programme: how many times the run's own hours a whole programme may take at most (first tries, longer contexts,
            repeated stretches); widens the interval upwards.

    Raises:
        ConfigError: a count is not above 0, or faults come faster than the job restarts.
    """
    for name, value in (("tokens", tokens), ("tokens_per_step", tokens_per_step), ("num_devices", num_devices)):
        if not value > 0:
            raise ConfigError(f"{name} is {value}.", "It must be above 0.", f"Raise {name}.")
    assumed = reliability or Reliability()
    share = goodput(num_devices, assumed)
    num_steps = math.ceil(tokens / tokens_per_step)
    busy = step.scaled(num_steps / 3600, "h", f"{num_steps:,} steps of {tokens_per_step:,} tokens")
    hours = product(busy, share.inverse(1.0, ""), "h")
    hours = Estimate(
        value=hours.value,
        low=hours.low,
        high=hours.high * programme,
        unit="h",
        basis=hours.basis
        if programme == 1
        else (*hours.basis, f"a whole programme takes up to {programme:g} times its run"),
    )
    mtbf_s = assumed.device_mtbf_h * 3600 / num_devices
    return Run(
        num_steps=num_steps,
        num_devices=num_devices,
        mtbf_s=mtbf_s,
        checkpoint_interval_s=checkpoint_interval_s(assumed.checkpoint_s, mtbf_s),
        goodput=share,
        days=hours.scaled(1 / 24, "d"),
        device_hours=hours.scaled(num_devices, "GPU-h"),
    )
