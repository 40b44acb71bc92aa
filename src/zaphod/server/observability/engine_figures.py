"""The engine's own figures as counters that never fall, whatever happens to its process; knows no request.

The figures come with each pass, and begin at 0 with each process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from zaphod.server.engine_process.messages import Stats
from zaphod.server.engine_process.progress import Health

COUNTERS = (
    "num_queried_tokens",
    "num_hit_tokens",
    "num_preemptions",
    "num_steps",
    "num_prompt_tokens",
    "num_produced_tokens",
    "cpu_s",
)


class EngineView(Protocol):
    """What is looked at; `EngineClient` is one."""

    @property
    def stats(self) -> Stats:
        """Of the process there is now."""

    @property
    def num_restarts(self) -> int:
        """Processes before it."""

    def health(self) -> Health:
        """Whether it answers."""


class EngineFigures:
    """Adds up what all processes of one engine did.

    Args:
        engine: looked at by `follow`.
        on_pass: told the number of tokens of each forward pass.
    """

    def __init__(self, engine: EngineView, on_pass: Callable[[float], None] = lambda num_tokens: None) -> None:
        self.engine = engine
        self._on_pass = on_pass
        self._totals = dict.fromkeys(COUNTERS, 0.0)
        self._last, self._last_restarts = Stats(), engine.num_restarts

    def total(self, counter: str) -> float:
        """One of `COUNTERS` over all processes; looks at the engine first."""
        self.follow()
        return self._totals[counter]

    def follow(self) -> None:
        """Add what was done since the last look. The more often, the finer are the figures of passes."""
        stats, num_restarts = self.engine.stats, self.engine.num_restarts
        if stats is self._last and num_restarts == self._last_restarts:
            return
        before = self._last if self._is_same_process(stats, num_restarts) else Stats()
        added = {name: getattr(stats, name) - getattr(before, name) for name in COUNTERS}
        for name, amount in added.items():
            self._totals[name] += amount
        self._last, self._last_restarts = stats, num_restarts
        self._tell_passes(int(added["num_steps"]), added["num_prompt_tokens"] + added["num_produced_tokens"])

    def _is_same_process(self, stats: Stats, num_restarts: int) -> bool:
        """A counter that fell shows another process, even if nobody said so."""
        has_fallen = any(getattr(stats, name) < getattr(self._last, name) for name in COUNTERS)
        return num_restarts == self._last_restarts and not has_fallen

    def _tell_passes(self, num_passes: int, num_tokens: float) -> None:
        """Several passes between two looks count as equally large: their sum and number stay right."""
        for _ in range(num_passes):
            self._on_pass(num_tokens / num_passes)
