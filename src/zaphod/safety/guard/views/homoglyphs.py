"""Which letters of other scripts stand for Latin ones; looks at the words around them, knows no rule's words.

A letter that looks like a Latin one is folded

- in a word that mixes scripts, Latin with another one or two others: `pаssword` with a Cyrillic а. There, also letters
  with a distant likeness count (`IGИORE`), and marks of other scripts are dropped;
- in a word that looks Latin as a whole, unless the text has another word of that script which does not: Russian text stays
  Russian, with words such as `рот` and `сок` in it, while `ехес` alone is read as it looks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

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
_WORD = re.compile(r"[^\W\d_]+")
_AFTER_LATIN = re.compile(r"(?<=[A-Za-z])[\u0900-\u1cff\ua800-\uabff]+")


@cache
def _tables() -> tuple[dict[str, str], dict[int, str], dict[int, str]]:
    """Near likenesses as characters and for translation, and all likenesses for translation."""
    near = {c: letter for c, letter in look_alikes().items() if is_of_another_script(c)} | _DECORATIVE
    distant = _DISTANT | {c.upper(): letter.upper() for c, letter in _DISTANT.items() if len(c.upper()) == 1}
    return near, str.maketrans(near), str.maketrans(near | distant)


@cache
def _any_scripted() -> re.Pattern[str]:
    """Finds a letter that could be folded."""
    near, _, every = _tables()
    return re.compile("[" + "".join(map(re.escape, {*near, *map(chr, every)})) + "]")


def homoglyph_edits(text: str) -> list[Edit]:
    """What to change in a text with characters already folded; letters one to one, marks dropped."""
    if text.isascii():
        return []
    edits = list(_foreign_marks(text))
    if _any_scripted().search(text) is not None:
        words = [word for word in _WORD.finditer(text) if not word[0].isascii()]
        genuine = _genuine_scripts(words)
        edits += [edit for word in words for edit in _edits_of(word, genuine)]
    return sorted(edits, key=lambda edit: edit.start)


def _foreign_marks(text: str) -> Iterator[Edit]:
    """Marks of other scripts on Latin letters."""
    for run in _AFTER_LATIN.finditer(text):
        length = next((i for i, mark in enumerate(run[0]) if unicodedata.category(mark)[0] != "M"), len(run[0]))
        if length:
            yield Edit(start=run.start(), end=run.start() + length, text="")


def _genuine_scripts(words: list[re.Match[str]]) -> set[str]:
    """Scripts that are there for their own sake: with a word that cannot be read as Latin."""
    near = _tables()[0]
    found: set[str] = set()
    for word in words:
        unlike = [letter for letter in word[0] if letter not in near]
        if len(word[0]) > 1 and unlike and len(scripts := _scripts(word[0])) == 1:
            found |= scripts
    return found


def _scripts(word: str) -> set[str]:
    return {"LATIN" if letter.isascii() else _script(letter) for letter in word}


_script = lru_cache(maxsize=4096)(script)


def _edits_of(word: re.Match[str], genuine: set[str]) -> list[Edit]:
    """The edit of one word, if any."""
    near, near_table, every_table = _tables()
    scripts = _scripts(word[0])
    if len(scripts) > 1:
        folded = word[0].translate(every_table)
    elif scripts <= genuine or any(letter not in near for letter in word[0]):
        return []
    else:
        folded = word[0].translate(near_table)
    if folded == word[0]:
        return []
    start, end = word.span()
    return [Edit(start=start, end=end, text=folded, origins=lambda: ((i, i + 1) for i in range(start, end)))]
