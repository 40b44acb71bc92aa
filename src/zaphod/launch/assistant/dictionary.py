"""Definitions from this machine: text files of `word: definition`, or a dictd database; knows no model.

Debian's `dict-wn` puts WordNet (its own free licence) into /usr/share/dictd, where it is found by itself. Nothing is
fetched, and without either there are no definitions.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Protocol

from zaphod.core.errors import ConfigError

DICTD = Path("/usr/share/dictd/wn.index")
_DIGITS = {c: n for n, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
_GLOSS = re.compile(
    r"(?:\b(?:n|v|adj|adv)\b)?\s*\d*\s*:\s*"  # part of speech and number of the first sense
    r"(.+?)"
    r"(?=;\s*\"|\s\[syn:|\s\[ant:|\s(?:\d+|(?:n|v|adj|adv)\s*\d*):|$)"  # an example, relatives, the next sense
)
_MAX_GLOSS = 160


class Dictionary(Protocol):
    """Where words are looked up."""

    @property
    def name(self) -> str:
        """Where it comes from, for people."""

    def define(self, word: str) -> str | None:
        """The first sense, on one line; None for a word that is not there."""


class TextDictionary:
    """Lines `word: definition` of all text files in a folder, or of one file. The first line of a word counts."""

    def __init__(self, path: Path) -> None:
        files = sorted(path.glob("**/*.txt")) if path.is_dir() else [path]
        if not path.exists() or not files:
            raise ConfigError(
                f"There are no definitions in {path}.",
                "A dictionary is a text file with a line `word: definition` for each word, or a folder of such files.",
                "Name one, or leave the option out.",
            )
        self.name = str(path)
        self._entries: dict[str, str] = {}
        for word, gloss in _lines(files):
            self._entries.setdefault(word.strip().lower(), gloss.strip()[:_MAX_GLOSS])

    def define(self, word: str) -> str | None:
        """See `Dictionary`."""
        return self._entries.get(word.lower())


def _lines(files: list[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        for line in file.read_text("utf-8", errors="replace").splitlines():
            word, colon, gloss = line.partition(":")
            if colon and word.strip() and gloss.strip():
                yield word, gloss


class DictdDictionary:
    """A dictd database: an index of words and places beside a compressed text (dictd(8), "Database format")."""

    def __init__(self, index: Path) -> None:
        self.name = str(index)
        self._index = index

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        places: dict[str, tuple[int, int]] = {}
        for line in self._index.read_text("utf-8", errors="replace").splitlines():
            word, _, place = line.partition("\t")
            start, _, size = place.partition("\t")
            if size and set(start + size) <= _DIGITS.keys():
                places.setdefault(word.lower(), (_number(start), _number(size)))
        return places

    @cached_property
    def _text(self) -> bytes:
        packed = self._index.with_suffix(".dict.dz")
        if packed.exists():
            return gzip.decompress(packed.read_bytes())
        return self._index.with_suffix(".dict").read_bytes()

    def define(self, word: str) -> str | None:
        """See `Dictionary`."""
        place = self._places.get(word.lower())
        if place is None:
            return None
        entry = self._text[place[0] : place[0] + place[1]].decode("utf-8", errors="replace")
        found = _GLOSS.search(" ".join(entry.split("\n", 1)[-1].split()))
        return found[1].strip()[:_MAX_GLOSS] if found else None


def _number(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 64 + _DIGITS[digit]
    return value


def find_dictionary(path: Path | None = None) -> Dictionary | None:
    """The dictionary that was named; else the machine's own, if it has one."""
    if path is not None:
        return DictdDictionary(path) if path.suffix == ".index" else TextDictionary(path)
    return DictdDictionary(DICTD) if DICTD.exists() else None
