"""How often a model's answers are right, by task and split, with intervals; knows judges, not training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from zaphod.data.tasks import SPLITS, Example, Split, Task

Answerer = Callable[[Sequence[str]], list[str]]
"""Prompts to answers."""

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


def evaluate(
    answer: Answerer, tasks: Iterable[Task], num_examples: int, seed: int, splits: Sequence[Split] = SPLITS
) -> list[Accuracy]:
    """Ask `num_examples` questions of each task and split and judge the answers. `seed` must differ from training's."""
    return [_accuracy(answer, task, split, num_examples, seed) for task in tasks for split in splits]


def _accuracy(answer: Answerer, task: Task, split: Split, num_examples: int, seed: int) -> Accuracy:
    examples = list(islice(task.examples(split, seed), num_examples))
    answers = answer([example.prompt for example in examples])
    scores = [task.judge(example, given) for example, given in zip(examples, answers, strict=True)]
    num_correct = sum(score.correct for score in scores)
    wrong = [(e, a, s.reason) for e, a, s in zip(examples, answers, scores, strict=True) if not s.correct]
    interval = wilson_interval(num_correct, num_examples)
    return Accuracy(task.name, split, num_correct, num_examples, interval, tuple(wrong[:20]))
