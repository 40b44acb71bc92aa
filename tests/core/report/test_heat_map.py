"""Values as colours."""

from __future__ import annotations

import io
import zlib

import pytest

from zaphod.core.report.heat_map import heat_map
from zaphod.core.report.picture import Raster, Text, as_svg

_COLD, _EVEN, _HOT = (38, 102, 196), (150, 150, 150), (240, 140, 20)


def _map(values: list[list[float]], title: str = "load") -> Raster:
    picture = heat_map(title, values, x_name="step", x_ends=("1", "9"))
    return max((part for part in picture.parts if isinstance(part, Raster)), key=lambda part: part.width)


def _rows(png: bytes) -> bytes:
    return zlib.decompress(png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8])


def test_a_heat_map_is_blue_grey_and_orange() -> None:
    rows = _rows(_map([[0.0, 1.0], [2.0, 5.0]]).png)
    cold, even, hot = (bytes(colour) for colour in (_COLD, _EVEN, _HOT))
    assert rows == b"\0" + cold + even + b"\0" + hot + hot


def test_values_between_have_colours_between() -> None:
    [_, red, green, blue] = _rows(_map([[1.5]]).png)
    assert (red, green, blue) == (195, 145, 85)


def test_its_file_is_one_that_others_read() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: no PNG")
    made = image.open(io.BytesIO(_map([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]).png))
    assert made.size == (3, 2)
    assert [made.getpixel((x, 0)) for x in range(3)] == [_COLD, _EVEN, _HOT]


def test_a_heat_map_becomes_a_png_with_its_colours() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: no PNG")
    from zaphod.core.report.png import as_png

    picture = heat_map("load", [[0.0, 2.0]], x_name="step", x_ends=("1", "9"))
    made = image.open(io.BytesIO(as_png(picture))).convert("RGB")
    colours = sorted(made.getcolors(1 << 20), reverse=True)
    assert {_COLD, _HOT} <= {colour for _, colour in colours[:3]}


def test_it_says_what_it_shows_and_its_title_is_no_markup() -> None:
    picture = heat_map("<b>", [[1.0]], x_name="step", x_ends=("1", "9"))
    assert {"<b>", "0", "2+", "1", "step", "9"} == {part.text for part in picture.parts if isinstance(part, Text)}
    assert "<b>" not in as_svg(picture)
