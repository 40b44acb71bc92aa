from itertools import islice, pairwise

import pytest

from zaphod.data.tasks import SPLITS, Arithmetic, OutOfScope, RobotPlan, Split, Task, ToolCall
from zaphod.data.tasks.task import fits_combinations, is_held_out

TASKS = (Arithmetic(), RobotPlan(), ToolCall(), OutOfScope())
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
each_split = pytest.mark.parametrize("split", SPLITS)


@each_task
@each_split
def test_the_judge_accepts_the_given_answers(task: Task, split: Split) -> None:
    for example in islice(task.examples(split, 5), 300):
        assert task.judge(example, example.answer).correct, example


@each_task
def test_the_judge_rejects_answers_to_other_questions(task: Task) -> None:
    examples = list(islice(task.examples("train", 5), 60))
    for example, other in pairwise(examples):
        assert task.judge(example, other.answer).correct == (other.answer == example.answer)


@each_task
@pytest.mark.parametrize("answer", ["", "I do not know.", "{", "[]", '{"plan":7}', "null"])
def test_the_judge_rejects_nonsense_with_a_reason(task: Task, answer: str) -> None:
    score = task.judge(next(task.examples("train", 0)), answer)
    assert not score.correct
    assert score.reason


@each_task
@each_split
def test_a_seed_gives_the_same_examples_again(task: Task, split: Split) -> None:
    assert list(islice(task.examples(split, 3), 50)) == list(islice(task.examples(split, 3), 50))


@each_task
def test_another_seed_gives_other_examples(task: Task) -> None:
    assert list(islice(task.examples("train", 3), 50)) != list(islice(task.examples("train", 4), 50))


@each_task
def test_answers_are_short_and_of_one_line_but_for_arithmetic(task: Task) -> None:
    for example in islice(task.examples("train", 1), 200):
        assert len(example.answer) < 800
        assert example.answer.count("\n") == (task.name == "arithmetic")


def test_about_a_tenth_of_all_combinations_is_held_out() -> None:
    share = sum(is_held_out("cup", number) for number in range(5000)) / 5000
    assert 0.08 < share < 0.12


def test_a_combination_belongs_to_seen_or_unseen_but_never_both() -> None:
    for number in range(100):
        seen, unseen = (fits_combinations(split, number) for split in ("train", "combinations"))
        assert seen != unseen
        assert seen == fits_combinations("wordings", number)
