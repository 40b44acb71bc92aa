"""Patterns that run: one pass over a text for all of them, then each that hit by itself; knows neither rules nor views.

RE2 reads UTF-8 and counts bytes; we count characters. A half of a surrogate pair has no UTF-8: it is read as `?`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import re2

from zaphod.safety.guard.rules.nodes import Node
from zaphod.safety.guard.rules.prefixes import pending_source
from zaphod.safety.guard.rules.source import options, source_of
from zaphod.safety.guard.rules.syntax import PatternError

MAX_PROGRAM = 100_000
"""Instructions of one pattern."""
_SET_BYTES = 96 << 20
_ALWAYS = rb"\A"


class MatchError(RuntimeError):
    """RE2 gave up on a text: what it would have found is unknown."""


class Encoded:
    """A text with its UTF-8, and the way back from bytes to characters. For one thread.

    Args:
        text: any `str`.
    """

    __slots__ = ("_bytes", "_characters", "_is_ascii", "data", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("utf-8", "replace")
        self._is_ascii = len(self.data) == len(text)
        self._bytes = self._characters = 0

    def character(self, offset: int) -> int:
        """Which character begins at a byte. Cheap if offsets mostly grow."""
        if self._is_ascii:
            return offset
        if offset < self._bytes:
            self._bytes = self._characters = 0
        self._characters += len(self.data[self._bytes : offset].decode())
        self._bytes = offset
        return self._characters

    def byte(self, character: int) -> int:
        """At which byte a character begins."""
        return character if self._is_ascii else len(self.text[:character].encode("utf-8", "replace"))


class Program:
    """One pattern.

    Args:
        node: its tree.
        is_case_sensitive: whether capitals are told from small letters.

    Raises:
        PatternError: it needs more than RE2 gives, or than we do.
    """

    def __init__(self, node: Node, *, is_case_sensitive: bool = False) -> None:
        self.source = source_of(node, is_case_sensitive=is_case_sensitive).encode("utf-8", "replace")
        self._regexp = _compile(self.source)
        self.size = self._regexp.programsize
        if self.size > MAX_PROGRAM:
            found, wanted = f"takes {self.size:,} instructions", f"At most {MAX_PROGRAM:,}."
            raise PatternError(found, wanted, "Ask for fewer repetitions, or smaller sets.")
        self._groups = range(1, self._regexp.groups + 1)

    def spans(self, text: Encoded, start: int = 0) -> Iterator[tuple[int, int]]:
        """Where it matches, from the left, in characters; no two overlap.

        Args:
            text: where to look.
            start: the first character that a match may have.
        """
        at = text.byte(start)
        while (match := self._regexp.search(text.data, at)) is not None:
            first, at = next(match.span(group) for group in self._groups if match.start(group) >= 0)
            yield text.character(first), text.character(at)


class Sieve:
    """Many patterns at once: which of them match somewhere, in one pass.

    Args:
        programs: the patterns.
    """

    def __init__(self, programs: Sequence[Program]) -> None:
        self._set = re2.Set.SearchSet(options(max_bytes=_SET_BYTES))
        self._set.Add(_ALWAYS)
        for program in programs:
            self._set.Add(program.source)
        self._set.Compile()

    def matching(self, text: Encoded) -> list[int]:
        """Indices of the patterns that match.

        Raises:
            MatchError: RE2 ran out of memory. It says so by finding nothing, not even what is always there.
        """
        found = self._set.Match(text.data)
        if not found or 0 not in found:
            raise MatchError("RE2 ran out of memory")
        return sorted(index - 1 for index in found if index)


class Tail:
    """Where a match of any of many patterns may have begun that the end of the text has cut off.

    Args:
        patterns: trees, and whether capitals are told from small letters.
    """

    def __init__(self, patterns: Sequence[tuple[Node, bool]]) -> None:
        sources = [pending_source(node, is_case_sensitive=exact) for node, exact in patterns]
        joined = "|".join(dict.fromkeys(source for source in sources if source))
        self._regexp = _compile(f"(?:{joined})\\z".encode("utf-8", "replace")) if joined else None

    def start(self, text: Encoded) -> int | None:
        """The first character of what may become a match; None if nothing may."""
        match = None if self._regexp is None else self._regexp.search(text.data)
        return None if match is None or match.start() == match.end() else text.character(match.start())


def _compile(source: bytes) -> re2._Regexp:
    try:
        # Not re2.compile: its cache would hold on to hundreds of programs of other policies.
        return re2._Regexp(source, options())
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise PatternError(f"RE2 refuses: {reason[:200]}", "It must run in RE2.", "Make it smaller.") from error
