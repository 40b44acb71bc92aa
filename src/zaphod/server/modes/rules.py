"""Words that make a conversation serious, found in time linear in its length; knows no modes and judges nothing else.

A pattern is a row of words; text and patterns are compared casefolded and without accents:

    dose            this word
    robot*          every word that begins so; after the star nothing is compared
    gas leak        these words, one after the other
    how much .. take    the parts in this order with at most `MAX_GAP_WORDS` words between them
    ^ can i         these words where a sentence or a part of one begins

Scripts that put no spaces between words are searched for the text itself: see `fragments`.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from zaphod.core.errors import ConfigError

MAX_GAP_WORDS = 4
MIN_PREFIX = 3
"""A shorter beginning would fit half of a dictionary."""


_Place = tuple[int, int]
"""A row, and a part of it."""
_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0903\u093a-\u094f])+")
"""Letters and digits; in Devanagari the vowels are marks, which `re` does not count among them."""
_START, _GAP = "^", ".."
_WORD_OR_START = re.compile(_WORD.pattern + r"|[.,;:!?¿¡…\n\r()\"«»„“”、。，！？；：،؟।-]")
_MARKS = (
    (0x300, 0x370),  # accents on Latin, Greek and Cyrillic letters
    (0x640, 0x641), (0x64B, 0x660), (0x670, 0x671),  # Arabic: the stretching line, vowel signs
    (0x93C, 0x93D),  # the dot that Hindi leaves out at will
    (0xAD, 0xAE), (0x180E, 0x180F), (0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0xFEFF, 0xFF00),  # invisible
    (0xFE00, 0xFE10),  # how an emoji is drawn
)  # fmt: skip
_WITHOUT_MARKS = {point: None for start, end in _MARKS for point in range(start, end)}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A subject that is answered in earnest."""

    name: str
    title: str
    """The subject, for people to read."""
    patterns: Sequence[str]
    fragments: Sequence[str] = ()
    """Texts of scripts without spaces; found anywhere."""
    scope: Literal["conversation", "latest"] = "conversation"
    """Whether all that was said counts, or what was said since the model spoke last."""


class Rules:
    """All rules as one automaton over words.

    Raises:
        ConfigError: a pattern is empty, begins or ends with a gap, or has a star where none may be.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        fragments: dict[str, Rule] = {}
        self._words: dict[str, list[_Place]] = defaultdict(list)
        self._prefixes: dict[str, list[_Place]] = defaultdict(list)
        self._rows: list[tuple[Rule, list[tuple[str, int]]]] = []
        for rule in rules:
            fragments |= {_plain(fragment, rule): rule for fragment in rule.fragments}
            for pattern in rule.patterns:
                self._add(pattern, rule)
        self._max_prefix = max(map(len, self._prefixes), default=0)
        self._fragments = fragments
        # Plain texts alone, so no part of it can go back and forth; an empty one would be met by every text.
        self._any_fragment = re.compile("|".join(map(re.escape, fragments)) if fragments else r"(?!)")

    def first(self, text: str) -> Rule | None:
        """The rule that the text meets first, or None."""
        plain = normalised(text)
        if not plain.isascii() and (fragment := self._any_fragment.search(plain)):
            return self._fragments[fragment.group()]
        return self._first_row([_START, *_WORD_OR_START.findall(plain)])

    def _add(self, pattern: str, rule: Rule) -> None:
        parts = _parts(_plain(pattern, rule), rule)
        for index, (word, _) in enumerate(parts):
            table, key = (self._prefixes, word[:-1]) if word.endswith("*") else (self._words, word)
            table[key].append((len(self._rows), index))
        self._rows.append((rule, parts))

    def _first_row(self, words: list[str]) -> Rule | None:
        known = {word: self._places(word) for word in set(words)}
        latest: dict[_Place, int] = {}
        """Where in the text a row was last found up to a place; later is always at least as good as earlier."""
        for position, word in enumerate(words):
            for row, index in known[word]:
                rule, parts = self._rows[row]
                if index and position - latest.get((row, index - 1), -sys.maxsize) > parts[index][1]:
                    continue
                if index + 1 == len(parts):
                    return rule
                latest[row, index] = position
        return None

    def _places(self, word: str) -> tuple[_Place, ...]:
        word = word if word[0].isalnum() else _START
        places = list(self._words.get(word, ()))
        for length in range(MIN_PREFIX, min(len(word), self._max_prefix) + 1):
            places += self._prefixes.get(word[:length], ())
        # NOTE: later parts first, or one word would count for two neighbouring parts of a row
        return tuple(sorted(places, key=lambda place: -place[1]))


def normalised(text: str) -> str:
    """The text casefolded, in NFKC, without accents and invisible characters."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text.casefold()).translate(_WITHOUT_MARKS)
    return unicodedata.normalize("NFKC", bare).casefold()


def _plain(pattern: str, rule: Rule) -> str:
    plain = normalised(pattern)
    if plain.strip(" .*"):
        return plain
    raise ConfigError(
        f"The rule {rule.name!r} has the pattern {pattern!r}.",
        "A pattern holds at least one word: an empty one would be met by every text.",
        "Leave it out.",
    )


def _parts(pattern: str, rule: Rule) -> list[tuple[str, int]]:
    """Words of a pattern, each with how far behind the word before it may lie."""
    parts: list[tuple[str, int]] = []
    reach = 1
    words = pattern.split()
    for word in words:
        if word == _GAP and words[0] != _GAP != words[-1]:
            reach = MAX_GAP_WORDS + 1
            continue
        stem = word.removesuffix("*")
        if (word != _START and not _WORD.fullmatch(stem)) or (stem != word and len(stem) < MIN_PREFIX):
            raise ConfigError(
                f"The rule {rule.name!r} has the pattern {pattern!r}.",
                f"It is made of words, `..` between them, and stars after at least {MIN_PREFIX} letters.",
                f"Mend {word!r}.",
            )
        parts.append((word, reach))
        reach = 1
    return parts
