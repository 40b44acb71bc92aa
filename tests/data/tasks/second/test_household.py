import json
from itertools import islice

import pytest

from zaphod.data.tasks.second.danger import REASONS
from zaphod.data.tasks.second.household import Household
from zaphod.data.tasks.task import Split, is_held_out

TASK = Household()


@pytest.mark.parametrize("split", ["train", "combinations", "wordings_2"])
def test_unseen_combinations_are_unseen(split: Split) -> None:
    for example in islice(TASK.examples(split, 5), 400):
        moved = [(t, place, example.meta["goal"][t]) for t, place in example.meta.get("start", {}).items()]
        assert all(is_held_out(*triple) == (split == "combinations") for triple in moved)


def test_every_kind_of_danger_is_refused_with_its_reason() -> None:
    answers = [json.loads(e.answer) for e in islice(TASK.examples("train", 2), 1500)]
    given = {answer["refuse"] for answer in answers if "refuse" in answer}
    assert {reason for reason in given if reason.startswith("unsafe")} == set(REASONS.values())


def test_a_danger_counts_as_refused_whatever_the_reason_but_not_when_planned() -> None:
    danger = next(e for e in TASK.examples("wordings_2", 1) if e.meta.get("refuse") == "unsafe")
    assert TASK.judge(danger, json.dumps({"refuse": REASONS["limits"]})).correct
    assert not TASK.judge(danger, '{"plan":[{"do":"go","to":"shelf"}]}').correct
    assert not TASK.judge(danger, '{"refuse":"unclear: where is the cup?"}').correct
    assert not TASK.judge(danger, '{"refuse":"unsafely"}').correct


def test_several_instructions_make_one_plan() -> None:
    longest = max((json.loads(e.answer).get("plan", []) for e in islice(TASK.examples("train", 7), 500)), key=len)
    assert len(longest) > 10
