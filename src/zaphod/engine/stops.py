"""Ends a text before the first stop text, also across token boundaries; knows text only.

The first is the one whose last character comes first; of two that end together, the longer.
"""

from __future__ import annotations

from collections.abc import Sequence


class StopTexts:
    """Lets text through as it comes, holding back what may be the beginning of a stop text."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.matched: str | None = None
        """The stop text that ended it."""

    def push(self, text: str) -> str:
        """The part of `text` that can be shown now. Nothing more comes once `matched` is set."""
        if self.matched is not None:
            return ""
        self._held += text
        found = [(place, stop) for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if found:
            # The one that is complete first wins, as if characters came one by one: slicing must not show.
            place, self.matched = min(found, key=lambda match: (match[0] + len(match[1]), match[0]))
            shown, self._held = self._held[:place], ""
            return shown
        keep = self._length_of_possible_beginning()
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def finish(self) -> str:
        """What was held back and turned out to be no stop text."""
        shown, self._held = self._held, ""
        return shown

    def _length_of_possible_beginning(self) -> int:
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0
