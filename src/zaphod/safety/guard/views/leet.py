"""Letters written as digits and marks: `1gn0r3 @ll`; plain lower-case text in."""

from __future__ import annotations

import re
from itertools import product

from zaphod.safety.guard.views.hints import bytes_pattern
from zaphod.safety.guard.views.letters import pair_score
from zaphod.safety.guard.views.view import Edit

_LETTERS = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "gq", "@": "a",
    "$": "s", "!": "il", "|": "il", "+": "t", "(": "c", "<": "c",
}  # fmt: skip
_DRAWN = {
    "|\\|": "n", "/\\/": "n", "|\\/|": "m", "/\\/\\": "m", "\\/\\/": "w", "|/\\|": "w", "/\\": "a", "\\/": "v",
    "|-|": "h", "|_|": "u", "(_)": "u", "|_": "l", "|<": "k", "|>": "p", "|)": "d", "|3": "b", "()": "o", "[]": "o",
    "><": "x", "|=": "f", "_|": "j", "[)": "d", "]-[": "h", "}{": "h", "|2": "r", "'/": "y", "`/": "y", "7_": "z",
}  # fmt: skip
_DRAWING = re.compile("|".join(map(re.escape, sorted(_DRAWN, key=len, reverse=True))))
_TOKEN = bytes_pattern(r"[a-z0-9@$!|+(<]*[0-9@$!|+(<][a-z0-9@$!|+(<]*")
_MAX_WORD = 40
_UNIT = re.compile(r"\d+(?:st|nd|rd|th|[a-z]{1,2})?|[(<+|]*[a-z]+[!(<+|$@]*|[$+<(@]+[\d+]+[a-z]?")
"""Numbers with their units, words between marks, prices: nothing written as something else."""
_NUMBERED = re.compile(r"[a-z]+\d+")
_MIXED = re.compile(r"[a-z][0-9@$!|+(<]+[a-z]|[0-9@$!|+][a-z]+[0-9@$!|+]")
_MAX_READINGS = 16
_MIN_DRAWINGS = 3


def leet_edits(text: str) -> list[Edit]:
    """Words with digits or marks for letters. Where two letters are possible the more English word is taken.

    A number becomes a word only in company of two other such words: `411` in `1gn0r3 411 pr3v10us`.
    """
    spans = [token.span() for token in _TOKEN.finditer(text.encode("latin-1", "replace"))]
    tokens = [(text[start:end], start) for start, end in spans if 2 <= end - start <= _MAX_WORD]
    num_mixed = sum(_MIXED.search(token) is not None for token, _ in tokens)
    edits = [_word_edit(token.rstrip("!(<"), start) for token, start in tokens if _is_leet(token, num_mixed)]
    return [edit for edit in edits if edit.text != text[edit.start : edit.end]]


def _is_leet(token: str, num_mixed: int) -> bool:
    """Whether a word is meant to be read as letters, in a text with that many that surely are."""
    if num_mixed >= 2:
        return len(token) < 7 or not token.isdigit()
    has_letter = any(map(str.isalpha, token))
    return has_letter and _UNIT.fullmatch(token) is None and (num_mixed > 0 or _NUMBERED.fullmatch(token) is None)


def _word_edit(word: str, start: int) -> Edit:
    end = start + len(word)
    return Edit(start=start, end=end, text=read(word), origins=lambda: ((i, i + 1) for i in range(start, end)))


def read(word: str) -> str:
    """The most English reading of a word."""
    options = [_LETTERS.get(character, character) for character in word]
    num_readings = 1
    for index, option in enumerate(options):
        num_readings *= len(option)
        if num_readings > _MAX_READINGS:
            options[index:] = [option[0] for option in options[index:]]
            break
    readings = ["".join(letters) for letters in product(*options)]
    return readings[0] if len(readings) == 1 else max(readings, key=pair_score)


def drawn_edits(text: str) -> list[Edit]:
    r"""Letters drawn with marks, `/\/` for n; nothing where there are only one or two of them."""
    edits = [Edit(start=m.start(), end=m.end(), text=_DRAWN[m[0]]) for m in _DRAWING.finditer(text)]
    return edits if len(edits) >= _MIN_DRAWINGS else []
