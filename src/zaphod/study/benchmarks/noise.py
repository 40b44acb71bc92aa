"""How undisturbed a measurement was: load, and what the machine's cores did for others; knows no measurement.

What others used is the time that all cores were busy, or taken by the host of a virtual machine, less the time that
the measured process used itself.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")
# Fields of the line `cpu`: user nice system idle iowait irq softirq steal. Guests are part of user.
_IDLE = (3, 4)
_NUM_FIELDS = 8


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Of one run."""

    load_average: float
    cpu_share: float
    """Seconds of all cores that the measured process used, over wall time times threads."""
    foreign_share: float | None
    """Share of this machine's cores that others used or the host withheld; None where the system does not tell."""


class Watch:
    """Looks at the machine's counters when it is made, and again when it is asked."""

    def __init__(self) -> None:
        self._begun_s, self._busy_s = time.monotonic(), _busy_seconds()

    def foreign_share(self, own_cpu_s: float) -> float | None:
        """What others used since then, `own_cpu_s` seconds being our own."""
        busy_s = _busy_seconds()
        if busy_s is None or self._busy_s is None:
            return None
        all_s = (time.monotonic() - self._begun_s) * (os.cpu_count() or 1)
        return max(0.0, (busy_s - self._busy_s - own_cpu_s) / all_s)


def _busy_seconds() -> float | None:
    try:
        line = _STAT.read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return None
    fields = [int(word) for word in line.split()[1 : 1 + _NUM_FIELDS]]
    busy = sum(ticks for index, ticks in enumerate(fields) if index not in _IDLE)
    return busy / os.sysconf("SC_CLK_TCK")
