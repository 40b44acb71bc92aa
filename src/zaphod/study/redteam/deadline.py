"""Work that is given up when it takes too long; knows nothing of the work. For the main thread of a benchmark only."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class TooLongError(BaseException):
    """The time was up. No `Exception`: a guard that survives its finders' faults must not survive this one."""


@contextmanager
def deadline(limit_s: float) -> Iterator[None]:
    """Raises `TooLongError` inside the block when the time is up. An alarm ends what runs, expressions of `re`, too."""

    def ring(number: int, frame: object) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
