"""How often a model's answers are right, by task and split, with intervals; knows judges, not training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from zaphod.data.tasks import Example, Split, Task

Answerer = Callable[[Sequence[Example]], list[str]]
"""Questions to answers; their right answers are not to be looked at."""

_NORMAL_QUANTILE_95 = 1.959964


class Interval(NamedTuple):
    """Bounds of a proportion."""

    low: float
    high: float


class Accuracy(NamedTuple):
    """One task on one split."""

    task: str
    split: Split
    num_correct: int
    num_examples: int
    interval: Interval
    """95 %, Wilson."""
    failures: tuple[tuple[Example, str, str], ...]
    """Some examples with the wrong answer and the judge's reason."""

    @property
    def share(self) -> float:
        return self.num_correct / self.num_examples


def wilson_interval(num_correct: int, num_examples: int) -> Interval:
    """95 % score interval of a proportion (Wilson 1927): right for small samples and near 0 and 1."""
    z2, share = _NORMAL_QUANTILE_95**2, num_correct / num_examples
    centre = (share + z2 / (2 * num_examples)) / (1 + z2 / num_examples)
    spread = (z2 * (share * (1 - share) + z2 / (4 * num_examples)) / num_examples) ** 0.5 / (1 + z2 / num_examples)
    return Interval(max(0.0, centre - spread), min(1.0, centre + spread))


def evaluate(answer: Answerer, asked: Iterable[tuple[Task, Split]], num_examples: int, seed: int) -> list[Accuracy]:
    """Ask `num_examples` questions of each task on each split, all at once, and judge the answers.

    `seed` must differ from training's.
    """
    chosen = [(task, split, list(islice(task.examples(split, seed), num_examples))) for task, split in asked]
    answers = iter(answer([example for _, _, examples in chosen for example in examples]))
    return [_judged(task, split, [(e, next(answers)) for e in examples]) for task, split, examples in chosen]


def _judged(task: Task, split: Split, answered: Sequence[tuple[Example, str]]) -> Accuracy:
    scores = [task.judge(example, answer) for example, answer in answered]
    num_correct = sum(score.correct for score in scores)
    wrong = [(*pair, score.reason) for pair, score in zip(answered, scores, strict=True) if not score.correct]
    interval = wilson_interval(num_correct, len(answered))
    return Accuracy(task.name, split, num_correct, len(answered), interval, tuple(wrong[:50]))
