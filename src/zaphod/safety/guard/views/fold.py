"""Plain letters for everything that stands for one, character by character; knows no words and no encodings.

Variants of Latin letters become the letter (full width, mathematical, enclosed, small capitals, turned, accented,
flags, Braille), digits of all scripts their value, typographic marks the keyboard's; what is not seen is dropped.
Case stays, so that what is encoded can still be decoded. Letters of other scripts stay as they are: `homoglyphs.py`
decides about them.

Every character has one result whatever stands beside it: no reordering, no composition. So it is linear even for a
megabyte of combining marks (where `unicodedata.normalize` is not), and the way back is simple.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from zaphod.safety.guard.views.latin import latin_base
from zaphod.safety.guard.views.view import Identity, Pieces, SpanMap

_MAX_EXPANSION = 4
"""Longer decompositions (a whole Arabic blessing in one character) stay as they are: a text must not grow much."""

IGNORABLE = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFC), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""Unicode's Default_Ignorable_Code_Point, first and last, and the object replacement characters."""

_FREE_MARKS = ("COMBINING", "ARABIC", "HEBREW", "SYRIAC", "MUSICAL")
"""Marks that decorate letters; those of Indian and other scripts are letters' parts, and stay."""
_AS_THEY_ARE = ((0x0900, 0x0FFF), (0x3041, 0x30FF), (0xAC00, 0xD7A3))
"""Scripts from Devanagari to Tibetan, kana, Hangul: taking letters apart would make other words of them."""
_PUNCTUATION = {
    "․": ".", "。": ".", "｡": ".", "·": ".", "•": ".", "∙": ".", "⋅": ".", "・": ".", "‧": ".",
    "●": ".", "⸱": ".", "⁄": "/", "∕": "/", "⧸": "/", "╱": "/", "⧵": "\\", "∖": "\\", "´": "'",
    "ʹ": "'", "ʻ": "'", "ʼ": "'", "ˈ": "'", "′": "'", "″": '"', "、": ",", "٫": ".", "٬": ",",
    "،": ",", "؛": ";", "؟": "?", "ǃ": "!", "ː": ":", "∶": ":", "꞉": ":", "−": "-", "⁃": "-",
    "∗": "*", "∣": "|", "⟨": "<", "⟩": ">", "‹": "<", "›": ">", "\u2800": " ", "\x85": "\n",
}  # fmt: skip
_KEPT_CONTROLS = "\t\n\v\f\r"
_BRAILLE = dict(zip("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵", "abcdefghijklmnopqrstuvwxyz", strict=True)) | {"⠠": "", "⠰": ""}


@cache
def look_alikes() -> dict[str, str]:
    """Characters that look like Latin letters, and those, from `confusables.txt`."""
    table: dict[str, str] = {}
    for line in (Path(__file__).with_name("confusables.txt")).read_text("utf-8").splitlines():
        letter, *codes = line.split()
        if letter != "#":
            table |= {chr(int(code, 16)): letter for code in codes}
    return table


def script(character: str) -> str:
    """`CYRILLIC` of `д`: the first word of its name."""
    return unicodedata.name(character, "").partition(" ")[0]


def _is_in(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def _fold(character: str) -> str:
    """What one character stands for, perhaps nothing."""
    for table in (_PUNCTUATION, _BRAILLE):
        if character in table:
            return table[character]
    kind = unicodedata.category(character)
    if _is_in(character, IGNORABLE) or character == "\u0640" or kind in ("Cf", "Me"):
        return ""
    if kind in ("Cc", "Mn"):
        return character if character in _KEPT_CONTROLS or _is_part_of_letter(character) else ""
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    if kind == "Mc" or _is_in(character, _AS_THEY_ARE):
        return character
    return _BY_KIND[kind] if kind in _BY_KIND else _fold_visible(character)


_BY_KIND = {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-"}


def _is_part_of_letter(mark: str) -> bool:
    """Whether a mark makes another letter of the one before it."""
    return unicodedata.category(mark) == "Mn" and not unicodedata.name(mark, "").startswith(_FREE_MARKS)


def _fold_visible(character: str) -> str:
    """The same for a character with a shape."""
    if (letters := latin_base(character)) is not None:
        return letters
    if character in look_alikes() and not is_of_another_script(character):
        return look_alikes()[character]
    if character in "\u2018\u2019\u201a\u201b":
        return "'"
    if character in "\u201c\u201d\u201e\u201f\xab\xbb":
        return '"'
    parts = unicodedata.normalize("NFKD", character)
    if len(parts) > _MAX_EXPANSION:
        return character
    if parts != character:
        return "".join(map(_fold, parts))
    lowered = character.casefold()
    return lowered if len(lowered) > 1 else character


def is_of_another_script(character: str) -> bool:
    """Whether it is a letter that somebody may write for its own sake."""
    return unicodedata.category(character)[0] in "LMN" and script(character) != "LATIN"


class _Table(dict[int, int | str | None]):
    """For `str.translate`; filled as characters are met, so it is at most as large as Unicode's assigned planes."""

    def __missing__(self, code: int) -> int | str | None:
        if 0x30000 <= code < 0xE0000 or code > 0xE0FFF or 0xD800 <= code < 0xE000:
            return code  # unassigned, private, or half of a pair
        folded = _fold(chr(code))
        entry = (ord(folded) if len(folded) == 1 else folded) if folded else None
        self[code] = entry
        return entry


_TABLE = _Table()


def folded_characters(text: str) -> str:
    """The text with every character folded for itself."""
    return text.translate(_TABLE)


def character_map(text: str) -> SpanMap:
    """The way back from `folded_characters`."""
    pieces = Pieces()
    done = 0
    for index, character in enumerate(text):
        entry = _TABLE[ord(character)]
        if not isinstance(entry, int):
            pieces.copy(done, index)
            pieces.put(len(entry or ""), index, index + 1)
            done = index + 1
    if done == 0:
        return Identity()
    pieces.copy(done, len(text))
    return pieces
