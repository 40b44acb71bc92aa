"""Where the end of a text may still become something; knows the beginnings of patterns, not what they mean.

A stream may show what stands before that place. Whatever is found later begins at or behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from zaphod.safety.guard.pii.prefixes import beginnings_of
from zaphod.safety.guard.pii.reading import Reading
from zaphod.safety.guard.pii.recogniser import Recogniser, compiled, expanded
from zaphod.safety.guard.pii.triggers import Triggers

CONTEXT_CHARACTERS: Final = 160
"""How much of what has been shown already must still be given, so that words before a value are seen."""
_TAIL_BYTES: Final = 480
_TOKEN_BYTES: Final = 8192
"""How long a token without spaces, such as a JSON web token, is followed back."""
_BLOCK_BYTES: Final = 16384
_BLOCK: Final = b"-----BEGIN "
_BLOCK_END: Final = re.compile(rb"-----END [A-Z0-9 ]{0,40}-----")
_SPACE: Final = re.compile(rb"\s")


class Pending:
    """The beginnings of all patterns of a table. Thread-safe."""

    CONTEXT = CONTEXT_CHARACTERS

    def __init__(self, rows: Sequence[Recogniser]) -> None:
        plain = [row for row in rows if "(?P<value>" not in row.pattern]
        valued = [row for row in rows if "(?P<value>" in row.pattern]
        alone = _union([row.pattern for row in plain if row.stands_alone], r"(?:\A|[^0-9A-Za-z_])")
        free = _union([row.pattern for row in plain if not row.stands_alone])
        self._plain = [regex for regex in (alone, free) if regex]
        self._valued = [_union([row.pattern]) for row in valued]
        self._triggers = Triggers(valued, least_score=0.0)

    def start(self, text: str) -> int | None:
        """The first character that has to wait; None if nothing has to."""
        tail = text[-_BLOCK_BYTES:]
        reading = Reading(tail)
        first = _window(reading.data)
        named = self._triggers.named(Reading(reading.text(first, len(reading.data))))
        regexes = [*self._plain, *(self._valued[index] for index in named)]
        places = [place for regex in regexes if (place := _first(regex, reading.data, first)) is not None]
        if not places:
            return None
        return len(text) - len(tail) + reading.character_at(min(places))


def _union(patterns: Iterable[str], before: str = "") -> Any | None:
    parts = [beginnings_of(pattern) for pattern in sorted({expanded(pattern) for pattern in patterns})]
    return compiled(f"{before}(?:{'|'.join(parts)})\\z", 64 << 20) if parts else None


def _first(regex: Any, data: bytes, first: int) -> int | None:
    """Where the leftmost beginning lies that reaches the end; nothing if it is empty."""
    match = regex.search(data, first)
    if match is None:
        return None
    start = min(match.start(group) for group in range(1, regex.groups + 1) if match.start(group) >= 0)
    return start if start < len(data) else None


def _window(data: bytes) -> int:
    """Where to begin to look: far enough back for a long token and for an open block."""
    block = data.rfind(_BLOCK)
    if block >= 0 and not _BLOCK_END.search(data, block):
        return block
    first = max(0, len(data) - _TAIL_BYTES)
    spaces = [match.end() for match in _SPACE.finditer(data, max(0, first - _TOKEN_BYTES), first)]
    first = spaces[-1] if spaces and first else first
    while first < len(data) and data[first] & 0xC0 == 0x80:
        first += 1
    return first
