"""Names of the scene: what people may call them, and how the built-in model is told."""

from __future__ import annotations

import pytest

from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL as HERE
from zaphod.data.tasks.robot_world import COLOURS, KINDS, SURFACES


@pytest.mark.parametrize("words", ["glass", "the glass", "The fragile GLASS", "my thin empty glass cup", "wine glass"])
def test_the_load_is_known_by_its_names_articles_and_descriptions_aside(words: str) -> None:
    assert HERE.load.is_meant(words)


@pytest.mark.parametrize("words", ["", "the", "knife", "glass bottle", "red cup", "fragile", "shelf", "glass table"])
def test_other_things_are_not_the_load(words: str) -> None:
    assert not HERE.load.is_meant(words)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Take the fragile glass to the shelf", "Take the glass cup to the shelf"),
        ("take the fragile, glass", "take the fragile, glass cup"),
        ("take the glass bottle", "take the glass bottle"),
        ("take the fragile load", "take the glass cup"),
        ("take the glass cup", "take the glass cup"),
        ("take the glasses", "take the glasses"),
    ],
)
def test_names_are_restated_as_they_were_taught_and_other_things_are_not(said: str, told: str) -> None:
    assert HERE.restated(said) == told


def test_the_names_for_the_model_are_of_its_vocabulary() -> None:
    colour, kind = HERE.load.told.split()
    assert colour in COLOURS
    assert kind in KINDS
    assert {HERE.start.told, HERE.goal.told} <= set(SURFACES)
