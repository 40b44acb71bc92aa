"""Splits English text into words and marks, the way the published quality rules count them; knows no rule.

The rules of Gopher and FineWeb are applied in the field with spaCy's English tokeniser, and their thresholds mean what
they mean only with words cut like its. These are rules of the same kind, without its tables of smileys and units:
marks are taken off both ends, hyphens, slashes and full stops between letters part words, `don't` is two words.
"""

from __future__ import annotations

import re
from typing import Final

_OPENERS: Final = "§%=—–…,:;!?¿¡()[]{}<>_#*&。？！，、；：～·'\"”“`‘´’‚„»«「」『』（）【】《》〈〉$£€¥©®°¦"
_SYMBOLS: Final = "\u2100-\u214f\u2190-\u23ff\u2440-\u27bf\u2800-\u2bff\U0001f000-\U0001faff\ufffc\ufffd"
_LETTER: Final = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u1fff\u3040-\u9fff\uac00-\ud7af"
_LOWER: Final = "a-z\u00df-\u00f6\u00f8-\u00ff\u03ac-\u03ce\u0430-\u045f"
_UPPER: Final = "A-Z\u00c0-\u00d6\u00d8-\u00de\u0391-\u03a9\u0410-\u042f"
_QUOTES: Final = "'\"”“`‘´’‚,„»«「」『』（）"
_UNITS: Final = (
    "km[²³]?|m[²³]?|dm[²³]?|cm[²³]?|mm[²³]?|ha|µm|nm|yd|in|ft|kg|g|mg|µg|t|lb|oz|m/s|km/h|kmh|mph|hPa|Pa|mbar|mb|MB|"
    "kb|KB|gb|GB|tb|TB|T|G|M|K|%"
)
_PREFIX: Final = re.compile(rf"\.\.+|(?:US|C|A)\$|\+(?![0-9])|[{re.escape(_OPENERS)}{_SYMBOLS}]")
_SUFFIX: Final = re.compile(
    rf"(?:\.\.+|['’][sS]|[{re.escape(_OPENERS.translate({ord(mark): None for mark in '§%=$£€¥'}))}{_SYMBOLS}]"
    rf"|(?<=[0-9])(?:\+|[$£€¥]|{_UNITS})"
    rf"|(?<=[0-9{_LOWER}%²+\-…,:;!?¿()\[\]{{}}<>_#*&{re.escape(_QUOTES)}])\.|(?<=[{_UPPER}][{_UPPER}])\.)\Z"
)
_INFIX: Final = re.compile(
    rf"\.\.+|…|[{_SYMBOLS}©®°]|(?<=[0-9])[+\-*^](?=[0-9\-])|(?<=[{_LOWER}{re.escape(_QUOTES)}])\.(?=[{_UPPER}"
    rf"{re.escape(_QUOTES)}])|(?<=[{_LETTER}]),(?=[{_LETTER}])|(?<=[{_LETTER}0-9])[:<>=/](?=[{_LETTER}])"
    rf"|(?<=[{_LETTER}0-9])(?:---|--|——|-|–|—|~)(?=[{_LETTER}])"
)
_ADDRESS: Final = re.compile(
    r"(?:[\w+\-.]{2,}://)?(?:\S+(?::\S*)?@)?(?:(?:\d{1,3}\.){3}\d{1,3}|(?:[A-Za-z0-9\u00a1-\uffff](?:[\w\-]{0,62}"
    rf"[A-Za-z0-9\u00a1-\uffff])?\.)+[{_LOWER}]{{2,63}})(?::\d{{2,5}})?(?:[/?#]\S*)?"
)
_BEFORE_NOT: Final = (
    "ai are ca could dare did do does had has have is may might must need ought sha should was were wo would"
)
_BEFORE_VERB: Final = (
    "he how i it she that there these they this those we what when where who why you could might must should would "
    "not let y"
)
_ABBREVIATIONS: Final = (
    "a.m. p.m. e.g. i.e. E.g. I.e. E.G. I.E. v.s. vs. Mr. Mrs. Ms. Dr. Prof. St. Inc. Ltd. Co. Corp. Jr. Sen. Rep. "
    "Rev. Gen. Gov. Jan. Feb. Mar. Apr. Jun. Jul. Aug. Sep. Sept. Oct. Nov. Dec. Adm. Bros. Mt. Messrs. Ph.D. D.C. "
    "co. and/or w/o C++ o'clock O'clock ma'am Ma'am"
)
_NEGATED: Final = frozenset(_BEFORE_NOT.split())
_PRONOUNS: Final = frozenset(_BEFORE_VERB.split())
_WHOLE: Final = frozenset(_ABBREVIATIONS.split()) | {f"{letter}." for letter in "abcdefghijklmnopqrstuvwxyz"}
_JOINED: Final = {"cannot": ("can", "not"), "Cannot": ("Can", "not"), "gonna": ("gon", "na"), "gotta": ("got", "ta")}
_PLAIN_MARKS: Final = frozenset(',;:!?)]}"”')
_HOURS: Final = "123456789"
"""What a time of day begins with."""
_TIME: Final = re.compile(r"(1[0-2]|[1-9])([ap]\.?m\.?)")
_MAX_CHUNK_CHARACTERS: Final = 1000
"""Longer runs without a space are data and not words; they stay whole, and cost nothing."""


def split_chunk(chunk: str) -> tuple[str, ...]:
    """The words and marks of a run of characters without white space, in order; joined they are the run."""
    if len(chunk) > _MAX_CHUNK_CHARACTERS:
        return (chunk,)
    if chunk.isalnum() and not chunk[0].isdigit():
        return _JOINED.get(chunk, (chunk,))
    word, mark = chunk[:-1], chunk[-1]
    if mark in _PLAIN_MARKS and word.isalpha() and word not in _JOINED:  # most of what is not a word alone
        return (word, mark)
    start, end = 0, len(chunk)
    behind: list[str] = []
    ahead: list[str] = []
    while not (middle := _special(chunk[start:end])):
        prefix = _PREFIX.match(chunk, start, end)
        if prefix:
            ahead.append(prefix.group())
            start = prefix.end()
        suffix = None if prefix and _special(chunk[start:end]) else _SUFFIX.search(chunk, start, end)
        if suffix:
            behind.append(suffix.group())
            end = suffix.start()
        if not prefix and not suffix:
            middle = _parted(chunk[start:end])
            break
    return (*ahead, *middle, *reversed(behind))


def _special(text: str) -> tuple[str, ...]:
    """Abbreviations and contractions, which are cut by themselves; empty for everything else."""
    if text in _WHOLE:
        return (text,)
    if text in _JOINED:
        return _JOINED[text]
    if text[:1] in _HOURS and (match := _TIME.fullmatch(text)):
        return (match[1], match[2])
    return _contracted(text) if "'" in text or "’" in text else ()


def _contracted(text: str) -> tuple[str, ...]:
    """`do n't`, `it 's`, `I 'd 've`; only the words that are contracted so."""
    plain = text.replace("’", "'")
    lowered = plain.lower()
    if lowered in ("'s", "'em", "'ll", "'re", "'d", "'cause", "'bout", "'til", "'cos", "'nuff"):
        return (text,)
    tail = text[-3:] if lowered.endswith("'ve") and len(text) > 3 else ""
    head = text[: len(text) - len(tail)]
    stem = plain[: len(head)].lower()
    if stem.endswith("n't") and stem[:-3] in _NEGATED:
        parts: tuple[str, ...] = (head[:-3], head[-3:])
        return (*parts, tail) if tail else parts
    base, mark, ending = stem.partition("'")
    if mark and base in _PRONOUNS and ending in ("s", "m", "d", "ll", "re", "all"):
        return (head[: len(base)], head[len(base) :], *((tail,) if tail else ()))
    return (head, tail) if tail and stem in _PRONOUNS else ()


def _parted(text: str) -> tuple[str, ...]:
    """A word cut at what stands between letters, unless it is an address."""
    if not text:
        return ()
    if text.isalnum() or ("." in text and _ADDRESS.fullmatch(text)):
        return (text,)
    parts, done = list[str](), 0
    for match in _INFIX.finditer(text):
        parts += (text[done : match.start()], match.group())
        done = match.end()
    return tuple(part for part in (*parts, text[done:]) if part)
