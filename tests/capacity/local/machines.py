"""A machine with round figures."""

from __future__ import annotations

from typing import Any

from zaphod.capacity.local.machine import LocalMachine


def machine(**changes: Any) -> LocalMachine:
    parts = {
        "name": "a machine",
        "num_threads": 1,
        "bandwidths": ((1e6, 100e9), (1e8, 10e9)),
        "peak_ops": {"int8": 1e12, "bf16": 5e11, "f32": 2e11},
        "cache_bytes": 0,
        "memory_bytes": 32e9,
        "available_bytes": 20e9,
    }
    return LocalMachine(**(parts | changes))
