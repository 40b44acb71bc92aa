"""What finds things in texts: patterns, checksums, classifiers; knows no policy and no verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from zaphod.safety.guard.verdict import Hit, Stage


class View(Protocol):
    """A text as it may be meant, and the way back to the raw one."""

    @property
    def text(self) -> str:
        """What a reader of this view sees."""

    @property
    def chain(self) -> tuple[str, ...]:
        """How it was made from the raw text, in order; empty for the raw text itself."""

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Which characters of the raw text a part of this view came from."""


class Finder(Protocol):
    """Finds one kind of thing. Thread-safe; keeps nothing of what it has seen."""

    @property
    def name(self) -> str:
        """Names it in errors, like `pii` or `classifier.toxicity`."""

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """What is in a text.

        Args:
            views: the text; the first one is the raw text.
            stage: where it is on its way.
        """
