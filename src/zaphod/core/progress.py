"""How long work tells how far it is; knows amounts and units, not the work.

A function that may take long accepts a `Progress` and announces its steps; whoever calls it decides what is shown.

    with progress.step("reading", total_bytes, "B") as advance:
        for piece in pieces:
            advance(piece.nbytes)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from zaphod.core.units import format_bytes, format_count, format_duration, format_rate

Advance = Callable[[float], None]
"""Tell that this much more is done."""

_SHOW_AFTER_S = 2.0
_TERMINAL_PERIOD_S = 0.1
_PLAIN_PERIOD_S = 10.0


class Progress(Protocol):
    """Whoever listens to long work."""

    def step(self, label: str, total: float, unit: str = "B") -> AbstractContextManager[Advance]:
        """One step of `total` units (`B` for bytes, otherwise a plural noun), 0 if nobody knows; advance it inside."""


class Silent:
    """Listens and shows nothing."""

    @contextmanager
    def step(self, label: str, total: float, unit: str = "B") -> Iterator[Advance]:
        yield lambda amount: None


SILENT = Silent()


class ProgressLines:
    """Shows steps that last more than two seconds: one redrawn line on a terminal, a line every ten seconds elsewhere.

    Args:
        stream: standard error unless given, so that results on standard output stay clean.
        clock: seconds, monotonic.
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock

    @contextmanager
    def step(self, label: str, total: float, unit: str = "B") -> Iterator[Advance]:
        line = _Line(label, total, unit, self._stream, self._clock)
        try:
            yield line.advance
        finally:
            line.close()


class _Line:
    """One step's line: when it is drawn, and what it says."""

    def __init__(self, label: str, total: float, unit: str, stream: TextIO, clock: Callable[[], float]) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._stream, self._clock = stream, clock
        self._done = 0.0
        self._start_s = clock()
        self._is_terminal = stream.isatty()
        self._next_s = self._start_s + _SHOW_AFTER_S
        self._shown_width = 0

    def advance(self, amount: float) -> None:
        self._done += amount
        now_s = self._clock()
        if now_s >= self._next_s:
            self._next_s = now_s + (_TERMINAL_PERIOD_S if self._is_terminal else _PLAIN_PERIOD_S)
            self._draw()

    def close(self) -> None:
        if self._shown_width:
            self._draw()
            if self._is_terminal:
                self._stream.write("\n")
                self._stream.flush()

    def _draw(self) -> None:
        text = self._text()
        if self._is_terminal:
            self._stream.write("\r" + text.ljust(self._shown_width))
        else:
            self._stream.write(text + "\n")
        self._stream.flush()
        self._shown_width = len(text)

    def _text(self) -> str:
        elapsed_s = max(self._clock() - self._start_s, 1e-9)
        rate = self._done / elapsed_s
        if self._total:
            share = min(self._done / self._total, 1.0)
            parts = [f"{self._label}: {share:4.0%}", f"{self._amount(self._done)} of {self._amount(self._total)}"]
        else:
            parts = [f"{self._label}: {self._amount(self._done)}"]
        parts.append(format_rate(rate, "B") if self._unit == "B" else f"{rate:.1f} {self._unit}/s")
        if rate and self._done < self._total:
            parts.append(f"{format_duration((self._total - self._done) / rate)} left")
        return "  ".join(parts)

    def _amount(self, value: float) -> str:
        return format_bytes(value) if self._unit == "B" else f"{format_count(value)} {self._unit}"
