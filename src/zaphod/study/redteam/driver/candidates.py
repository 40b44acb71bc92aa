"""What may be tried against a goal next: words, transforms on them and where they stand; knows no answer.

A candidate is a recipe. The same recipe gives the same text, so that a journal of recipes is enough to resume.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from zaphod.study.redteam.driver.scenario import Position, Scenario
from zaphod.study.redteam.transforms.catalogue import TRANSFORMS, transform_named
from zaphod.study.redteam.transforms.composition import may_follow
from zaphod.study.redteam.wordings import Wording, wordings_of

_MAX_DEPTH = 3
_DEPTH_WEIGHTS = (3, 4, 2, 1)  # of none, one, two and three transforms
_LANGUAGE_SHARE = 0.25
"""Of candidates in another language than English."""
_COMMAND_SHARE = 0.5
"""Of candidates that say a command in the target's own language, alone or behind a wording."""
_SEEDS = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A recipe of one attack.

    Args:
        language: of the wording.
        wording: which one of the family in that language; None for a bare command.
        command: which one of the goal's commands; None for a bare wording.
        transforms: on the last turn, in order.
        position: before or after the user's own words, where an attack shares a message with them.
        seed: of the transforms' parameters.
    """

    language: str
    wording: int | None
    command: int | None
    transforms: tuple[str, ...]
    position: Position
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """As it comes back from a journal."""
        return {**asdict(self), "transforms": list(self.transforms)}

    @staticmethod
    def from_dict(fields: dict[str, Any]) -> Candidate:
        """From a journal."""
        return Candidate(**{**fields, "transforms": tuple(fields["transforms"])})


def turns_of(candidate: Candidate, scenario: Scenario) -> tuple[str, ...]:
    """What is sent, turn by turn."""
    spoken: tuple[str, ...] = ("",)
    if candidate.wording is not None:
        spoken = _wordings(scenario, candidate.language)[candidate.wording].filled(scenario.slots)
    if candidate.command is not None:
        spoken = (*spoken[:-1], " ".join(filter(None, (spoken[-1], scenario.commands[candidate.command]))))
    rng, last = random.Random(candidate.seed), spoken[-1]
    for name in candidate.transforms:
        last = transform_named(name).apply(last, rng)
    return (*spoken[:-1], last)


def random_candidate(scenario: Scenario, rng: random.Random) -> Candidate:
    """One that depends on nothing before it."""
    depth = rng.choices(range(_MAX_DEPTH + 1), _DEPTH_WEIGHTS)[0]
    candidate = Candidate(
        language="en",
        wording=None,
        command=None,
        transforms=_chain(depth, rng),
        position=rng.choice(("before", "after")),
        seed=rng.randrange(_SEEDS),
    )
    return _reworded(candidate, scenario, rng)


def mutated(candidate: Candidate, scenario: Scenario, rng: random.Random) -> Candidate:
    """One that differs in one respect: words, parameters, a transform more, less or another, or the place."""
    change = rng.randrange(6)
    if change == 0:
        return _reworded(candidate, scenario, rng)
    if change == 1 and candidate.transforms:
        place = rng.randrange(len(candidate.transforms))
        return replace(candidate, transforms=candidate.transforms[:place] + candidate.transforms[place + 1 :])
    if change == 2 and len(candidate.transforms) < _MAX_DEPTH:
        return replace(candidate, transforms=_extended(candidate.transforms, rng))
    if change == 3 and candidate.transforms:
        return replace(candidate, transforms=_extended(candidate.transforms[:-1], rng))
    if change == 4:
        return replace(candidate, position="before" if candidate.position == "after" else "after")
    return replace(candidate, seed=rng.randrange(_SEEDS))  # best of N: the same, with other luck


def _reworded(candidate: Candidate, scenario: Scenario, rng: random.Random) -> Candidate:
    language = "en"
    if rng.random() < _LANGUAGE_SHARE:
        language = rng.choice(sorted({wording.language for wording in wordings_of(families=[scenario.family])}))
    has_command = bool(scenario.commands) and rng.random() < _COMMAND_SHARE
    command = rng.randrange(len(scenario.commands)) if has_command else None
    wording: int | None = rng.randrange(len(_wordings(scenario, language)))
    # A bare command is an attack where it stands in a document; from the user it is what users are there for.
    if command is not None and scenario.channel in ("document", "tool") and rng.random() < 0.5:
        wording = None
    return replace(candidate, language=language, wording=wording, command=command)


def _wordings(scenario: Scenario, language: str) -> Sequence[Wording]:
    return wordings_of(families=[scenario.family], language=language)


def _chain(depth: int, rng: random.Random) -> tuple[str, ...]:
    chain: tuple[str, ...] = ()
    for _ in range(depth):
        chain = _extended(chain, rng)
    return chain


def _extended(chain: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    before = [transform_named(name) for name in chain]
    fitting = [transform.name for transform in TRANSFORMS if may_follow(transform, before)]
    return (*chain, rng.choice(fitting))
