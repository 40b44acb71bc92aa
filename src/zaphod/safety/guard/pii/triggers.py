"""Which recognisers of a table can find anything in a text at all; knows how patterns begin, not what they mean.

Running some two hundred patterns over every text would cost more than all the rest. Most of them cannot match: the
words that they stand behind are not there, or no run of digits is long enough. One automaton of the beginnings of all
those words (a trie once RE2 has factored it) is enough to know. An automaton of whole patterns would count digits for
each of them at once, and take milliseconds to build states for texts that it has not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import re2

from zaphod.safety.guard.pii.reading import Reading
from zaphod.safety.guard.pii.recogniser import Recogniser, compiled, expanded

_LEAD_LETTERS: Final = 6
_MOST_LEADS: Final = 4000
_SET_MEMORY_BYTES: Final = 32 << 20
_WILD: Final = re.compile(r"\\[wWdDsSbB]|[.\[^$]")
_PIECE: Final = re.compile(r"\\x\{[0-9A-Fa-f]+\}|\\.|\[(?:\\.|[^\]\\])+\]|\((?:\?:|\?i:|\?P<value>)?|.", re.DOTALL)
_QUANTIFIER: Final = re.compile(r"[?*+]\??|\{\d+(?:,\d*)?\}\??")

Lead = tuple[str, bool]
"""Some letters, and whether more may follow that count."""


class Triggers:
    """For each row what must be in a text before it is worth looking. Thread-safe."""

    def __init__(self, rows: Sequence[Recogniser], least_score: float) -> None:
        self._needs = _Needs([row.needs for row in rows])
        bounded: dict[str, set[int]] = {}
        free: dict[str, set[int]] = {}
        self._always: set[int] = set()
        for index, row in enumerate(rows):
            words = row.lead or (row.context if row.score < least_score else "")
            leads = leads_of(expanded(words)) if words else frozenset()
            if not leads:
                self._always.add(index)
            for lead in leads:
                (free if row.is_lead_free else bounded).setdefault(lead, set()).add(index)
        self._tries = [_Trie(bounded, r"(?:^|[^0-9A-Za-z])"), _Trie(free, "")]

    def rows(self, reading: Reading) -> list[int]:
        """Which rows may find something, in their order."""
        return sorted(self._needs.rows(reading) & self.named(reading))

    def named(self, reading: Reading) -> set[int]:
        """Rows whose words are in a text, and those that need no words."""
        return self._always.union(*(trie.rows(reading) for trie in self._tries))


class _Needs:
    """Small patterns, all of them in one automaton, and the rows that need them."""

    def __init__(self, needs: Sequence[tuple[str, ...]]) -> None:
        patterns = sorted({pattern for row in needs for pattern in row})
        numbers = {pattern: number for number, pattern in enumerate(patterns)}
        self._needs = [frozenset(numbers[pattern] for pattern in row) for row in needs]
        options = re2.Options()
        options.max_mem = _SET_MEMORY_BYTES
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for pattern in patterns:
            self._set.Add(pattern)
        self._anything = self._set.Add(r"(?s:.|\A)")
        self._set.Compile()

    def rows(self, reading: Reading) -> set[int]:
        """Those whose patterns are all there. A set that has no room left finds nothing at all: then it may be any."""
        present = frozenset(self._set.Match(reading.data) or ())
        has_failed = self._anything not in present
        return {index for index, needs in enumerate(self._needs) if has_failed or needs <= present}


class _Trie:
    """Beginnings of words in one automaton, and the rows they belong to."""

    def __init__(self, rows_of: dict[str, set[int]], before: str) -> None:
        self._rows_of: dict[str, set[int]] = {}
        for lead in sorted(rows_of, key=len):
            shorter = next((lead[:size] for size in range(1, len(lead) + 1) if lead[:size] in self._rows_of), lead)
            self._rows_of.setdefault(shorter, set()).update(rows_of[lead])
        words = "|".join(re.escape(lead) for lead in sorted(self._rows_of))
        self._rows_of = {lead.casefold(): rows for lead, rows in self._rows_of.items()}
        self._all_rows = set[int]().union(*self._rows_of.values())
        self._regex = compiled(f"(?i){before}({words})") if words else None

    def rows(self, reading: Reading) -> set[int]:
        """Those whose words are there. Words may overlap, as "my name" and "name" do."""
        found: set[int] = set()
        place = 0
        while self._regex and (match := self._regex.search(reading.data, place)):
            found |= self._rows_of.get(reading.text(*match.span(1)).casefold(), self._all_rows)
            place = match.start(1) + 1
        return found


def leads_of(pattern: str) -> frozenset[str]:
    """The first letters, in lower case, of everything a pattern matches; empty where it may begin with anything."""
    place, leads = _alternatives(pattern, 0)
    if place != len(pattern):
        raise ValueError(f"{pattern!r} closes a parenthesis too much at {place}")
    words = frozenset(lead for lead, _ in leads)
    return frozenset() if "" in words or len(words) > _MOST_LEADS else words


def _alternatives(pattern: str, place: int) -> tuple[int, set[Lead]]:
    leads: set[Lead] = set()
    while True:
        place, branch = _sequence(pattern, place)
        leads |= branch
        if pattern[place : place + 1] != "|":
            return place, leads
        place += 1


def _sequence(pattern: str, place: int) -> tuple[int, set[Lead]]:
    leads: set[Lead] = {("", True)}
    while place < len(pattern) and pattern[place] not in "|)":
        place, piece = _piece(pattern, place)
        if quantifier := _QUANTIFIER.match(pattern, place):
            place = quantifier.end()
            piece = _repeated(piece, quantifier.group())
        leads = set(_followed(leads, piece))
    return place, leads


def _piece(pattern: str, place: int) -> tuple[int, set[Lead]]:
    token = _PIECE.match(pattern, place)
    assert token is not None
    text = token.group()
    if text.startswith("("):
        place, leads = _alternatives(pattern, token.end())
        return place + 1, leads
    if text.startswith("[") and not text.startswith("[^") and (letters := _few_letters(text[1:-1])):
        return token.end(), {(letter.lower(), True) for letter in letters}
    if _WILD.match(text) or len(text) > 2:
        return token.end(), {("", False)}
    return token.end(), {(text[-1].lower(), True)}


def _few_letters(inside: str) -> str:
    """What a class of a few letters without ranges holds."""
    is_plain = len(inside) <= 8 and "\\" not in inside and "-" not in inside
    return inside if is_plain else ""


def _repeated(piece: set[Lead], quantifier: str) -> set[Lead]:
    """Once is enough for a beginning; what follows a repetition is unknown."""
    if quantifier.startswith("?"):
        return piece | {("", True)}
    may_lack = quantifier.startswith(("*", "{0"))
    return {(lead, False) for lead, _ in piece} | ({("", True)} if may_lack else set())


def _followed(leads: set[Lead], piece: set[Lead]) -> Iterator[Lead]:
    for lead, is_open in leads:
        if not is_open or len(lead) >= _LEAD_LETTERS:
            yield lead, False
        else:
            yield from ((lead + letters, goes_on) for letters, goes_on in piece)
