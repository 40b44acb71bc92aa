"""Guards and simpler things that are tried with the same attacks; knows how each is asked, not with what.

What counts is whether anything is done about a text (redacted, held, blocked) for another reason than that it holds
personal data or secrets: those are looked for as well, but they are no attack.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.guard import Guard
from zaphod.safety.guard.readings import finder_of
from zaphod.safety.guard.standard import standard_finders
from zaphod.safety.guard.verdict import Stage

Reasons = Callable[[str, Stage], list[str]]
_OTHER_CATEGORIES = ("pii", "secret")
_CLASSIFIER = "classifier"

# The one expression that the project's first sketch called polymorphic sanitising: two words, letter for letter.
_SKETCH = re.compile("malware|注入", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One way to look at texts.

    Args:
        name: as tables call it.
        reasons: the rules for which something would be done about a text; none if it would pass.
    """

    name: str
    reasons: Reasons

    def catches(self, text: str, stage: Stage) -> bool:
        """Whether something would be done about the text."""
        return bool(self.reasons(text, stage))


@dataclass(frozen=True)
class _PlainView:
    """A text without a way back to another one: enough where only a yes or no is wanted."""

    text: str
    chain: tuple[str, ...] = ()

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        return start, end


def entrants(policy: str, classifiers: Sequence[Finder]) -> list[Entrant]:
    """From the simplest to the whole guard.

    Args:
        policy: of the guard.
        classifiers: what the last of them has in addition; that one is left out if there are none.
    """
    plain = tuple(finder for finder in standard_finders() if not finder.name.startswith(_CLASSIFIER))
    found = [
        Entrant(name="first sketch: two words", reasons=_sketch),
        Entrant(name="NFKC and our patterns", reasons=_without_views(policy)),
        Entrant(name="guard without classifiers", reasons=guard_reasons(Guard.load(policy, finders=plain))),
    ]
    if classifiers:
        whole = Guard.load(policy, finders=(*plain, *classifiers))
        found.append(Entrant(name="guard with classifiers", reasons=guard_reasons(whole)))
    return found


def guard_reasons(guard: Guard) -> Reasons:
    """Why a guard would do something about a text."""

    def reasons(text: str, stage: Stage) -> list[str]:
        findings = guard.check(text, stage).findings
        return [
            finding.hit.rule
            for finding in findings
            if finding.action != "allow" and finding.hit.category not in _OTHER_CATEGORIES
        ]

    return reasons


def _sketch(text: str, stage: Stage) -> list[str]:
    return ["sketch"] if _SKETCH.search(text) else []


def _without_views(policy: str) -> Reasons:
    rules = Guard.load(policy, finders=()).policy_of("")
    finder = finder_of(rules.rules)

    def reasons(text: str, stage: Stage) -> list[str]:
        hits = finder.find([_PlainView(unicodedata.normalize("NFKC", text))], stage)
        return [hit.rule for hit in hits if rules.finding(hit, stage).action != "allow"]

    return reasons
