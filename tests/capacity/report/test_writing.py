"""Reports as files."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.capacity.report import plans

from zaphod.capacity.report.writing import write
from zaphod.core.errors import ConfigError


@pytest.mark.parametrize("ending", [".html", ".json", ".md", ".csv"])
def test_the_ending_says_which_kind(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"plan{ending}"
    assert write(plans.report(), file) == (file,)
    assert file.stat().st_size > 1000


def test_a_folder_gets_everything(tmp_path: Path) -> None:
    pytest.importorskip("PIL", reason="Pillow is not installed: no PNG")
    written = write(plans.report(), tmp_path / "plan")
    assert {file.suffix for file in written} == {".html", ".json", ".md", ".csv", ".svg", ".png"}
    assert sorted(written) == sorted((tmp_path / "plan").iterdir())


def test_svg_files_are_whole_documents(tmp_path: Path) -> None:
    written = write(plans.report(), tmp_path / "plan.svg")
    assert [file.name for file in written][:2] == ["plan-latency.svg", "plan-memory.svg"]
    for file in written:
        assert ElementTree.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_an_unknown_ending_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.html"):
        write(plans.report(), tmp_path / "plan.docx")
    assert list(tmp_path.iterdir()) == []


def test_json_in_the_file_is_that_of_the_report(tmp_path: Path) -> None:
    [file] = write(plans.report(), tmp_path / "plan.json")
    assert json.loads(file.read_text())["made_at"] == "2026-11-22 10:00 UTC"
