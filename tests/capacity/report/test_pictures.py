"""What is drawn of a plan."""

from __future__ import annotations

import dataclasses

from tests.capacity.report import plans

from zaphod.capacity.report.pictures import pictures_of
from zaphod.core.report.picture import Box, Dot, Path, Text


def test_there_is_a_picture_of_speed_memory_cost_and_each_panel_of_a_day() -> None:
    assert list(pictures_of(plans.report())) == ["latency", "memory", "cost", "day-1", "day-2"]


def test_without_a_curve_and_a_day_the_plan_is_drawn_alone() -> None:
    report = dataclasses.replace(plans.report(), curve=(), day=None)
    assert list(pictures_of(report)) == ["memory", "cost"]


def test_the_memory_bar_is_as_long_as_its_parts() -> None:
    parts = pictures_of(plans.report())["memory"].picture.parts
    widths = [part.width for part in parts if isinstance(part, Box) and part.style.startswith("fill") and part.title]
    ground = next(part.width for part in parts if isinstance(part, Box) and part.style == "ground")
    assert [round(width / ground * 85.5, 3) for width in widths] == [39.5, 30.0, 3.0, 4.0]


def test_the_plans_own_point_is_marked_on_the_curve() -> None:
    parts = pictures_of(plans.report())["latency"].picture.parts
    assert [part.title for part in parts if isinstance(part, Dot) and part.title] == ["64 streams"]


def test_the_promise_is_drawn_across() -> None:
    parts = pictures_of(plans.report())["latency"].picture.parts
    [line] = [part for part in parts if isinstance(part, Path) and part.style == "limit"]
    assert line.points[0][1] == line.points[1][1]
    assert "promised: 50 ms" in [part.text for part in parts if isinstance(part, Text)]


def test_a_long_day_keeps_its_peaks() -> None:
    day = plans.day()
    spike = [0.0] * 1440
    spike[700] = 500.0
    panel = dataclasses.replace(day.panels[0], lines=(("waiting", spike),))
    report = dataclasses.replace(plans.report(), day=dataclasses.replace(day, panels=(panel,)))
    parts = pictures_of(report)["day-1"].picture.parts
    [line] = [part for part in parts if isinstance(part, Path) and part.style == "line-1" and len(part.points) > 2]
    assert len({y for _, y in line.points}) == 2


def test_every_shape_stays_inside_of_its_picture() -> None:
    for name, (picture, _) in pictures_of(plans.report()).items():
        for part in picture.parts:
            places = part.points if isinstance(part, Path) else [(part.x, part.y)]
            assert all(-1 <= x <= picture.width + 1 and -1 <= y <= picture.height + 1 for x, y in places), (name, part)
