"""How one kind of thing is recognised: a pattern, a check, its surroundings; knows neither views nor policies.

A pattern proposes, a check (a checksum, a table of lengths) disposes, and the words before it say how sure that is.
Digits alone are evidence of nothing, so a weak check counts only beside a word such as "passport".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import re2

from zaphod.safety.guard.pii.reading import Reading

Check = Callable[[str], int]
"""How many characters of a candidate are the thing, from its first one on; 0 if it is none."""

CONTEXT_BYTES: Final = 80
"""How far before a candidate words count."""
_REFUSAL_BYTES: Final = 32
MANY_DIGITS: Final = r"\d(?:[^0-9A-Za-z\n]{0,3}\d){6}"
"""What every number of seven digits and more needs, however it is grouped."""
_MACROS: Final = {
    "<sep>": r"[ .\-\x{A0}\x{2009}\x{202F}\x{2010}\x{2011}\x{2013}]",
    "<space>": r"[ \x{A0}\x{2009}\x{202F}]",
    "<Upper>": "[A-ZÀ-ÖØ-ÞĀ-ſȘȚΆ-ΫА-ЯЁІЇЄ]",
    "<letter>": "[A-Za-zÀ-ÖØ-öø-ſȘ-țΆ-ώА-яЁІЇЄёіїє]",
    "<Latin>": "[A-ZÀ-ÞĀ-ſ]",
    "<latin>": "[A-Za-zÀ-ſ]",
}


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Something recognised, by bytes of the text that was read."""

    rule: str
    title: str
    start: int
    end: int
    score: float


def whole(predicate: Callable[[str], bool]) -> Check:
    """The check that takes all of a candidate or nothing."""
    return lambda text: len(text) if predicate(text) else 0


def expanded(pattern: str) -> str:
    """A pattern with names such as `<sep>` replaced by what they stand for."""
    for name, meaning in _MACROS.items():
        pattern = pattern.replace(name, meaning)
    return pattern


def compact(text: str) -> str:
    """Only letters and digits, in upper case."""
    return "".join(letter for letter in text if letter.isalnum()).upper()


@dataclass(frozen=True, kw_only=True)
class Recogniser:
    """One row of what can be recognised.

    Args:
        rule: what it is, like `pii.card`.
        title: the same for people.
        pattern: what proposes a candidate: RE2's syntax, `<sep>` and the like; a group `value` is the candidate if the
            pattern holds its surroundings too.
        check: what a candidate has to stand.
        context: words of which one stands before it in `CONTEXT_BYTES`, as a pattern, in any case.
        score: without such a word; 0 where it is nothing without one.
        score_in_context: with one.
        refusal: words directly before it that halve the score, such as "order no".
        glue: what joins it to letters and digits beside it into something else, such as the points of a version.
        stands_alone: whether letters or digits may not touch it.
        lead: words of which one is in every text that has it, as a pattern; `context` where it counts only in context.
        is_lead_free: whether those words may stand inside others.
        needs: patterns that every text with it matches, quick to look for.
        is_token: whether a candidate that was none is left behind as a whole, and not group by group. Needed where a
            pattern has no bound: else a long run would be read once for each of its beginnings.
    """

    rule: str
    title: str
    pattern: str
    check: Check = len
    context: str = ""
    score: float = 1.0
    score_in_context: float = 1.0
    refusal: str = ""
    glue: str = ".-"
    stands_alone: bool = True
    lead: str = ""
    is_lead_free: bool = False
    needs: tuple[str, ...] = ()
    is_token: bool = False


class Compiled:
    """A row that is ready to be used. Thread-safe."""

    def __init__(self, row: Recogniser) -> None:
        self.row = row
        self.pattern = expanded(row.pattern)
        self._regex = compiled(self.pattern)
        self._group = int(self._regex.groupindex.get("value", 0))
        self._context = _words(row.context)
        self._refusal = _words(row.refusal, r"[^0-9A-Za-z\n.]{0,4}\z")
        self._glue = row.glue.encode()

    def spots(self, reading: Reading, least: float) -> Iterator[Spot]:
        """What it finds with at least that score, in order and not overlapping."""
        place = 0
        while match := self._regex.search(reading.data, place):
            start, end = match.span(self._group)
            length = self._accepted(reading, start, end)
            score = self._score(reading, start) if length else 0.0
            if length and score >= least:
                yield Spot(rule=self.row.rule, title=self.row.title, start=start, end=start + length, score=score)
            place = start + length if length else reading.next_start(match.start(), self.row.is_token)

    def _accepted(self, reading: Reading, start: int, end: int) -> int:
        """How many bytes of a candidate stand the check and stand alone."""
        text = reading.text(start, end)
        num_characters = self.row.check(text)
        length = len(text[:num_characters].encode()) if num_characters < len(text) else end - start
        if not length or not self.row.stands_alone:
            return length
        return length if reading.stands_alone(start, start + length, self._glue) else 0

    def _score(self, reading: Reading, start: int) -> float:
        row = self.row
        is_in_context = self._context and self._context.search(reading.before(start, CONTEXT_BYTES))
        score = row.score_in_context if is_in_context else row.score
        is_refused = score and self._refusal and self._refusal.search(reading.before(start, _REFUSAL_BYTES))
        return score / 2 if is_refused else score


def compiled(pattern: str, max_mem_bytes: int = 32 << 20) -> Any:
    """A pattern in linear time, with room for its states."""
    options = re2.Options()
    options.max_mem = max_mem_bytes
    options.log_errors = False
    return re2.compile(pattern, options=options)


def _words(words: str, tail: str = "") -> Any:
    """Words as whole words; those that are written without spaces may stand anywhere."""
    return compiled(f"(?i)(?:^|[^0-9A-Za-z])(?:{expanded(words)}){tail or '(?:$|[^a-z])'}") if words else None
