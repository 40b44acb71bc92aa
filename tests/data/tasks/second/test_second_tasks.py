"""What holds for every task of the second edition."""

from itertools import islice

import pytest

from zaphod.data.tasks import Example, Task
from zaphod.data.tasks.second import SECOND_TASKS, ShownTools
from zaphod.data.tasks.second.frozen import held_out
from zaphod.data.tasks.task import Split

TASKS = [*SECOND_TASKS, ShownTools()]
SPLITS: tuple[Split, ...] = ("train", "combinations", "wordings_2")


def drawn(task: Task, split: Split, num: int = 150, seed: int = 3) -> list[Example]:
    return list(islice(task.examples(split, seed), num))


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("task", SECOND_TASKS, ids=lambda task: task.name)
def test_a_tasks_own_answers_are_right_and_an_empty_one_is_not(task: Task, split: Split) -> None:
    for example in drawn(task, split):
        assert task.judge(example, example.answer).correct, example
        assert not task.judge(example, "").correct
        assert "{" not in example.prompt


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_same_seed_gives_the_same_examples(task: Task) -> None:
    assert drawn(task, "train", 30) == drawn(task, "train", 30)
    assert drawn(task, "train", 30) != drawn(task, "train", 30, seed=4)


@pytest.mark.parametrize("task", SECOND_TASKS, ids=lambda task: task.name)
def test_training_says_more_than_the_test_and_nothing_twice(task: Task) -> None:
    prompts = [example.prompt for example in drawn(task, "train", 1000)]
    assert len(set(prompts)) > 800


def test_the_tests_phrasings_are_many() -> None:
    assert len(held_out()) > 250
