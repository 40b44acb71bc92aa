"""What a figure must be printed beside: machine, versions, date, load; measures nothing."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from dataclasses import asdict
from typing import Any

from zaphod import __version__
from zaphod.capacity.hardware import this_machine
from zaphod.compute.kernels import dispatch

_LIBRARIES = ("numpy", "torch", "transformers")


def describe_environment() -> dict[str, Any]:
    """Plain data, fit for JSON."""
    machine = asdict(this_machine())
    wanted = ("cpu_model", "architecture", "instruction_sets", "num_cores", "memory_bytes")
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **{name: machine[name] for name in wanted},
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {"zaphod": __version__} | {name: _version(name) for name in _LIBRARIES},
        "native_kernels": dispatch.instruction_set() if dispatch.native_is_available() else "not there",
        "load_average": os.getloadavg()[0],
    }


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
