"""Letters put together that were pulled apart, and repeated ones made single; plain text in, plain text out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise

import numpy as np

from zaphod.safety.guard.views.view import Edit, Pieces, SpanMap, outside

_BETWEEN = r"\x00-/:-@\[-`{-\x7f\u2000-\u2bff\u3000-\u303f\U0001f000-\U0001faff"
"""What may stand between letters: marks of ASCII, symbols, emoji; no letter, and no sign that is part of one."""
_SINGLES = re.compile(
    rf"(?<![^\W_])(?:[^\W_](?:[{_BETWEEN}]{{1,3}}[^\W_](?![^\W_])){{3,}}"
    rf"|[^\W\d_](?:[!-/:-@\[-`{{-~][^\W\d_](?![^\W_])){{2}})"
)
"""At least four letters that stand alone, or three with marks between them."""
_INSIDE = re.compile(r"[-*~`^|+=#](?<=[^\W\d_].)(?:[-*~`^|+=#]{0,2}|(?<=-)[ \t]*\r?\n[ \t]*)(?=[^\W\d_])")
"""What is put into words that stay one word: hyphens, at a line's end, too, and marks that no sentence has there."""
_GAP = re.compile(r"[\W_]+")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_DOUBLED_WORD = re.compile(r"(?<![a-z])(?=[a-z]{6})(?:([a-z])\1++)++(?![a-z])")
"""NOTE: possessive, because a run of one letter can be parted into pairs in exponentially many ways."""
_FINAL_DOUBLES = "l"
"""Letters that end words twice (all, tell, kill)."""


def joined_edits(text: str, *, has_singles: bool = True) -> list[Edit]:
    """Runs of single letters become words, and words with hyphens or marks inside whole: `i g n o r e`, `ig-nore`.

    Args:
        text: any case.
        has_singles: whether to look for single letters.
    """
    runs = list(_SINGLES.finditer(text)) if has_singles else []
    edits = [edit for run in runs for edit in _run_edits(run)]
    taken = [run.span() for run in runs]
    inside = [Edit(start=m.start(), end=m.end(), text="") for m in _INSIDE.finditer(text)]
    return sorted([*edits, *outside(inside, taken)], key=lambda edit: edit.start)


def _run_edits(run: re.Match[str]) -> Iterator[Edit]:
    """The commonest gap of a run joins letters; every other one parts words."""
    gaps = list(_GAP.finditer(run[0]))
    usual = Counter(gap[0] for gap in gaps).most_common(1)[0][0]
    for gap in gaps:
        start, end = run.start() + gap.start(), run.start() + gap.end()
        yield Edit(start=start, end=end, text="" if gap[0] == usual else " ")


class _Letters(dict[int, int | None]):
    """For `str.translate`: keeps letters of all scripts with their marks, and digits."""

    def __missing__(self, code: int) -> int | None:
        entry = code if unicodedata.category(chr(code))[0] in "LMN" else None
        if code < 0x30000:
            self[code] = entry
        return entry


_COMPACT = _Letters()


def compact(text: str) -> str:
    """Letters and digits alone."""
    return text.translate(_COMPACT)


def compact_map(text: str) -> SpanMap:
    """The way back from `compact`."""
    pieces = Pieces()
    index = 0
    for is_kept, group in groupby(text, lambda character: _COMPACT[ord(character)] is not None):
        length = sum(1 for _ in group)
        if is_kept:
            pieces.copy(index, index + length)
        index += length
    return pieces


def has_repetitions(text: str) -> bool:
    """A cheap test before `squeezed_edits`: a letter three times, or three doubled ones side by side."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    same = (codes[1:] == codes[:-1]) & (codes[1:] >= 97) & (codes[1:] <= 122)
    return bool((same[:-1] & same[1:]).any() or (same[:-4] & same[2:-2] & same[4:]).any())


def squeezed_edits(text: str, *, num_kept: int) -> list[Edit]:
    """`iiignore` becomes `ignore`, `iiggnnoorree` too.

    Args:
        text: lower case.
        num_kept: how often a letter stays that stood there three times or more (an `l` at a word's end: twice).
    """
    doubled = [edit for word in _DOUBLED_WORD.finditer(text) for edit in _undoubled(word)]
    taken = [word.span() for word in _DOUBLED_WORD.finditer(text)] if doubled else []
    repeated = [edit for run in _REPEATED.finditer(text) for edit in _shortened(run, num_kept)]
    return sorted([*doubled, *outside(repeated, taken)], key=lambda edit: edit.start)


def _undoubled(word: re.Match[str]) -> Iterator[Edit]:
    """Every letter of a word stands there at least twice: each as often as the rarest of them is once."""
    borders = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(word[0])) if a != b), len(word[0])]
    factor = min(end - start for start, end in pairwise(borders))
    for start, end in pairwise(borders):
        kept = (end - start) // factor
        yield Edit(start=word.start() + start + kept, end=word.start() + end, text="")


def _shortened(run: re.Match[str], num_kept: int) -> Iterator[Edit]:
    is_last = run.end() == len(run.string) or not run.string[run.end()].isalpha()
    kept = 2 if is_last and run[1] in _FINAL_DOUBLES else num_kept
    yield Edit(start=run.start() + kept, end=run.end(), text="")
