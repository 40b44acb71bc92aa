"""Interleaved trials of some choices against a default, and when the best of them counts; knows no runner.

Every round measures each choice once, in another order, and the default twice: how far the default lies from itself is
the noise. The best choice is then measured again in rounds of its own, because the best of several is partly luck. It
is kept where its median gain exceeds the noise.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_Choice = TypeVar("_Choice")
Measure = Callable[[], float]
"""One run: how fast, in any unit."""

_AGAIN = "the default again"
# Below this nobody notices, and no number of rounds tells it from luck.
_LEAST_GAIN = 0.01


@dataclass(frozen=True, kw_only=True)
class Trial(Generic[_Choice]):
    """What was measured, and what follows from it."""

    default: _Choice
    ratios: Mapping[_Choice, float]
    """Median speed of each choice over the default's, in the rounds in which all were measured."""
    best: _Choice
    """The fastest of them, the default included."""
    gain: float
    """Of the best, in its own rounds: 0.05 for 5 % faster than the default. 0 where the default is the best."""
    noise: float
    """How far the default lay from itself: three of four pairs of its runs differed by less."""

    @property
    def kept(self) -> _Choice:
        """The best where its gain exceeds the noise, otherwise the default."""
        return self.best if self.gain > max(self.noise, _LEAST_GAIN) else self.default


def compare(
    default: _Choice,
    measures: Mapping[_Choice, Measure],
    *,
    num_rounds: int,
    seed: int = 0,
    done: Callable[[], None] = lambda: None,
) -> Trial[_Choice]:
    """Measure all choices.

    Args:
        default: one of the choices.
        measures: by choice, the default among them.
        num_rounds: how often each is measured, twice: among all, and the best against the default.
        seed: of the order within a round.
        done: called after each round.
    """
    assert default in measures
    order = random.Random(seed)
    screened = [_one_round(default, measures, order, done) for _ in range(num_rounds)]
    others = [choice for choice in measures if choice != default]
    ratios = {choice: statistics.median(ratio[choice] for ratio, _ in screened) for choice in others}
    best = max(others, key=lambda choice: ratios[choice], default=default)
    noises = [noise for _, noise in screened]
    gain = 0.0
    if others and ratios[best] > 1:
        pair = {default: measures[default], best: measures[best]}
        confirmed = [_one_round(default, pair, order, done) for _ in range(num_rounds)]
        gain = statistics.median(ratio[best] for ratio, _ in confirmed) - 1
        noises += [noise for _, noise in confirmed]
    else:
        best = default
    return Trial(default=default, ratios={default: 1.0, **ratios}, best=best, gain=gain, noise=_upper_quartile(noises))


def num_rounds_of(num_choices: int, num_rounds: int) -> int:
    """The most calls of `done` that `compare` makes."""
    return 2 * num_rounds if num_choices > 1 else num_rounds


def _one_round(
    default: _Choice, measures: Mapping[_Choice, Measure], order: random.Random, done: Callable[[], None]
) -> tuple[dict[_Choice, float], float]:
    """Speeds over the default's, and how far the default's second run lies from its first."""
    runs: list[tuple[object, Measure]] = [*measures.items(), (_AGAIN, measures[default])]
    order.shuffle(runs)
    speeds = {choice: measure() for choice, measure in runs}
    done()
    base, again = speeds[default], speeds[_AGAIN]
    middle = (base * again) ** 0.5
    return {choice: speeds[choice] / middle for choice in measures}, abs(again - base) / middle


def _upper_quartile(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, 3 * len(values) // 4)]
