"""Whether a sequence of deeds can be done, and keeps rules about its course, whatever is not known; knows no geometry.

Deeds need facts and make facts. What is not known at the beginning is tried both ways, all combinations: a plan is
accepted only if it works in every one. Rules are formulas of `stl` over the facts: +1 where one holds, -1 where not,
one sample before each deed and one after the last.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from zaphod.core.errors import CapacityError
from zaphod.safety.verification.stl import Formula, Values

_MOST_UNKNOWN: Final = 14


class Deed(NamedTuple):
    """Something that is done."""

    name: str
    needs: Mapping[str, bool]
    """Facts, and whether they must hold or must not."""
    makes: Mapping[str, bool]
    """Facts, and whether they hold afterwards."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Why a sequence is refused."""

    deed: int
    """Which one, from 0; as many as there are if a rule about the whole course is broken."""
    why: str
    supposing: Mapping[str, bool]
    """What is not known, as it would have to be."""

    def __str__(self) -> str:
        told = ", ".join(f"{name} is {'so' if holds else 'not so'}" for name, holds in self.supposing.items())
        return f"deed {self.deed + 1}: {self.why}" + (f", if {told}" if told else "")


def breach(
    deeds: Sequence[Deed], known: Mapping[str, bool], unknown: Sequence[str], rules: Mapping[str, Formula]
) -> Breach | None:
    """The first thing that goes wrong in some case; None if all goes well in every one.

    Args:
        deeds: in their order.
        known: facts at the beginning; what is neither known nor unknown does not hold.
        unknown: facts that may hold or not.
        rules: by their words.

    Raises:
        CapacityError: too much is unknown to try all of it.
    """
    if len(unknown) > _MOST_UNKNOWN:
        raise CapacityError(
            f"{len(unknown)} facts are not known.",
            f"All combinations of at most {_MOST_UNKNOWN} are tried.",
            "Look before acting.",
        )
    return next(filter(None, _breaches(deeds, known, unknown, rules)), None)


def _breaches(
    deeds: Sequence[Deed], known: Mapping[str, bool], unknown: Sequence[str], rules: Mapping[str, Formula]
) -> Iterator[Breach | None]:
    for values in itertools.product((False, True), repeat=len(unknown)):
        supposing = dict(zip(unknown, values, strict=True))
        facts = {**known, **supposing}
        course = [facts]
        for number, deed in enumerate(deeds):
            for fact, holds in deed.needs.items():
                if facts.get(fact, False) != holds:
                    why = f"{deed.name} needs that {fact} is {'so' if holds else 'not so'}"
                    yield Breach(deed=number, why=why, supposing=supposing)
            facts = {**facts, **deed.makes}
            course.append(facts)
        yield _broken_rule(course, rules, supposing)


def _broken_rule(
    course: Sequence[Mapping[str, bool]], rules: Mapping[str, Formula], supposing: Mapping[str, bool]
) -> Breach | None:
    signals = defaultdict[str, Values](lambda: np.full(len(course), -1.0))
    for name in {name for facts in course for name in facts}:
        signals[name] = np.array([1.0 if facts.get(name, False) else -1.0 for facts in course])
    for words, rule in rules.items():
        if rule.robustness(signals, 1.0)[0] <= 0:
            return Breach(deed=len(course) - 1, why=words, supposing=supposing)
    return None
