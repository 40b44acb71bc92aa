from __future__ import annotations

from pathlib import Path

import pytest

from zaphod.capacity.catalogue import sources
from zaphod.capacity.catalogue.grid import Grid
from zaphod.core.errors import ConfigError

ROW = """
[[row]]
name = "atlantis"
title = "Atlantis"
g_per_kwh = 1
year = 2023
source = "a test"
date = 2026-01-01
"""


def read(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    (folder / "rows.toml").write_text(text)
    monkeypatch.setattr(sources, "files", lambda package: folder)
    sources.read_rows("rows.toml", Grid, "anything")


def test_a_whole_row_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read(monkeypatch, tmp_path, ROW)


@pytest.mark.parametrize("line", ['source = "a test"', "date = 2026-01-01"])
def test_a_row_without_source_or_date_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="Add `source` and `date`"):
        read(monkeypatch, tmp_path, ROW.replace(line, ""))


def test_an_empty_source_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Each row says"):
        read(monkeypatch, tmp_path, ROW.replace("a test", " "))


def test_a_date_in_quotes_is_no_date(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Each row says"):
        read(monkeypatch, tmp_path, ROW.replace("2026-01-01", '"2026-01-01"'))


def test_a_key_that_no_row_has_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not fit"):
        read(monkeypatch, tmp_path, ROW + "g_per_mwh = 3\n")


def test_two_rows_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two rows"):
        read(monkeypatch, tmp_path, ROW + ROW)
