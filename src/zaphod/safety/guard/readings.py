"""Which readings of a text the rules' patterns are for; the one place where patterns and views meet."""

from __future__ import annotations

import functools

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.rules.matcher import PatternFinder
from zaphod.safety.guard.rules.policy import Rule, ViewGroup
from zaphod.safety.guard.views import canonical


def group_of(view: View) -> ViewGroup:
    """What kind of reading a view is."""
    if not view.chain:
        return "raw"
    return "compact" if "compact" in view.chain else "folded"


@functools.lru_cache(maxsize=65_536)
def fold(letter: str) -> str:
    """A letter as views fold it."""
    return canonical(letter).text


@functools.lru_cache(maxsize=64)
def finder_of(rules: tuple[Rule, ...]) -> PatternFinder:
    """A finder for these rules; policies with the same rules share it."""
    return PatternFinder(rules, group_of, fold)
