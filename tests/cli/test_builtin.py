"""The model that comes with the package, as a newcomer meets it."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from tests.cli.conftest import Zaphod

from zaphod.data.tasks import Arithmetic, RobotPlan


def test_the_first_question_gets_a_plan_that_can_be_carried_out(zaphod: Zaphod) -> None:
    answer = zaphod("run", "move the red cup from the shelf to the table").out
    assert json.loads(answer)["plan"] == [
        {"do": "go", "to": "shelf"},
        {"do": "grasp", "object": "red cup"},
        {"do": "go", "to": "table"},
        {"do": "place", "object": "red cup", "on": "table"},
    ]


def test_a_sum_comes_with_its_steps(zaphod: Zaphod) -> None:
    assert "= 7761" in zaphod("run", "what is 4817 + 2944?").out.splitlines()


@pytest.mark.parametrize("task", [Arithmetic(), RobotPlan()], ids=lambda task: task.name)
def test_it_is_right_on_most_unseen_combinations(zaphod: Zaphod, task) -> None:
    examples = list(islice(task.examples("combinations", seed=12345), 10))
    scores = [task.judge(example, zaphod("run", example.prompt, "--json").json["text"]) for example in examples]
    assert sum(score.correct for score in scores) >= 7


def test_it_is_small_enough_to_come_with_the_package(zaphod: Zaphod) -> None:
    assert zaphod("show", "builtin", "--json").json["files"]["num_bytes"] <= 25_000_000
