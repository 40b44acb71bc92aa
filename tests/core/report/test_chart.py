"""Lines, bars and what they are made of."""

from __future__ import annotations

import io
import math

import pytest

from zaphod.core.report.bars import Band, Share, bands, stacked_bar, strip
from zaphod.core.report.chart import Axis, Curve, Limit, chart
from zaphod.core.report.picture import Box, Path, Picture, Text, as_svg, as_svg_file

_X, _Y = Axis("load", logarithmic=True), Axis("ms")


def _line(picture: Picture | None, style: str = "line-1") -> Path:
    """The last of a style: the legend's stand before it."""
    assert picture is not None
    return [part for part in picture.parts if isinstance(part, Path) and part.style == style][-1]


def test_without_points_nothing_is_drawn() -> None:
    assert chart("empty", [Curve("none", [])], x=_X, y=_Y) is None


def test_equal_factors_are_equally_far_apart_on_a_logarithmic_axis() -> None:
    picture = chart("t", [Curve("a", [(1, 1), (10, 2), (100, 3)])], x=_X, y=_Y)
    [first, second, third] = [x for x, _ in _line(picture).points]
    assert second - first == pytest.approx(third - second)


def test_higher_values_stand_higher() -> None:
    picture = chart("t", [Curve("a", [(1, 1), (10, 2)])], x=_X, y=_Y, limits=[Limit("most", 3)])
    [(_, low), (_, high)] = _line(picture).points
    assert high < low
    assert _line(picture, "limit").points[0][1] < high


def test_one_point_and_equal_values_can_be_drawn() -> None:
    picture = chart("t", [Curve("a", [(5, 7)])], x=_X, y=Axis("ms", from_zero=False))
    assert all(
        math.isfinite(number) for part in picture.parts if isinstance(part, Path) for p in part.points for number in p
    )


def test_an_interval_lies_around_its_line() -> None:
    curve = Curve("a", [(1, 2.0), (10, 3.0)], [(1, 1.0, 3.0), (10, 2.0, 4.0)])
    picture = chart("t", [curve], x=_X, y=_Y)
    heights = [y for _, y in _line(picture, "area-1").points]
    assert min(heights) < min(y for _, y in _line(picture).points) < max(heights)


def test_names_are_text_and_never_markup() -> None:
    picture = chart("<b>", [Curve("<script>", [(1, 1), (2, 2)])] * 2, x=_X, y=_Y)
    assert "<script>" not in as_svg(picture)
    assert "&lt;script&gt;" in as_svg_file(picture)


def test_a_limit_beyond_the_whole_is_still_seen() -> None:
    picture = stacked_bar("m", [Share("a", 90, "90")], Share("all", 80, "80"), Share("most", 100, "100"))
    assert all(part.x + part.width <= picture.width + 1 for part in picture.parts if isinstance(part, Box))


def test_each_band_has_its_own_scale() -> None:
    picture = bands("b", [Band("a", 1, 2, 3, "2"), Band("b", 1000, 2000, 3000, "2,000")])
    [first, second] = [part for part in picture.parts if isinstance(part, Box) and part.style == "fill-1"]
    assert (first.x, first.width) == pytest.approx((second.x, second.width))


def test_strips_share_a_scale() -> None:
    boxes = []
    for low, high in ((0.25, 0.75), (0.5, 1.0)):
        picture = strip(Band("a", low, 0.6, high, "60 %"), 1.0)
        boxes += [part for part in picture.parts if isinstance(part, Box) and part.style == "fill-1"]
    assert (boxes[1].x, boxes[1].width) == pytest.approx((2 * boxes[0].x, boxes[0].width))


def test_an_axis_that_ends_with_its_data_leaves_no_room() -> None:
    steps = Axis("step", from_zero=False, ends_with_data=True)
    tight, loose = (
        chart("t", [Curve("a", [(1, 1), (1100, 2)])], x=axis, y=_Y)
        for axis in (steps, steps._replace(ends_with_data=False))
    )
    right = _line(tight, "grid").points[-1][0]
    assert _line(tight).points[-1][0] == pytest.approx(right)
    assert _line(loose).points[-1][0] < right - 10


def test_a_picture_becomes_a_png_with_its_colours() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: no PNG")
    from zaphod.core.report.png import as_png

    picture = chart("t", [Curve("a", [(1, 1), (10, 2)]), Curve("b", [(1, 2), (10, 1)])], x=_X, y=_Y)
    made = image.open(io.BytesIO(as_png(picture)))
    colours = {colour for _, colour in made.convert("RGB").getcolors(1 << 20)}
    assert {(255, 255, 255), (31, 111, 208), (194, 87, 12)} <= colours


def test_texts_say_what_the_axes_are() -> None:
    picture = chart("t", [Curve("a", [(1, 1), (10, 2)])], x=_X, y=_Y)
    assert {"load", "ms", "t"} <= {part.text for part in picture.parts if isinstance(part, Text)}
