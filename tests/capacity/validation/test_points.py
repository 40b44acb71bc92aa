from __future__ import annotations

from pathlib import Path

import pytest
from tests.capacity.validation.points import COLUMNS, point, row, table

from zaphod.capacity.validation.points import read_points
from zaphod.core.errors import ConfigError


def test_cells_are_read_as_numbers_counts_and_text(tmp_path: Path) -> None:
    found = point(tmp_path, total_params_b=70.55, tokens_total="1.5e13")
    assert (found.n_gpus, found.total_params_b, found.tokens_total) == (4, 70.55, 1.5e13)
    assert (found.ep, found.notes, found.problems) == (None, "", ())


@pytest.mark.parametrize(
    ("cell", "value"), [("~0.5", 0.5), ('"1,024"', 1024), ("128k", 128_000), ("20-22", 21), ("1e3", 1000), (" 7 ", 7)]
)
def test_numbers_are_read_as_people_write_them(tmp_path: Path, cell: str, value: float) -> None:
    assert point(tmp_path, measured_value=cell).measured == value


@pytest.mark.parametrize("cell", ["fast", "1..2", "inf", "1e999", "--"])
def test_what_is_no_number_is_named_and_left_out(tmp_path: Path, cell: str) -> None:
    found = point(tmp_path, isl=cell)
    assert found.isl is None
    assert "isl" in found.problems[0]


@pytest.mark.parametrize("cell", ["-3", "2.5"])
def test_what_is_no_count_is_named_and_left_out(tmp_path: Path, cell: str) -> None:
    found = point(tmp_path, tp=cell)
    assert found.tp is None
    assert "tp" in found.problems[0]


def test_short_long_and_empty_lines_are_read(tmp_path: Path) -> None:
    file = table(tmp_path, "b,decode", "", row() + ",more", ",,,")
    short, long = read_points(file)
    assert (short.id, short.model, short.measured) == ("b", "", None)
    assert "more than there are columns" in long.problems[0]


def test_columns_may_stand_in_any_order_and_further_ones_are_ignored(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "ms,7,x,H100,grok-1,itl,decode,z",
        header="unit,measured_value,colour,hardware,model,METRIC,category, id",
    )
    (found,) = read_points(file)
    assert (found.id, found.metric, found.measured) == ("z", "itl", 7)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"a,b\n1,2\n", b"\xff\xfe\x00", b"id\0,x\n", b"PK\x03\x04\x00\x9c\xff"]
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        read_points(file)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="metric"):
        read_points(table(tmp_path, header=COLUMNS.replace("metric", "figure")))


def test_a_missing_file_and_a_repeated_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_points(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match="twice"):
        read_points(table(tmp_path, header=COLUMNS + ",id"))
