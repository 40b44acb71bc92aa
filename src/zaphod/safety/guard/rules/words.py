"""Words that patterns share: `(?&name)` becomes what stands under [words]; knows no rule."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from zaphod.safety.guard.rules.syntax import MAX_PATTERN_CHARACTERS, PatternError, parse

_OPENING = "(?&"


def with_words(pattern: str, words: Mapping[str, str]) -> str:
    """The pattern with every `(?&name)` replaced by a group of those words.

    Raises:
        PatternError: there are no words of that name, or too many in all.
    """
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            pieces.append(pattern[at : at + 2])
            at += 2
        elif pattern.startswith(_OPENING, at):
            name, closed, _ = pattern[at + len(_OPENING) :].partition(")")
            pieces.append(f"(?:{_named(name if closed else '', words)})")
            at += len(_OPENING) + len(name) + 1
        else:
            pieces.append(pattern[at])
            at += 1
        _check_length(pieces)
    return "".join(pieces)


def resolved(words: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """All words, each with those in it that were named before.

    Raises:
        PatternError: one cannot be read. Its `found` begins with the name.
    """
    known = dict(inherited)
    for name, pattern in words.items():
        try:
            known[name] = with_words(pattern, known)
            parse(known[name], is_part=True)
        except PatternError as error:
            raise PatternError(f"{name!r} {error.found}", error.wanted, error.remedy) from error
    return known


def _named(name: str, words: Mapping[str, str]) -> str:
    if name not in words:
        nearest = difflib.get_close_matches(name, words, n=1, cutoff=0.5)
        remedy = f"Did you mean {nearest[0]!r}?" if nearest else "Add it under [words], above what uses it."
        raise PatternError(f"names the words {name!r}", f"There are {', '.join(sorted(words)) or 'none'}.", remedy)
    return words[name]


def _check_length(pieces: list[str]) -> None:
    if len(pieces[-1]) > MAX_PATTERN_CHARACTERS:
        found, wanted = "grows too long with its words", f"A pattern has at most {MAX_PATTERN_CHARACTERS:,} characters."
        raise PatternError(found, wanted, "Use fewer words, or make several patterns.")
