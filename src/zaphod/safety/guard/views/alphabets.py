"""Letters written as words or strokes: Morse, the spelling alphabet, pig Latin, upside-down letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from zaphod.safety.guard.views.letters import pair_score
from zaphod.safety.guard.views.view import Edit

_MORSE_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- "
    "-..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. "
    ".-.-.- --..-- ..--.. .----. -.-.-- -..-. .--.-. -....- -...-"
)
_MORSE = dict(zip(_MORSE_CODES.split(), "abcdefghijklmnopqrstuvwxyz0123456789.,?'!/@-=", strict=True))
_MORSE_RUN = re.compile(r"(?<![.\-\w])[.\-_]{1,7}(?:[ \t\r\n/|]{1,7}[.\-_]{1,7}){3,}(?![.\-\w])")
_MORSE_GROUP = re.compile(r"[.-]+")
_MIN_MORSE_SPACE = 3
_NATO = {
    "alfa": "a", "alpha": "a", "bravo": "b", "charlie": "c", "delta": "d", "echo": "e", "foxtrot": "f", "golf": "g",
    "hotel": "h", "india": "i", "juliet": "j", "juliett": "j", "kilo": "k", "lima": "l", "mike": "m", "november": "n",
    "oscar": "o", "papa": "p", "quebec": "q", "romeo": "r", "sierra": "s", "tango": "t", "uniform": "u", "victor": "v",
    "whiskey": "w", "whisky": "w", "xray": "x", "x-ray": "x", "yankee": "y", "zulu": "z",
}  # fmt: skip
_NATO_WORD = re.compile(r"\b(?:" + "|".join(sorted(_NATO, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_MIN_SPELLED = 4
_ONSETS = (
    " b bl br c ch chr cl cr d dr dw f fl fr g gh gl gn gr h j k kn kr l m n p ph pl pr ps q qu r rh s sc sch scr sh"
    " shr sk sl sm sn sp sph spl spr squ st str sw t th thr tr tw v w wh wr x y z "
)
"""What English words begin with before their first vowel."""
_MIN_PIG_SHARE = 0.5
_MIN_PIG_WORDS = 3
_ANY_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)?")
UPSIDE_DOWN = str.maketrans("ɐqɔpǝɟƃɓɥᴉıɾʞʅןɯuodbɹsʇnʌʍxʎz∀ƎℲפƃ⅁˥ƖԀΛ⅄¿¡", "abcdefgghiijkllmnopqrstuvwxyzAEFGgGLIPVY?!")
_TURNED = re.compile("[ɐɔǝɟƃɓɥᴉɾʞʅɯɹʇʌʍʎ]")
_MIN_TURNED = 3


def morse_edits(text: str) -> Iterator[Edit]:
    """Morse, where every group is a letter, and both signs are used. Slashes, bars and wide gaps part words."""
    strokes = text.replace("_", "-")
    for run in _MORSE_RUN.finditer(strokes):
        groups = list(_MORSE_GROUP.finditer(strokes, *run.span()))
        letters = [_MORSE.get(group[0]) for group in groups]
        if None not in letters and {".", "-"} <= set(run[0]):
            yield from _with_gaps(text, groups, [letter or "" for letter in letters])


def _with_gaps(text: str, groups: list[re.Match[str]], letters: list[str]) -> Iterator[Edit]:
    """One edit for each letter and each gap; a gap is a space if it is wide or has a mark in it."""
    done = groups[0].start()
    for group, letter in zip(groups, letters, strict=True):
        gap = text[done : group.start()]
        if gap:
            is_space = len(gap) >= _MIN_MORSE_SPACE or bool(gap.strip())
            yield Edit(start=done, end=group.start(), text=" " if is_space else "")
        yield Edit(start=group.start(), end=group.end(), text=letter)
        done = group.end()


def nato_edits(text: str) -> Iterator[Edit]:
    """Words of the spelling alphabet, four or more in a row; a gap wider than one character parts words."""
    run: list[re.Match[str]] = []
    for word in _NATO_WORD.finditer(text):
        if run and (word.start() - run[-1].end() > 4 or text[run[-1].end() : word.start()].strip(" \t\r\n,.;/|-")):
            yield from _spelled(text, run)
            run = []
        run.append(word)
    yield from _spelled(text, run)


def _spelled(text: str, run: list[re.Match[str]]) -> Iterator[Edit]:
    if len(run) < _MIN_SPELLED:
        return
    done = run[0].start()
    for word in run:
        if done < word.start():
            gap = text[done : word.start()]
            yield Edit(start=done, end=word.start(), text=" " if len(gap) > 2 or gap.strip(" ,") else "")
        yield Edit(start=word.start(), end=word.end(), text=_NATO[word[0].lower()])
        done = word.end()


def pig_edits(text: str) -> list[Edit]:
    """Pig Latin, where at least half of all words are in it."""
    words = list(_ANY_WORD.finditer(text))
    edits = [
        Edit(start=word.start(), end=word.end(), text=plain)
        for word in words
        if len(word[0]) > 2 and (plain := _from_pig(word[0].lower())) is not None
    ]
    return edits if len(edits) >= max(_MIN_PIG_WORDS, _MIN_PIG_SHARE * len(words)) else []


def _from_pig(word: str) -> str | None:
    """`previous` of `eviouspray`: of all ways to put consonants back to the front, the most English one."""
    if not word.endswith("ay"):
        return None
    stem = word[:-2].replace("-", "")
    if not stem or stem[0] not in "aeiouy":
        return None
    if stem[-1] == "w":
        return stem[:-1]  # a word that begins with a vowel; those that begin with a w are rare
    cuts = [len(stem) - length for length in range(1, 4) if len(stem) > length and f" {stem[-length:]} " in _ONSETS]
    options = [stem[cut:] + stem[:cut] for cut in cuts] + ([stem[:-1]] if stem[-1] in "yh" else [])
    return max(options, key=pair_score, default=None)


def is_upside_down(text: str) -> bool:
    """Whether letters are turned, three or more."""
    return len(_TURNED.findall(text)) >= _MIN_TURNED
