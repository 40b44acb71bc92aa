"""A text as it may be meant, and the way back to the raw one; knows no transform."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class SpanMap(Protocol):
    """Which characters of the text before made a part of the text after. Intervals are half-open."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The smallest interval before that holds all that made `[start, end)` after."""


class Identity:
    """Every character stayed where it was."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        return start, end


class Reversed:
    """The text was turned round as a whole."""

    def __init__(self, length: int) -> None:
        self._length = length

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._length - end, self._length - start


class Composed:
    """Two maps after one another, the first one made first."""

    def __init__(self, first: SpanMap, second: SpanMap) -> None:
        self._first, self._second = first, second

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._first.span(*self._second.span(start, end))


class Pieces:
    """A text put together of pieces, each of them copied, copied backwards, or made of an interval as a whole."""

    def __init__(self) -> None:
        self._starts: list[int] = []  # of each piece, after
        self._sources: list[tuple[int, int, int]] = []  # its interval before, and its direction: 1, -1, or 0 for made
        self.length = 0

    def copy(self, start: int, end: int, direction: int = 1) -> None:
        """Characters `start` to `end` follow as they are, or backwards with direction -1."""
        self._add(end - start, start, end, direction)

    def put(self, length: int, start: int, end: int) -> None:
        """Characters follow that were made of `start` to `end`, all of them of all of it."""
        self._add(length, start, end, 0)

    def _add(self, length: int, start: int, end: int, direction: int) -> None:
        if length:
            self._starts.append(self.length)
            self._sources.append((start, end, direction))
            self.length += length

    def span(self, start: int, end: int) -> tuple[int, int]:
        if not self._starts:
            return 0, 0
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_left(self._starts, end) - 1, first)
        spans = [self._sources[piece][:2] for piece in range(first + 1, last)]
        spans += [self._part(piece, start, end) for piece in {first, last}]
        return min(span[0] for span in spans), max(span[1] for span in spans)

    def _part(self, piece: int, start: int, end: int) -> tuple[int, int]:
        """The source of that part of a piece which lies in the interval."""
        low, high, direction = self._sources[piece]
        if direction == 0:
            return low, high
        skipped = max(start - self._starts[piece], 0)
        taken = min(end - self._starts[piece], high - low)
        return (low + skipped, low + taken) if direction == 1 else (high - taken, high - skipped)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Characters `start` to `end` become `text`.

    Args:
        start, end: where, before.
        text: what stands there afterwards.
        origins: for each character of `text`, the interval before that it came from; None where all came of all.
    """

    start: int
    end: int
    text: str
    origins: Callable[[], Iterable[tuple[int, int]]] | None = None


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits, which stand in order and do not overlap."""
    parts: list[str] = []
    done = 0
    for edit in edits:
        parts += (text[done : edit.start], edit.text)
        done = edit.end
    parts.append(text[done:])
    return "".join(parts)


def outside(edits: Iterable[Edit], taken: Sequence[tuple[int, int]]) -> Iterator[Edit]:
    """Those that touch no taken interval; both in order."""
    intervals = iter(taken)
    current = next(intervals, None)
    for edit in edits:
        while current is not None and current[1] <= edit.start:
            current = next(intervals, None)
        if current is None or edit.end <= current[0]:
            yield edit


def pieces_of(length: int, edits: Iterable[Edit]) -> Pieces:
    """The map of `edited` for a text of that length."""
    pieces = Pieces()
    done = 0
    for edit in edits:
        pieces.copy(done, edit.start)
        if edit.origins is None:
            pieces.put(len(edit.text), edit.start, edit.end)
        else:
            for start, end in edit.origins():
                pieces.put(1, start, end)
        done = edit.end
    pieces.copy(done, length)
    return pieces


class RawView:
    """The text as it came."""

    __slots__ = ("text",)
    chain: tuple[str, ...] = ()

    def __init__(self, text: str) -> None:
        self.text = text

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        return _inside(start, end, len(self.text))


class DerivedView:
    """A view made of another one.

    Args:
        text: what it reads.
        parent: what it was made of.
        steps: what was done.
        trace: makes the map to the parent; called at the first `raw_span`, because most views are never asked.
    """

    __slots__ = ("_map", "_parent", "_trace", "chain", "text")

    def __init__(
        self, text: str, parent: RawView | DerivedView, steps: tuple[str, ...], trace: Callable[[], SpanMap]
    ) -> None:
        self.text = text
        self.chain: tuple[str, ...] = (*parent.chain, *steps)
        self._parent = parent
        self._trace = trace
        self._map: SpanMap | None = None

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        if self._map is None:
            self._map = self._trace()  # two threads may both make it: it is the same
        return self._parent.raw_span(*self._map.span(*_inside(start, end, len(self.text))))


def _inside(start: int, end: int, length: int) -> tuple[int, int]:
    """The interval, cut to a text of that length."""
    start = min(max(start, 0), length)
    return start, min(max(end, start), length)


AnyView = RawView | DerivedView


def edited_view(view: AnyView, edits: list[Edit], steps: tuple[str, ...]) -> DerivedView:
    """A view with edits, which stand in order and do not overlap."""
    length = len(view.text)
    return DerivedView(edited(view.text, edits), view, steps, lambda: pieces_of(length, edits))
