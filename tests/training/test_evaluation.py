from collections.abc import Sequence

import pytest

from zaphod.data.tasks import HONEST_ANSWER, SPLITS, Example, OutOfScope
from zaphod.training.evaluation import evaluate, wilson_interval


@pytest.mark.parametrize(
    ("num_correct", "num_examples", "low", "high"),
    # Newcombe 1998 (Statistics in Medicine 17, p. 861), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(num_correct: int, num_examples: int, low: float, high: float) -> None:
    interval = wilson_interval(num_correct, num_examples)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_right_and_wrong_answers_are_counted_per_split() -> None:
    def answer(questions: Sequence[Example]) -> list[str]:
        return [HONEST_ANSWER if number % 10 < 7 else "Paris" for number in range(len(questions))]

    results = evaluate(answer, [(OutOfScope(), split) for split in SPLITS], 10, seed=1)
    assert [(result.split, result.num_correct) for result in results] == [
        ("train", 7),
        ("combinations", 7),
        ("wordings", 7),
    ]
    assert results[0].share == 0.7
    assert [wrong for _, wrong, _ in results[0].failures] == ["Paris"] * 3
