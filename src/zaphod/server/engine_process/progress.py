"""How far the engine is, in memory that both processes see: reading it costs the engine nothing.

The engine writes when its loop turned last and how long it expects to be away; whoever asks compares that with the
clock. Nothing is ever generated to find out whether generating works.
"""

from __future__ import annotations

import mmap
import os
import time
from dataclasses import dataclass

_BEAT, _EXPECTED, _PASSES = 0, 1, 2
_NUM_BYTES = 3 * 8

MIN_PATIENCE_S = 1.0
"""Younger than this no silence is a sign: a busy machine keeps every process waiting now and then."""
PATIENCE = 2.0
"""Times the expected duration that a pass may take before the engine counts as stuck."""
IDLE_BEAT_S = 0.25
"""How often the engine's loop turns without work."""


@dataclass(frozen=True)
class Health:
    """Whether requests will be answered, and why (not)."""

    is_ready: bool
    reason: str
    step_age_s: float = 0.0
    """Since the engine's loop turned last."""
    expected_step_s: float = 0.0
    """How long it was expected to be away then."""


class ProgressPage:
    """A few numbers in shared memory. Each is eight aligned bytes, so that none is ever half written.

    Args:
        fd: of the memory, if the other process made it.
    """

    def __init__(self, fd: int | None = None) -> None:
        self.fd = os.memfd_create("zaphod-progress") if fd is None else fd
        if fd is None:
            os.ftruncate(self.fd, _NUM_BYTES)
        self._memory = mmap.mmap(self.fd, _NUM_BYTES)
        self._numbers = memoryview(self._memory).cast("d")

    def beat(self, expected_s: float) -> None:
        """The loop turns; the next turn is expected after so many seconds."""
        self._numbers[_EXPECTED] = expected_s
        self._numbers[_BEAT] = time.monotonic()

    def health(self) -> Health:
        """What the numbers say now."""
        age_s, expected_s = time.monotonic() - self._numbers[_BEAT], self._numbers[_EXPECTED]
        if age_s <= max(MIN_PATIENCE_S, PATIENCE * expected_s):
            return Health(True, "ready", age_s, expected_s)
        reason = f"the engine has been silent for {age_s:.1f} s; its pass was expected to take {expected_s:.2f} s"
        return Health(False, reason, age_s, expected_s)

    def close(self) -> None:
        """Give the memory back; once is enough."""
        if self._memory.closed:
            return
        self._numbers.release()
        self._memory.close()
        os.close(self.fd)


class PassTimer:
    """Learns how long passes take, by their number of tokens.

    Passes of 2^k to 2^(k+1) tokens share a figure: it rises at once and falls slowly, so that it is rarely too low.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def expected_s(self, num_tokens: int) -> float:
        """Scaled from the nearest size that was seen; a minute before any was."""
        if not self._seconds:
            return 60.0
        size = num_tokens.bit_length()
        nearest = min(self._seconds, key=lambda known: abs(known - size))
        return self._seconds[nearest] * 2.0 ** max(0, size - nearest)

    def observe(self, num_tokens: int, seconds: float) -> None:
        """A pass of so many tokens took so long."""
        size = num_tokens.bit_length()
        self._seconds[size] = max(seconds, 0.9 * self._seconds.get(size, 0.0) + 0.1 * seconds)
