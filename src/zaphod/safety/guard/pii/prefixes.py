"""From a pattern, the pattern of everything that may still become a match; knows patterns, not texts.

A stream is checked while it is being written. What has come so far must wait exactly if it ends with a beginning of
something that would be found, so the beginnings are derived from the pattern itself, and cannot be forgotten. For a
sequence x y they are the beginnings of x, and x followed by the beginnings of y; for x{m,n} up to n - 1 times x
followed by the beginnings of x.

Understood is the part of RE2's syntax that our tables use: characters, escapes, classes, `(?:)`, `(?i:)`,
`(?P<value>)`, `|` and `? * + {m,n}`. A `value` group stands at the top level; only what begins inside it waits, since
what stands before it is context and may be shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_MOST_COUNTED: Final = 4
"""Longer runs of one class of characters are not counted: whether 9 or 10 digits have come changes nothing for what
waits, and an automaton that counts is many times larger."""
_QUANTIFIER: Final = re.compile(r"(?:([?*+])|\{(\d+)(?:(,)(\d*))?\})\??")
_ATOM: Final = re.compile(
    r"\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\.|\[(?:\\.|[^\]\\])+\]|[^\\\[\](){}|?*+]", re.DOTALL
)
_GROUP: Final = re.compile(r"\((?:\?:|\?i:|\?P<value>|(?!\?))")


@dataclass(frozen=True)
class Piece:
    """A part of a pattern: itself, and all its beginnings, the empty one among them."""

    full: str
    beginnings: str
    is_value: bool = False
    is_atom: bool = False


def beginnings_of(pattern: str) -> str:
    """A pattern whose only group holds the end of a text that may become (the value of) a match of `pattern`.

    It is to be searched with the end of the text as its end (`\\z` behind it). The empty end is one too.

    Raises:
        ValueError: `pattern` uses syntax that is not understood.
    """
    parser = _Parser(pattern)
    pieces = parser.branches()
    if parser.place != len(pattern):
        raise ValueError(f"{pattern!r} cannot be read at {parser.place}: {pattern[parser.place : parser.place + 10]!r}")
    if len(pieces) > 1:
        return f"({_alternatives(pieces).beginnings})"
    values = [place for place, piece in enumerate(pieces[0]) if piece.is_value]
    first = values[0] if values else 0
    before = "".join(piece.full for piece in pieces[0][:first])
    return f"{before}({_sequence(pieces[0][first:]).beginnings})"


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0

    def branches(self) -> list[list[Piece]]:
        found = [self._pieces()]
        while self.pattern[self.place : self.place + 1] == "|":
            self.place += 1
            found.append(self._pieces())
        return found

    def _pieces(self) -> list[Piece]:
        pieces: list[Piece] = []
        while self.place < len(self.pattern) and self.pattern[self.place] not in "|)":
            piece = self._piece()
            if quantifier := _QUANTIFIER.match(self.pattern, self.place):
                self.place = quantifier.end()
                piece = _repeated(piece, quantifier)
            pieces.append(piece)
        return pieces

    def _piece(self) -> Piece:
        if group := _GROUP.match(self.pattern, self.place):
            return self._group(group)
        atom = _ATOM.match(self.pattern, self.place)
        if atom is None:
            raise ValueError(f"{self.pattern!r} cannot be read at {self.place}")
        self.place = atom.end()
        return Piece(atom.group(), f"(?:{atom.group()})?", is_atom=True)

    def _group(self, opening: re.Match[str]) -> Piece:
        self.place = opening.end()
        inner = _alternatives(self.branches())
        if self.pattern[self.place : self.place + 1] != ")":
            raise ValueError(f"{self.pattern!r} lacks a closing parenthesis at {self.place}")
        self.place += 1
        flags = "(?i:" if opening.group() == "(?i:" else "(?:"
        is_value = opening.group() == "(?P<value>"
        return Piece(f"{flags}{inner.full})", f"{flags}{inner.beginnings})", is_value=is_value)


def _repeated(piece: Piece, quantifier: re.Match[str]) -> Piece:
    mark, lower, comma, upper = quantifier.groups()
    if mark:
        least, most = int(mark == "+"), 1 if mark == "?" else None
    else:
        least, most = int(lower), (int(upper) if upper else None) if comma else int(lower)
    if piece.is_atom and (most is None or most > _MOST_COUNTED):
        return Piece(f"{piece.full}{'+' if least else '*'}", f"{piece.full}*")
    full = f"{piece.full}{quantifier.group()}"
    if piece.is_atom:
        return Piece(full, f"{piece.full}{{0,{most}}}")
    repeats = f"{{0,{most - 1}}}" if most is not None else "*"
    return Piece(full, f"(?:{piece.full}{repeats}{piece.beginnings})" if most != 1 else piece.beginnings)


def _sequence(pieces: list[Piece]) -> Piece:
    full = "".join(piece.full for piece in pieces)
    beginnings = ""
    for piece in reversed(pieces):
        if not beginnings:
            beginnings = piece.beginnings
        elif piece.is_atom:
            beginnings = f"(?:{piece.full}{beginnings})?"
        else:
            beginnings = f"(?:{piece.beginnings}|{piece.full}{beginnings})"
    return Piece(full, beginnings)


def _alternatives(branches: list[list[Piece]]) -> Piece:
    pieces = [_sequence(branch) for branch in branches]
    if len(pieces) == 1:
        return pieces[0]
    full = "|".join(piece.full for piece in pieces)
    return Piece(f"(?:{full})", f"(?:{'|'.join(piece.beginnings for piece in pieces)})")
