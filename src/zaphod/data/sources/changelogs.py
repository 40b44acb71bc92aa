"""Debian changelogs: which version said what, and when; knows no package's content.

Source: Debian Policy, section 4.4. What does not follow it is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

_HEAD: Final = re.compile(r"^([a-z0-9][a-z0-9+.\-]*) \(([^()\s]+)\)[^;\n]*;")
_TAIL: Final = re.compile(r"^ -- .{0,300}?>?  ?((?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2,8} \d{4}.*)$")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One entry: a package's version, what changed with it, and when it came out."""

    package: str
    version: str
    text: str
    timestamp_s: float


def releases(text: str) -> Iterator[Release]:
    """Every entry with a head and a dated tail, in the file's order, which is the newest first."""
    head: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.splitlines():
        if match := _HEAD.match(line):
            head, lines = match, []
        elif head and (tail := _TAIL.match(line)):
            seconds = _seconds(tail[1])
            if seconds is not None:
                yield Release(package=head[1], version=head[2], text=_undented(lines), timestamp_s=seconds)
            head = None
        else:
            lines.append(line)


def _undented(lines: list[str]) -> str:
    return "\n".join(line.removeprefix("  ") for line in lines).strip("\n")


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
