"""Which letters of other scripts stand for Latin ones; looks at the words around them, knows no rule's words.

A letter that looks like a Latin one is folded

- in a word that mixes scripts, Latin with another one or two others: `pаssword` with a Cyrillic а. There, also
  letters with a distant likeness count (`IGИORE`), and marks of other scripts are dropped;
- in a word that looks Latin as a whole, unless the text has another word of that script which does not: Russian text
  stays Russian, with words such as `рот` and `сок` in it, while `ехес` alone is read as it looks.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

from zaphod.safety.guard.views.fold import is_of_another_script, look_alikes, script
from zaphod.safety.guard.views.view import Edit

_DISTANT = dict(
    zip(
        "ийцшщдчэбъыьюлжфпяєгΣΛλΔδηςΞξπθψζΠΘΨβεωитҚқҒғҲҳҢңҶҷӨө",
        "nnuwwayebbbboaxonreгEAldnnsEenoyzNOYbewntKkFfXxNnYyOo".replace("г", "r"),
        strict=True,
    )
)
"""Likenesses that nobody would fall for, and every reader understands: read only in words that mix scripts."""
_DECORATIVE = dict(zip("ᗩᗷᑕᗪᗴᖴᘜᕼᒍᛕᒪᗰᑎᗝᑭᑫᖇᔕᑌᐯᗯ᙭", "abcdefghjklmnopqrsuvwx", strict=True))
"""Canadian syllables that are sold as "fancy letters"."""
_WORD = re.compile(r"\S+")
_AFTER_ASCII = re.compile(r"(?<=[\t-~])[\u0900-\u1cff\ua800-\uabff]+")


@cache
def _near() -> dict[str, str]:
    """Letters of other scripts that look like Latin ones."""
    return {c: letter for c, letter in look_alikes().items() if is_of_another_script(c)} | _DECORATIVE


@cache
def _translations() -> tuple[dict[int, str], dict[int, str]]:
    """For words that look Latin, and for words that mix scripts."""
    distant = _DISTANT | {c.upper(): letter.upper() for c, letter in _DISTANT.items() if len(c.upper()) == 1}
    return str.maketrans(_near()), str.maketrans(_near() | distant)


@cache
def _any() -> frozenset[str]:
    """All letters that could be folded."""
    return frozenset(map(chr, _translations()[1]))


class _Kinds(dict[int, str]):
    """For `str.translate`: a letter becomes a sign for its script, odd if it does not look Latin; all else a space."""

    def __init__(self) -> None:
        super().__init__({code: "a" if chr(code).isalpha() else " " for code in range(128)})
        self._scripts: dict[str, int] = {}
        self._lock = threading.Lock()

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if not character.isalpha():
            kind = " "
        else:
            with self._lock:  # two scripts met at once must not get the same number
                number = self._scripts.setdefault(script(character), len(self._scripts))
            kind = chr(_FIRST_KIND + 2 * number + (character not in _near()))
        if code < 0x30000:
            self[code] = kind
        return kind


_FIRST_KIND = 0x100
_KINDS = _Kinds()


def homoglyph_edits(text: str) -> list[Edit]:
    """What to change in a text with characters already folded; letters one to one, marks dropped."""
    if text.isascii():
        return []
    edits = list(_foreign_marks(text))
    if not _any().isdisjoint(set(text)):
        edits = sorted([*edits, *_letters(text)], key=lambda edit: edit.start)
    return edits


def _foreign_marks(text: str) -> Iterator[Edit]:
    """Marks of other scripts on Latin letters and on spaces."""
    for run in _AFTER_ASCII.finditer(text):
        length = next((i for i, mark in enumerate(run[0]) if unicodedata.category(mark)[0] != "M"), len(run[0]))
        if length:
            yield Edit(start=run.start(), end=run.start() + length, text="")


def _letters(text: str) -> Iterator[Edit]:
    """Words with letters of other scripts, folded."""
    kinds = text.translate(_KINDS)
    near, every = _translations()
    tables = _tables_of(set(kinds.split()), near, every)
    for word in _WORD.finditer(kinds) if tables else ():
        if word[0] in tables:
            start, end = word.span()
            folded = text[start:end].translate(tables[word[0]])
            if folded != text[start:end]:
                yield Edit(start=start, end=end, text=folded, origins=_one_to_one(start, end))


def _one_to_one(start: int, end: int) -> Callable[[], Iterator[tuple[int, int]]]:
    return lambda: ((i, i + 1) for i in range(start, end))


def _tables_of(words: set[str], near: dict[int, str], every: dict[int, str]) -> dict[str, dict[int, str]]:
    """For each word that has to be folded, given as the kinds of its letters, the translation."""
    scripts = {word: {ord(kind) >> 1 for kind in word} for word in words if not word.isascii()}
    unlike = {word for word in scripts if any(ord(kind) & 1 for kind in set(word))}
    genuine = set().union(*(scripts[word] for word in unlike if len(scripts[word]) == 1 and len(word) > 1))
    tables = {word: every for word in scripts if len(scripts[word]) > 1}
    return tables | {word: near for word in scripts.keys() - tables.keys() - unlike if not scripts[word] <= genuine}
