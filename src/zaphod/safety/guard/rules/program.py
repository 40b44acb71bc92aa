"""Patterns that run: one pass over a text for all of them, then each that hit by itself; knows neither rules nor views.

RE2 reads UTF-8 and counts bytes; we count characters. A half of a surrogate pair has no UTF-8: it is read as `?`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence

import re2

from zaphod.safety.guard.rules.nodes import Node
from zaphod.safety.guard.rules.prefixes import pending_source
from zaphod.safety.guard.rules.source import options, source_of
from zaphod.safety.guard.rules.syntax import MAX_MATCH_CHARACTERS, PatternError

MAX_PROGRAM = 100_000
"""Instructions of one pattern."""
_BATCH_SOURCES = 100_000
_BATCH_PREFIXES = 40_000
_SET_BYTES = 24 << 20
"""What a set and the states that it remembers may take; beyond that, RE2 forgets states and is slower."""
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
    """One pattern. It is compiled when it is first looked for by itself, which most patterns never are.

    Args:
        node: its tree.
        is_case_sensitive: whether capitals are told from small letters.
    """

    def __init__(self, node: Node, *, is_case_sensitive: bool = False) -> None:
        self.source = source_of(node, is_case_sensitive=is_case_sensitive).encode("utf-8", "replace")

    @functools.cached_property
    def _regexp(self) -> re2._Regexp:
        return _compile(self.source)

    @property
    def size(self) -> int:
        """Instructions that RE2 runs."""
        return int(self._regexp.programsize)

    def check(self) -> None:
        """See that it runs.

        Raises:
            PatternError: it needs more than RE2 gives, or than we do.
        """
        if self.size > MAX_PROGRAM:
            found, wanted = f"takes {self.size:,} instructions", f"At most {MAX_PROGRAM:,}."
            raise PatternError(found, wanted, "Ask for fewer repetitions, or smaller sets.")

    def spans(self, text: Encoded, start: int = 0) -> Iterator[tuple[int, int]]:
        """Where it matches, from the left, in characters; no two overlap.

        Args:
            text: where to look.
            start: the first character that a match may have.
        """
        at = text.byte(start)
        groups = range(1, self._regexp.groups + 1)
        while (match := self._regexp.search(text.data, at)) is not None:
            first, at = next(match.span(group) for group in groups if match.start(group) >= 0)
            yield text.character(first), text.character(at)


class Sieve:
    """Many patterns at once: which of them match somewhere, in one pass for each hundred or so.

    Args:
        programs: the patterns.
    """

    def __init__(self, programs: Sequence[Program]) -> None:
        batches = _batches([len(program.source) for program in programs], _BATCH_SOURCES)
        self._sets = [(batch.start, _set_of([programs[index].source for index in batch])) for batch in batches]

    def matching(self, text: Encoded) -> list[int]:
        """Indices of the patterns that match.

        Raises:
            MatchError: RE2 ran out of memory. It says so by finding nothing, not even what is always there.
        """
        matching: list[int] = []
        for first, patterns in self._sets:
            found = patterns.Match(text.data)
            if not found or 0 not in found:
                raise MatchError("RE2 ran out of memory")
            matching += [first + index - 1 for index in found if index]
        return sorted(matching)


class Tail:
    """Where a match of any of many patterns may have begun that the end of the text has cut off.

    Args:
        patterns: trees, and whether capitals are told from small letters.
    """

    def __init__(self, patterns: Sequence[tuple[Node, bool]]) -> None:
        every = [pending_source(node, is_case_sensitive=exact) for node, exact in patterns]
        sources = [source for source in dict.fromkeys(every) if source]
        batches = _batches([len(source) for source in sources], _BATCH_PREFIXES)
        joined = ["|".join(sources[batch.start : batch.stop]) for batch in batches]
        self._regexps = [_compile(source.encode("utf-8", "replace"), is_longest=True) for source in joined]

    def start(self, text: str) -> int | None:
        """The first character of what may become a match; None if nothing may."""
        turned = text[-MAX_MATCH_CHARACTERS:][::-1]
        data = turned.encode("utf-8", "replace")
        matches = (regexp.match(data) for regexp in self._regexps)
        length = max((match.end() for match in matches if match is not None), default=0)
        return len(text) - len(data[:length].decode()) if length else None


def _batches(sizes: Sequence[int], most: int) -> Iterator[range]:
    """Neighbours put together until they are too many, because RE2's time grows faster than what it compiles."""
    first = total = 0
    for index, size in enumerate(sizes):
        if total + size > most and index > first:
            yield range(first, index)
            first, total = index, 0
        total += size
    if sizes:
        yield range(first, len(sizes))


def _set_of(sources: Iterable[bytes]) -> re2.Set:
    patterns = re2.Set.SearchSet(options(max_bytes=_SET_BYTES))
    patterns.Add(_ALWAYS)
    try:
        for source in sources:
            patterns.Add(source)
        patterns.Compile()
    except re2.error as error:
        found, wanted = "RE2 refuses a set of patterns", f"They fit into {_SET_BYTES >> 20} MiB together."
        raise PatternError(found, wanted, "Ask for fewer repetitions.") from error
    return patterns


def _compile(source: bytes, *, is_longest: bool = False) -> re2._Regexp:
    chosen = options()
    chosen.longest_match = is_longest
    try:
        # Not re2.compile: its cache would hold on to hundreds of programs of other policies.
        return re2._Regexp(source, chosen)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise PatternError(f"RE2 refuses: {reason[:200]}", "It must run in RE2.", "Make it smaller.") from error
