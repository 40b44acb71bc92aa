"""The machine at hand as a device to train on, from peaks that were measured on it; measures nothing itself."""

from __future__ import annotations

import datetime

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.catalogue.sources import Source
from zaphod.core.errors import ConfigError

STACK = "zaphod-cpu"
"""The name of `training.toml` whose constants were fitted on our own training on processors."""

_IDLE_POWER_W = 1.0
"""Not known, and not asked for: what it draws is measured by `capacity.energy`."""


def measured_machine(
    *, bf16_flops: float, read_bandwidth: float, memory_bytes: float, num_threads: int = 1
) -> Accelerator:
    """This machine, as `training.step_time` takes it.

    Args:
        bf16_flops: operations a second of bfloat16 products on all threads that train (`measurement.peak_ops`).
        read_bandwidth: bytes a second of those threads (`measurement.read_bandwidth`).
        memory_bytes: that training may use.
        num_threads: named in the title.

    Raises:
        ConfigError: a figure is not above 0.
    """
    for name, value in (
        ("bf16_flops", bf16_flops),
        ("read_bandwidth", read_bandwidth),
        ("memory_bytes", memory_bytes),
    ):
        if not value > 0:
            raise ConfigError(f"{name} is {value}.", "It must be above 0.", "Run `zaphod doctor`, which measures it.")
    return Accelerator(
        name="this-machine",
        title=f"this machine, {num_threads} threads",
        vendor="cpu",
        memory_bytes=memory_bytes,
        bandwidth=read_bandwidth,
        peak_flops={"bf16": bf16_flops},
        link_bandwidth=read_bandwidth,
        network_bandwidth=0.0,
        devices_per_node=1,
        power_w=_IDLE_POWER_W,
        source=Source(text="measured by `zaphod doctor`", date=datetime.date.today()),
    )
