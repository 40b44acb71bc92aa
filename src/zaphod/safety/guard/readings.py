"""Which readings of a text the rules' patterns are for, and which serve a stream; where patterns and views meet."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.rules.matcher import PatternFinder
from zaphod.safety.guard.rules.policy import Rule, ViewGroup
from zaphod.safety.guard.views import ViewLimits, views_of
from zaphod.safety.guard.views.fold import folded_characters

_FOLDS = frozenset({"fold", "join", "leet", "squeeze", "word-order"})
_PLAIN = ViewLimits(max_depth=0)
_OUT_OF_ORDER = "word-order"


def group_of(view: View) -> ViewGroup:
    """What kind of reading a view is. One that was decoded and not folded is read like the raw text."""
    last = view.chain[-1] if view.chain else ""
    if last == "compact":
        return "compact"
    return "folded" if last in _FOLDS else "raw"


def reading_of(view: View) -> tuple[str, ...]:
    """What was undone before the letters were folded: equal for all forms of one reading."""
    chain = view.chain
    while chain and (chain[-1] in _FOLDS or chain[-1] == "compact"):
        chain = chain[:-1]
    return chain


def fold(letter: str) -> str:
    """A letter as views fold it."""
    return folded_characters(letter).casefold()


@functools.lru_cache(maxsize=64)
def finder_of(rules: tuple[Rule, ...]) -> PatternFinder:
    """A finder for these rules; policies with the same rules share it."""
    return PatternFinder(rules, group_of, reading_of, fold)


def plain_views(text: str) -> Sequence[View]:
    """The readings in which every character stays where it was: nothing is decoded, nothing turned round."""
    return [view for view in views_of(text, _PLAIN) if is_plain(view)]


def is_plain(view: View) -> bool:
    """Whether it is one of those."""
    return _OUT_OF_ORDER not in view.chain and all(step in _FOLDS or step == "compact" for step in view.chain)
