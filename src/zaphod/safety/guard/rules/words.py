"""Words that patterns share: `(?&name)` becomes what stands under [words]; knows no rule."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from zaphod.safety.guard.rules.syntax import MAX_PATTERN_CHARACTERS, PatternError, parse

_ESCAPED_OR_NAMED = re.compile(r"\\.|\(\?&(?:([^)]*)\))?", re.DOTALL)


def with_words(pattern: str, words: Mapping[str, str]) -> str:
    """The pattern with every `(?&name)` replaced by a group of those words.

    Raises:
        PatternError: there are no words of that name, or too many in all.
    """
    expanded = _ESCAPED_OR_NAMED.sub(lambda match: _put_in(match, words), pattern)
    if len(expanded) > MAX_PATTERN_CHARACTERS:
        found, wanted = "grows too long with its words", f"A pattern has at most {MAX_PATTERN_CHARACTERS:,} characters."
        raise PatternError(found, wanted, "Use fewer words, or make several patterns.")
    return expanded


def _put_in(match: re.Match[str], words: Mapping[str, str]) -> str:
    return match[0] if match[0].startswith("\\") else f"(?:{_named(match[1] or '', words)})"


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
