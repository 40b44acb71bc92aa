"""A pattern's tree as RE2 reads it; knows neither rules nor texts."""

from __future__ import annotations

import functools

import re2

from zaphod.safety.guard.rules.nodes import (
    LINE,
    MAX_GAP,
    TEXT,
    WORD,
    Characters,
    Choice,
    Edge,
    Gap,
    Node,
    Repeat,
    Sequence,
)
from zaphod.safety.guard.rules.syntax import alternatives, split_edges

GAP_CHARACTERS = Characters(
    (
        (0x09, 0x0D),
        (0x20, 0x2F),
        (0x3A, 0x40),
        (0x5B, 0x60),
        (0x7B, 0x7E),
        (0xA0, 0xA0),
        (0xAB, 0xAB),
        (0xBB, 0xBB),
        (0x2010, 0x2027),
        (0x3000, 0x3002),
        (0xFF0C, 0xFF0C),
    )
)
"""What may part two words. Few ranges, because they stand in every pattern several times."""
_NO_LETTER = r"[^\pL\pN_]"
_BEFORE = {WORD: rf"(?:\A|{_NO_LETTER})", LINE: r"(?m:^)", TEXT: r"\A"}
_BEHIND = {WORD: rf"(?:\z|{_NO_LETTER})", LINE: r"(?m:$)", TEXT: r"\z"}
_ASCII_LETTERS = ((48, 57), (65, 90), (95, 95), (97, 122))
_MAX_PROGRAM_BYTES = 256 << 20


def options(*, max_bytes: int = 64 << 20) -> re2.Options:
    """How we run RE2: nothing on standard error, room for what patterns unfold to."""
    chosen = re2.Options()
    chosen.log_errors = False
    chosen.never_nl = False
    chosen.max_mem = min(max_bytes, _MAX_PROGRAM_BYTES)
    return chosen


def source_of(node: Node, *, is_case_sensitive: bool = False) -> str:
    """RE2's pattern. What was found is its first group, because edges of words may need a character beside it.

    RE2 knows words of ASCII letters only. Where a pattern begins and ends with those, its own `\\b` serves; elsewhere
    the character beside it is looked at.
    """
    body = "|".join(_alternative(alternative) for alternative in alternatives(node))
    return body if is_case_sensitive else f"(?i:{body})"


def _alternative(node: Node) -> str:
    before, body, behind = split_edges(node)
    return edge_before(before, body) + f"({plain_source(body)})" + _edge_behind(behind, body)


def edge_before(edge: Edge | None, body: Node) -> str:
    """What stands before a pattern that begins with an edge."""
    if edge is None:
        return ""
    return r"\b" if edge.kind == WORD and _is_ascii_word(body, first=True) else _BEFORE[edge.kind]


def _edge_behind(edge: Edge | None, body: Node) -> str:
    if edge is None:
        return ""
    return r"\b" if edge.kind == WORD and _is_ascii_word(body, first=False) else _BEHIND[edge.kind]


def plain_source(node: Node) -> str:
    """RE2's pattern for a part of one, without groups and edges."""
    match node:
        case Characters():
            return _characters(node)
        case Gap():
            return f"{_characters(GAP_CHARACTERS)}{{1,{MAX_GAP}}}"
        case Sequence(items):
            return "".join(_grouped(item) if isinstance(item, Choice) else plain_source(item) for item in items)
        case Choice(options):
            return "|".join(plain_source(option) for option in options)
        case Repeat(item, low, high, is_lazy):
            return _grouped(item) + _bounds(low, high) + ("?" if is_lazy else "")
        case Edge():
            return ""


def _grouped(node: Node) -> str:
    return plain_source(node) if isinstance(node, Characters) else f"(?:{plain_source(node)})"


def _bounds(low: int, high: int) -> str:
    return "?" if (low, high) == (0, 1) else f"{{{low},{high}}}"


def _characters(node: Characters) -> str:
    if node.single is not None:
        return _code_point(ord(node.single))
    ranges = "".join(
        _code_point(first) if first == last else f"{_code_point(first)}-{_code_point(last)}"
        for first, last in node.ranges
    )
    properties = "".join(f"\\p{{{name}}}" for name in node.properties)
    return f"[{'^' if node.is_negated else ''}{ranges}{properties}]"


@functools.cache
def _code_point(code: int) -> str:
    letter = chr(code)
    return letter if letter.isalnum() and letter.isascii() else f"\\x{{{code:x}}}"


def _is_ascii_word(node: Node, *, first: bool) -> bool:
    """Whether it begins (or ends) with an ASCII letter, digit or underscore, whatever it matches."""
    match node:
        case Characters(ranges, properties, is_negated):
            inside = all(any(low <= a and b <= high for low, high in _ASCII_LETTERS) for a, b in ranges)
            return inside and not properties and not is_negated
        case Sequence(items):
            return _sequence_is_ascii_word(items if first else items[::-1], first=first)
        case Choice(options):
            return all(_is_ascii_word(option, first=first) for option in options)
        case Repeat(item, low):
            return low > 0 and _is_ascii_word(item, first=first)
        case _:
            return False


def _sequence_is_ascii_word(items: tuple[Node, ...], *, first: bool) -> bool:
    for item in items:
        optional = isinstance(item, Repeat) and item.low == 0
        inner = item.item if isinstance(item, Repeat) else item
        if not _is_ascii_word(inner, first=first):
            return False
        if not optional:
            return True
    return False
