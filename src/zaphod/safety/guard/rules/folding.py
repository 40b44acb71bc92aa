"""Patterns for texts that were folded: their letters are folded like the text's; knows trees, not why views fold."""

from __future__ import annotations

import functools
from collections.abc import Callable

from zaphod.safety.guard.rules.nodes import (
    EMPTY,
    Characters,
    Choice,
    Edge,
    Gap,
    Node,
    Repeat,
    Sequence,
    choice,
    literal,
    sequence,
    width,
)
from zaphod.safety.guard.rules.source import GAP_CHARACTERS

_MAX_FOLDED_SET = 3000
"""Larger sets, such as all Han characters, are left as they are: they are not folded into other scripts."""
MIN_COMPACT_CHARACTERS = 12
"""Fewer letters stand side by side by chance once spaces are gone."""
MAX_COMPACT_WILDCARDS = 24
MAX_COMPACT_LETTERS = 4
"""More of any letters would run into the next word."""

Fold = Callable[[str], str]


def folded(node: Node, fold: Fold) -> Node:
    """The pattern whose matches are those of `node`, folded."""
    match node:
        case Characters():
            return _folded_characters(node, fold)
        case Sequence(items):
            return sequence(folded(item, fold) for item in items)
        case Choice(options):
            return choice(folded(option, fold) for option in options)
        case Repeat(item, low, high, is_lazy):
            inner = folded(item, fold)
            return inner if inner == EMPTY else Repeat(inner, low, high, is_lazy)
        case Gap() | Edge():
            return node


def _folded_characters(node: Characters, fold: Fold) -> Node:
    if node.single is not None:
        return _folded_letter(node.single, fold)
    if node.is_negated or node.properties or _count(node) > _MAX_FOLDED_SET:
        return node
    spellings = dict.fromkeys(fold(chr(code)) for first, last in node.ranges for code in range(first, last + 1))
    single = sorted({(ord(text), ord(text)) for text in spellings if len(text) == 1})
    options: list[Node] = [Characters(_merged(single))] if single else []
    options += [literal(text) for text in spellings if len(text) != 1]
    return choice(options)


@functools.lru_cache(maxsize=65_536)
def _folded_letter(letter: str, fold: Fold) -> Node:
    return literal(fold(letter))


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and merged[-1][1] == first - 1:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def _count(node: Characters) -> int:
    return sum(last - first + 1 for first, last in node.ranges)


def compacted(node: Node) -> Node | None:
    """The pattern for texts without anything between letters.

    None if too little of it would be left to be sure, or if it spans what it does not name: where there are neither
    words nor lines, that could be anything.
    """
    if _spans_anything(node):
        return None
    bare = _without_gaps(node)
    return bare if width(bare)[0] >= MIN_COMPACT_CHARACTERS else None


def _spans_anything(node: Node) -> bool:
    match node:
        case Repeat(Characters() as letters, _, high) if letters.single is None and not _parts_words(letters):
            return high > (MAX_COMPACT_WILDCARDS if letters.is_negated else MAX_COMPACT_LETTERS)
        case Repeat(item):
            return _spans_anything(item)
        case Sequence(items) | Choice(items):
            return any(_spans_anything(item) for item in items)
        case _:
            return False


def _without_gaps(node: Node) -> Node:
    match node:
        case Gap() | Edge():
            return EMPTY
        case Characters():
            return EMPTY if _parts_words(node) else node
        case Sequence(items):
            return sequence(_without_gaps(item) for item in items)
        case Choice(options):
            return choice(_without_gaps(option) for option in options)
        case Repeat(item, low, high, is_lazy):
            inner = _without_gaps(item)
            return inner if inner == EMPTY else Repeat(inner, low, high, is_lazy)


@functools.cache
def _parts_words(node: Characters) -> bool:
    """Whether it matches only what parts words."""
    inside = all(any(low <= a and b <= high for low, high in GAP_CHARACTERS.ranges) for a, b in node.ranges)
    return inside and not node.properties and not node.is_negated
