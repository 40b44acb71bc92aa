"""`zaphod eval`: figures of the built-in model, what is not run, and what goes on after a stop."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZAPHOD_THREADS", "1")


def test_benchmarks_are_listed(zaphod: Zaphod) -> None:
    rows = {row["name"]: row for row in zaphod("eval", "list", "--json").json}
    assert rows["humaneval"]["problems"] == 164
    assert rows["stories"]["source"] == "generated here"
    assert "mmlu" in zaphod("eval", "list").out


def test_a_list_tells_what_is_in_a_folder(zaphod: Zaphod, tmp_path: Path) -> None:
    assert (
        f"data set absent (wanted mc_task.json under {tmp_path})" in zaphod("eval", "list", "--data", str(tmp_path)).out
    )


def test_figures_come_with_intervals_chance_and_the_model(zaphod: Zaphod) -> None:
    report = zaphod("eval", "builtin", "--tasks", "confusions,mmlu", "--limit", "4", "--form", "cloze", "--json").json
    ran, absent = report["results"]
    assert absent == {"name": "mmlu", "status": "not run", "reason": "data set absent (no --data folder)"}
    assert len(report["model"]["digest"]) == 64
    for figure in ran["figures"]:
        low, high = figure["interval_95"]
        assert low <= figure["value"] <= high
        assert figure["n"] == 4
        assert figure["chance_is_inside"] == (low <= figure["chance"] <= high)
    assert json.loads(Path("evaluations/builtin/results.json").read_text()) == report


def test_the_table_says_what_is_chance_and_a_second_run_says_the_same(zaphod: Zaphod) -> None:
    arguments = ("eval", "builtin", "--tasks", "confusions", "--limit", "2", "--form", "letter", "--out", "here")
    first = zaphod(*arguments)
    assert "no better than chance" in first.out
    records = Path("here/confusions.jsonl").read_text()
    assert zaphod(*arguments).out == first.out
    assert Path("here/confusions.jsonl").read_text() == records


def test_answers_of_another_way_of_asking_are_not_mixed_in(zaphod: Zaphod) -> None:
    zaphod("eval", "builtin", "--tasks", "confusions", "--limit", "2", "--form", "letter")
    outcome = zaphod("eval", "builtin", "--tasks", "confusions", "--limit", "2", "--form", "cloze")
    assert outcome.code == 2
    assert "of another run: form" in outcome.err


def test_prompts_can_be_looked_at(zaphod: Zaphod) -> None:
    out = zaphod("eval", "builtin", "--tasks", "stories,confusions,functions", "--show-prompts").out
    assert "A baker fills 6 trays" in out
    assert "def solve(numbers):" in out


@pytest.mark.parametrize(
    "flags",
    [
        ("--tasks", "mmluu"),
        ("--form", "number"),
        ("--data", "nowhere"),
        ("--sandbox", "glass", "--tasks", "functions"),
        ("--contamination", "."),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(zaphod: Zaphod, flags: tuple[str, ...]) -> None:
    assert zaphod("eval", "builtin", *flags).code == 2


def test_a_server_that_is_not_there_is_told(zaphod: Zaphod) -> None:
    outcome = zaphod("eval", "http://127.0.0.1:9", "--tasks", "stories")
    assert outcome.code == 11
    assert "cannot be asked" in outcome.err
