"""What `zaphod tune` found out about this machine, and where it is kept; knows no measurement.

One small JSON file in the user's cache folder holds an entry for each machine, because home folders are shared: the
key is the processor, the cores that may be used, the instruction set of the kernels, and the memory in gigabytes.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from zaphod.compute.kernels import dispatch

CHUNK_BYTES = 32 * 1024
"""Weights that a thread takes at one time where nothing was measured, as `kChunkBytes` in network.h."""

_log = logging.getLogger(__name__)


class MachineFacts(Protocol):
    """What of a machine decides which entry is its own, see `capacity.hardware.Machine`."""

    @property
    def cpu_model(self) -> str: ...

    @property
    def num_cores(self) -> int: ...

    @property
    def memory_bytes(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Margin:
    """How much faster than the default a chosen value was, and how far the default lay from itself."""

    gain: float
    """0.05 for 5 % faster; what was not faster beyond the noise was not chosen."""
    noise: float


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How the native runner computes fastest on one machine."""

    threads: int
    chunk_bytes: int = CHUNK_BYTES
    """Weights that a thread takes at one time."""
    huge_pages: bool = True
    """Whether weights are asked to lie in huge pages."""
    margins: Mapping[str, Margin] = field(default_factory=dict)
    """By field, of those that differ from the default."""
    measured_on: str = ""
    """Name of the model."""
    date: str = ""


def stored_tuning(machine: MachineFacts) -> Tuning | None:
    """What was found for this machine; None where nothing was, or where there are no native kernels."""
    if not dispatch.native_is_available():
        return None
    entry = _read(tuning_file()).get(machine_key(machine))
    try:
        return None if entry is None else _parse(entry, machine)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        _log.warning("%s is damaged (%s) and is not used; `zaphod tune` writes it anew.", tuning_file(), error)
        return None


def store_tuning(machine: MachineFacts, tuning: Tuning) -> Path:
    """Keep it for this machine, beside those of others. Returns the file."""
    entries = {**_read(tuning_file()), machine_key(machine): dataclasses.asdict(tuning)}
    return _write(entries)


def forget_tuning(machine: MachineFacts) -> bool:
    """Remove this machine's entry. Returns whether there was one."""
    entries = _read(tuning_file())
    if entries.pop(machine_key(machine), None) is None:
        return False
    _write(entries)
    return True


def tuning_file(environment: Mapping[str, str] | None = None) -> Path:
    """Where the entries are: `zaphod/tuning.json` in `XDG_CACHE_HOME`, or in `~/.cache`."""
    base = (os.environ if environment is None else environment).get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "zaphod" / "tuning.json"


def machine_key(machine: MachineFacts) -> str:
    """`AMD EPYC, 2 cores, avx512, 25 GB`."""
    parts = [machine.cpu_model, f"{machine.num_cores} cores", dispatch.instruction_set()]
    return ", ".join([*parts, f"{machine.memory_bytes / 1e9:.0f} GB"])


def _parse(entry: Mapping[str, Any], machine: MachineFacts) -> Tuning:
    margins = {name: Margin(**margin) for name, margin in entry["margins"].items()}
    tuning = Tuning(**{**entry, "margins": margins})
    if not (_is_whole(tuning.threads) and 1 <= tuning.threads <= machine.num_cores):
        raise ValueError(f"threads is {tuning.threads!r}")
    if not (_is_whole(tuning.chunk_bytes) and tuning.chunk_bytes >= 1):
        raise ValueError(f"chunk_bytes is {tuning.chunk_bytes!r}")
    if not isinstance(tuning.huge_pages, bool):
        raise ValueError(f"huge_pages is {tuning.huge_pages!r}")
    return tuning


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _read(file: Path) -> dict[str, Any]:
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("%s cannot be read (%s) and is not used; `zaphod tune` writes it anew.", file, error)
        return {}
    return entries if isinstance(entries, dict) else {}


def _write(entries: Mapping[str, Any]) -> Path:
    """Write beside and rename, so that nobody reads half a file."""
    file = tuning_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file
