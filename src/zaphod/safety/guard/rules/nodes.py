"""A pattern as a tree: what it may match, and how long that is; knows neither how it is written nor what runs it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Characters:
    """One character of a set.

    Args:
        ranges: pairs of code points, both included.
        properties: names of Unicode properties, such as `L` or `Han`.
        is_negated: one character that is in none of them.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    properties: tuple[str, ...] = ()
    is_negated: bool = False

    @functools.cached_property
    def single(self) -> str | None:
        """The character, if there is but one."""
        if self.properties or self.is_negated or len(self.ranges) != 1 or self.ranges[0][0] != self.ranges[0][1]:
            return None
        return chr(self.ranges[0][0])


@dataclass(frozen=True)
class Gap:
    """What stands between two words: white space, punctuation, or both, up to `MAX_GAP` characters."""


@dataclass(frozen=True)
class Edge:
    """A place, not a character: the edge of a word, or of a line."""

    kind: str


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    items: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Choice:
    """The first of these that fits."""

    options: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """The same kind of thing, `low` to `high` times; as few as can be if it is lazy."""

    item: Node
    low: int
    high: int
    is_lazy: bool = False


Node = Characters | Gap | Edge | Sequence | Choice | Repeat

EMPTY = Sequence()
MAX_GAP = 6
WORD, LINE, TEXT = "word", "line", "text"


def literal(text: str) -> Node:
    """These characters, one after the other."""
    return sequence(Characters(((ord(letter), ord(letter)),)) for letter in text)


def sequence(items: Iterable[Node]) -> Node:
    """One after the other, without sequences in sequences."""
    flat: list[Node] = []
    for item in items:
        flat += item.items if isinstance(item, Sequence) else (item,)
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def choice(options: Iterable[Node]) -> Node:
    """Any of these."""
    kept = tuple(options)
    return kept[0] if len(kept) == 1 else Choice(kept)


def width(node: Node) -> tuple[int, int]:
    """The fewest and the most characters that it matches."""
    match node:
        case Characters():
            return 1, 1
        case Gap():
            return 1, MAX_GAP
        case Edge():
            return 0, 0
        case Sequence(items):
            widths = [width(item) for item in items]
            return sum(low for low, _ in widths), sum(high for _, high in widths)
        case Choice(options):
            widths = [width(option) for option in options]
            return min(low for low, _ in widths), max(high for _, high in widths)
        case Repeat(item, low, high):
            fewest, most = width(item)
            return fewest * low, most * high


def size(node: Node) -> int:
    """How many characters it would take to write it without any repetition: what a program for it grows with."""
    match node:
        case Gap():
            return MAX_GAP
        case Sequence(items) | Choice(items):
            return 1 + sum(size(item) for item in items)
        case Repeat(item, _, high):
            return 1 + size(item) * high
        case _:
            return 1
