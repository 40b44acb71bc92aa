"""The curves of a run."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.report.chart import Axis
from zaphod.core.report.picture import Dot, Path, Picture, Raster, Text, as_svg
from zaphod.training.pictures import Points, curve, load_maps

_Y = Axis("y")


def drawn(picture: Picture | None, style: str = "line-1") -> Path:
    """The last of a style: the legend's stand before it."""
    assert picture is not None
    return [part for part in picture.parts if isinstance(part, Path) and part.style == style][-1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(), max_size=40), st.booleans(), st.booleans())
def test_any_values_can_be_drawn(values: list[float], logarithmic: bool, from_zero: bool) -> None:
    points: Points = list(enumerate(values))
    picture = curve("t", {"a": points}, Axis("y", logarithmic=logarithmic, from_zero=from_zero))
    svg = as_svg(picture) if picture else ""
    assert "nan" not in svg
    assert "inf" not in svg


def test_what_no_axis_holds_is_left_out() -> None:
    points = [(1, 1.0), (2, float("nan")), (3, -2.0), (4, 0.0), (5, 1e30), (6, 2.0)]
    assert len(drawn(curve("t", {"a": points}, Axis("y", logarithmic=True))).points) == 2
    assert len(drawn(curve("t", {"a": points}, _Y)).points) == 4


def test_a_long_line_is_averaged() -> None:
    points = drawn(curve("t", {"a": [(float(n), float(n % 2)) for n in range(3200)]}, _Y)).points
    assert len(points) == 320
    assert len({round(y, 6) for _, y in points}) == 1


def test_a_line_without_points_is_not_in_the_legend() -> None:
    both = {"training": [(1, 2.0), (2, 1.0)], "held out": [(2, 1.5)]}
    for lines, names in ((both, {"training", "held out"}), ({**both, "held out": []}, set())):
        picture = curve("t", lines, _Y, dotted="held out")
        assert picture is not None
        assert {"training", "held out"} & {part.text for part in picture.parts if isinstance(part, Text)} == names


def test_only_the_points_of_a_dotted_line_and_of_a_lonely_step_are_shown_each() -> None:
    def num_dots(picture: Picture | None) -> int:
        assert picture is not None
        return sum(isinstance(part, Dot) for part in picture.parts)

    three = [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert num_dots(curve("t", {"a": three, "b": three[:2]}, _Y, dotted="b")) == 2
    assert num_dots(curve("t", {"": three}, _Y)) == 0
    assert num_dots(curve("t", {"": three[:1]}, _Y)) == 1


def test_a_map_has_a_row_for_each_expert_and_few_columns() -> None:
    maps = list(load_maps(range(1, 1001), np.ones((1000, 2, 4))))
    assert len(maps) == 2
    [_, pixels] = [part for part in maps[0].parts if isinstance(part, Raster)]
    assert [int.from_bytes(pixels.png[at : at + 4]) for at in (16, 20)] == [160, 4]
    assert {"1", "1,000", "Sparse layer 0, 4 experts"} <= {
        part.text for part in maps[0].parts if isinstance(part, Text)
    }
