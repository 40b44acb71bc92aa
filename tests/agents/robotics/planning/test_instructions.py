"""Manner: how somebody wants it done changes where the rounds begin, never what must hold."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.instructions import first_proposal, manner_of, without_manner
from zaphod.agents.robotics.planning.schema import read_proposal, written
from zaphod.agents.robotics.scene import believed, draw
from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL

BELIEF = believed(draw(0), 0)


def first(instruction: str) -> Proposal:
    return first_proposal(BELIEF, manner_of(instruction))


def test_gently_is_slower_and_quickly_is_faster() -> None:
    plain, gentle, fast = first("carry it"), first("carry it gently"), first("carry it quickly")
    assert gentle.lift_s > plain.lift_s > fast.lift_s
    assert gentle.closing_speed_m_s < plain.closing_speed_m_s < fast.closing_speed_m_s


def test_who_wants_it_both_gentle_and_fast_gets_it_gentle() -> None:
    assert first("quickly but carefully") == first("carefully")


def test_squeezing_harder_and_a_named_force_change_the_force_alone() -> None:
    plain = first("carry it")
    assert first("squeeze it harder").force_n > plain.force_n
    assert first("with 8.5 newtons").force_n == 8.5
    assert first("hold it with 9999 N").force_n < 100
    assert first("hold it with 0 N").force_n > 0
    assert first("with 8.5 newtons").height_m == plain.height_m


@pytest.mark.parametrize("instruction", ["", "carry it", "fast and 9999 N", "gently, with 0.0 N", "squeeze 12 N hard"])
def test_every_first_proposal_can_be_said_in_the_language_of_models(instruction: str) -> None:
    text = written(first(instruction), GLASS_OVER_A_WALL)
    read_proposal(json.dumps({"reason": "", "proposal": text}), GLASS_OVER_A_WALL)


def test_adverbs_of_manner_are_kept_from_a_model_that_was_taught_none() -> None:
    said = "Carefully pick it up and place it very gently on the shelf as slowly as possible."
    assert without_manner(said).strip() == "pick it up and place it on the shelf."
    assert without_manner("Take it with 20 N, fast, and put it down.") == "Take it, and put it down."
