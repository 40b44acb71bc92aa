"""Answers of the built-in model: one carrying, a question, or a refusal with the reason; never anything else."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.agents.robotics.planning.steps import Asks, Refuses, Wish, read_answer
from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL

CARRY = [
    {"do": "go", "to": "table"},
    {"do": "grasp", "object": "glass cup"},
    {"do": "go", "to": "shelf"},
    {"do": "place", "object": "glass cup", "on": "shelf"},
]


def read(answer: object) -> Wish | Asks | Refuses:
    return read_answer(answer if isinstance(answer, str) else json.dumps(answer), GLASS_OVER_A_WALL)


def why_not(steps: Sequence[object]) -> str:
    found = read({"plan": steps})
    assert isinstance(found, Refuses)
    return found.reason


def test_carrying_the_load_to_its_goal_is_understood_by_any_of_its_names() -> None:
    for name in ("glass cup", "glass", "fragile glass"):
        assert read(json.dumps({"plan": CARRY}).replace("glass cup", name)) == Wish()


def test_a_thing_or_place_that_is_not_here_is_named() -> None:
    assert why_not([CARRY[0], {"do": "grasp", "object": "knife"}]).startswith("There is no knife here. Here the glass")
    assert why_not([{"do": "go", "to": "drawer"}]).startswith("There is no drawer here.")
    assert why_not([*CARRY[:2], {"do": "go", "to": "user"}]).startswith("Nobody can be handed anything")


def test_steps_that_cannot_follow_each_other_are_refused() -> None:
    assert "the hand does not hold the glass cup" in why_not(CARRY[2:])
    assert "is not at the shelf" in why_not([CARRY[2], CARRY[1]])


def test_what_ends_anywhere_but_at_the_goal_is_refused() -> None:
    assert "between the pads" in why_not(CARRY[:2])
    assert "not be carried" in why_not(CARRY[:1])
    back = [{"do": "grasp", "object": "glass cup"}, CARRY[0], {"do": "place", "object": "glass cup", "on": "table"}]
    assert "not be carried" in why_not([*CARRY, *back])
    assert "more than once" in why_not([*CARRY, *back, *CARRY[1:]])


def test_a_refusal_keeps_the_models_reason_and_says_what_there_is() -> None:
    assert read({"refuse": "unsafe: it is beyond the limits"}) == Refuses("unsafe: it is beyond the limits")
    assert read({"refuse": "unknown object: vase"}) == Refuses(f"unknown object: vase. {GLASS_OVER_A_WALL.offer}")


def test_a_question_where_something_is_is_kept_as_one() -> None:
    assert read({"refuse": "unclear: where is the glass cup?"}) == Asks("glass cup")


@pytest.mark.parametrize(
    "said", ["= 42", "", "[", "[" * 50_000, '{"tool":"x","arguments":{}}', '{"plan":[],"refuse":"x"}', '{"plan":{}}']
)
def test_other_answers_are_told_and_not_obeyed(said: str) -> None:
    found = read(said)
    assert isinstance(found, Refuses)
    assert "something else than work" in found.reason


@pytest.mark.parametrize(
    "step", [None, 3, [], {"do": []}, {"do": {"a": 1}}, {"do": "go"}, {}, {"do": "fly", "to": "x"}]
)
def test_a_step_that_is_none_is_refused(step: object) -> None:
    assert why_not([step])


def test_a_refusal_cannot_move_the_cursor_or_fill_the_screen() -> None:
    found = read({"refuse": "\x1b[31m" + "x" * 5000})
    assert isinstance(found, Refuses)
    assert found.reason.isprintable()
    assert len(found.reason) < 300


_WORDS = st.sampled_from(["go", "grasp", "place", "give", "open", "close", "table", "shelf", "glass cup", "user", "x"])


@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.dictionaries(st.sampled_from(["do", "to", "on", "in", "object", "target"]), _WORDS, max_size=3),
            max_size=6,
        ).map(lambda steps: json.dumps({"plan": steps})),
        st.dictionaries(st.sampled_from(["plan", "refuse", "ask"]), st.text(max_size=9) | st.none()).map(json.dumps),
    )
)
def test_whatever_a_model_says_is_one_of_the_three(said: str) -> None:
    assert isinstance(read_answer(said, GLASS_OVER_A_WALL), Wish | Asks | Refuses)
