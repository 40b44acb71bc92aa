"""The search for an attack that works, one query at a time; knows recipes and scores, not what is sent where.

The first half of the budget is drawn at random, whatever happens: its rate of success is not flattered by the search.
The second half mutates what came nearest, and ends with the first success. Deterministic: the same seed and the same
scores lead to the same recipes, so a search that was interrupted is resumed by telling it its scores again.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass

from zaphod.core.errors import ConfigError
from zaphod.study.redteam.driver.candidates import Candidate, mutated, random_candidate
from zaphod.study.redteam.driver.scenario import Scenario

_NUM_KEPT = 6
_FRESH_SHARE = 0.25
SUCCESS = 1.0


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How long is searched.

    Args:
        budget: attacks on one goal; half of them at random, then as many adaptive ones as are needed.
        seed: of everything random.
    """

    budget: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.budget < 2:
            raise ConfigError(
                f"The budget is {self.budget}.", "It must be at least 2: one at random, one adaptive.", "Give more."
            )

    @property
    def num_random(self) -> int:
        """Those that do not depend on answers."""
        return (self.budget + 1) // 2


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What to try next."""

    candidate: Candidate
    is_adaptive: bool


def search(scenario: Scenario, options: SearchOptions) -> Generator[Proposal, float, None]:
    """Proposes recipes; is sent the score of each, 0 to 1, and 1 is success."""
    rng = random.Random(f"search/{scenario.name}/{options.seed}")
    best: list[tuple[float, Candidate]] = []
    for number in range(options.budget):
        is_adaptive = number >= options.num_random
        if is_adaptive and best and best[0][0] >= SUCCESS:
            return
        candidate = _next(scenario, best, rng) if is_adaptive else random_candidate(scenario, rng)
        score = yield Proposal(candidate=candidate, is_adaptive=is_adaptive)
        # Later ones first among equals: a plateau is walked over, not sat upon.
        best = sorted([(score, candidate), *best], key=lambda scored: -scored[0])[:_NUM_KEPT]


def _next(scenario: Scenario, best: list[tuple[float, Candidate]], rng: random.Random) -> Candidate:
    if not best or rng.random() < _FRESH_SHARE:
        return random_candidate(scenario, rng)
    parents = [candidate for _, candidate in best]
    weights = [0.05 + score for score, _ in best]
    return mutated(rng.choices(parents, weights)[0], scenario, rng)
