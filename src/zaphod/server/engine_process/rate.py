"""How many tokens an engine computes a second while it has work; knows its figures and the clock."""

from __future__ import annotations

from zaphod.server.engine_process.messages import Stats

_WINDOW_S = 2.0
_WORTH_TELLING_S = 0.02


class BusyRate:
    """Tokens and busy time of the last seconds of work, idle time left out: short answers count, too.

    Args:
        tokens_per_s: what is told until something was measured.
    """

    def __init__(self, tokens_per_s: float = 0.0) -> None:
        self._tokens_per_s = tokens_per_s
        self._busy_s, self._num_tokens = 0.0, 0.0
        self._last: tuple[float, int] | None = None
        """When and how far the last pass ended, if there was more to do after it."""

    def after(self, stats: Stats, now_s: float) -> float:
        """The rate when a pass has ended with these figures."""
        done = stats.num_prompt_tokens + stats.num_produced_tokens
        if self._last is not None:
            began_s, before = self._last
            self._busy_s += now_s - began_s
            self._num_tokens += done - before
        self._last = (now_s, done) if stats.num_running else None
        if self._busy_s > _WINDOW_S:
            self._busy_s, self._num_tokens = self._busy_s / 2, self._num_tokens / 2
        if self._busy_s > _WORTH_TELLING_S:
            self._tokens_per_s = self._num_tokens / self._busy_s
        return self._tokens_per_s
