"""A machine as far as our engine's speed depends on it: how fast it reads and multiplies; knows no models.

What fits into a processor's caches is read several times as fast as memory, so bandwidth is measured over buffers of
several sizes: a small model lives in the caches for as long as it answers.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from zaphod.capacity.hardware import this_machine
from zaphod.capacity.measurement import Kind, peak_ops, read_bandwidth
from zaphod.core.errors import ConfigError

BUFFER_BYTES: Final = (2_000_000, 8_000_000, 16_000_000, 24_000_000, 32_000_000, 48_000_000, 64_000_000, 256_000_000)
_KINDS: Final[tuple[Kind, ...]] = ("f32", "bf16", "int8")


@dataclass(frozen=True, kw_only=True)
class LocalMachine:
    """What was measured with all threads that the engine will use."""

    name: str
    num_threads: int
    bandwidths: tuple[tuple[float, float], ...]
    """Bytes of a buffer that is read again and again, and bytes a second; buffers grow."""
    peak_ops: Mapping[str, float]
    """Operations a second by what is multiplied: `f32`, `bf16`, `int8`; without those that cannot be measured."""
    cache_bytes: float
    """Of the processor's largest cache; 0 where nobody says."""
    memory_bytes: float
    available_bytes: float
    """Of memory, now."""

    def __post_init__(self) -> None:
        sizes = [size for size, _ in self.bandwidths]
        rates = [rate for _, rate in self.bandwidths] + list(self.peak_ops.values())
        if not sizes or any(one >= other for one, other in pairwise(sizes)) or min(rates) <= 0:
            raise ConfigError(
                f"Bandwidths of {self.name!r} are {self.bandwidths}, peaks {dict(self.peak_ops)}.",
                "There must be some, of growing buffers, all above 0.",
                "Measure the machine again.",
            )

    def bandwidth(self, working_set_bytes: float) -> float:
        """Bytes a second of what is read in turn, all of it so large; between two buffers by its logarithm."""
        sizes = [size for size, _ in self.bandwidths]
        place = bisect_left(sizes, working_set_bytes)
        if place in (0, len(sizes)):
            return self.bandwidths[min(place, len(sizes) - 1)][1]
        (small, fast), (large, slow) = self.bandwidths[place - 1 : place + 1]
        share = math.log(working_set_bytes / small) / math.log(large / small)
        return float(fast * (slow / fast) ** share)

    def peak(self, kind: str) -> float:
        """Operations a second of a kind. Raises `ConfigError` where it was not measured."""
        if kind not in self.peak_ops:
            known = ", ".join(self.peak_ops) or "none"
            raise ConfigError(
                f"How fast {self.name!r} multiplies {kind} is not known.",
                f"Known are {known}: without the native kernels only f32 can be measured.",
                "Install a C++ compiler, then Zaphod again.",
            )
        return self.peak_ops[kind]


def measure_machine(num_threads: int | None = None) -> LocalMachine:
    """This machine, in some seconds; with as many threads as it has cores unless given."""
    machine = this_machine()
    used = machine.num_cores if num_threads is None else num_threads
    peaks = {kind: peak_ops(kind, used) for kind in _KINDS}
    return LocalMachine(
        name=machine.cpu_model,
        num_threads=used,
        bandwidths=tuple((float(size), read_bandwidth(used, size)) for size in BUFFER_BYTES),
        peak_ops={kind: peak for kind, peak in peaks.items() if peak is not None},
        cache_bytes=largest_cache_bytes(),
        memory_bytes=machine.memory_bytes,
        available_bytes=machine.available_memory_bytes,
    )


def largest_cache_bytes(root: Path = Path("/")) -> int:
    """Of one of the processor's caches, as Linux tells it; 0 where it does not."""
    files = (root / "sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    return max((_cache_bytes(file.read_text()) for file in files), default=0)


def _cache_bytes(text: str) -> int:
    """`32768K` -> 33554432; powers of two are meant."""
    found = re.fullmatch(r"(\d+)([KM]?)", text.strip())
    return int(found[1]) * {"": 1, "K": 1024, "M": 1024**2}[found[2]] if found else 0
