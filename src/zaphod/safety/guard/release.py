"""Text that waits to be let go: how long each part may wait, and what stands in the place of what is withheld.

Knows no finder and no rule. Offsets count characters of the whole stream.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Withheld:
    """An interval that is not let out, and what is instead.

    Args:
        start, end: where.
        replacement: what stands there; nothing where a withheld interval only goes on.
    """

    start: int
    end: int
    replacement: str


class Release:
    """The end of a stream that was not let go yet.

    Args:
        max_delay_tokens: no text waits while more tokens than this follow it.
    """

    def __init__(self, max_delay_tokens: int) -> None:
        self._max_delay_tokens = max_delay_tokens
        self._arrivals: deque[tuple[int, int]] = deque()  # where a push ended, and how many tokens there were by then
        self._tokens = 0
        self._withheld: list[Withheld] = []
        self._covered = 0
        self.done = 0
        """All before this is out, or withheld for good."""

    def arrived(self, end: int, num_tokens: int) -> None:
        """Text up to `end` has come with so many tokens."""
        self._tokens += num_tokens
        self._arrivals.append((end, self._tokens))

    def due(self) -> int:
        """Up to where text has waited as long as it may."""
        due = self.done
        while self._arrivals and (self._is_due(self._arrivals[0][1]) or self._arrivals[0][0] <= self.done):
            due = max(due, self._arrivals.popleft()[0])
        return due

    def _is_due(self, tokens: int) -> bool:
        return self._tokens - tokens >= self._max_delay_tokens

    def withhold(self, start: int, end: int, replacement: str) -> None:
        """Do not let this out. What is out already stays out."""
        if end > self.done:
            insort(self._withheld, Withheld(start, end, replacement))

    def let_go(self, text: str, base: int, limit: int) -> str:
        """What comes out now.

        Args:
            text: the stream from `base` on.
            base: at most `done`.
            limit: nothing from there on.
        """
        pieces: list[str] = []
        while self._withheld and self._withheld[0].start < limit:
            withheld = self._withheld.pop(0)
            if withheld.start >= self._covered:
                pieces += (self._plain(text, base, withheld.start), withheld.replacement)
            self._covered = max(self._covered, withheld.end)
        pieces.append(self._plain(text, base, limit))
        return "".join(pieces)

    def _plain(self, text: str, base: int, end: int) -> str:
        """What is not withheld up to `end`."""
        start = max(self.done, self._covered)
        self.done = max(self.done, end)
        return text[start - base : end - base] if start < end else ""
