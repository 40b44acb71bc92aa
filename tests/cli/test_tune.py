from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.support.tiny import write_tiny

from zaphod.capacity.hardware import this_machine
from zaphod.compute.kernels import dispatch

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(write_tiny(tmp_path / "model"))


def test_what_was_found_is_kept_shown_and_forgotten(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    found = zaphod("tune", model, "--rounds", "3", "--json").json
    assert found["file"] == str(tmp_path / "cache/zaphod/tuning.json")
    assert found["tuning"]["measured_on"] == model
    assert [trial["setting"] for trial in found["trials"]] == ["threads", "chunk_bytes", "huge_pages"]
    assert zaphod("tune", "--show", "--json").json["tuning"] == found["tuning"]
    assert zaphod("doctor", "--quick", "--json").json["tuning"] == found["tuning"]
    assert zaphod("tune", "--forget", "--json").json["forgotten"]
    assert zaphod("tune", "--show", "--json").json["tuning"] is None
    assert zaphod("tune", "--forget").out == "There was nothing to forget.\n"


def test_the_table_names_every_choice(zaphod: Zaphod, model: str) -> None:
    out = zaphod("tune", model, "--rounds", "3").out
    for choice in ("16 KiB", "256 KiB", "default; noise", "measured on"):
        assert choice in out
    assert "chunks of" in zaphod("doctor", "--quick").out


def test_a_model_that_does_not_fit_is_refused(zaphod: Zaphod, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from zaphod.cli import tune

    full = dataclasses.replace(this_machine(), available_memory_bytes=1000)
    monkeypatch.setattr(tune, "this_machine", lambda: full)
    outcome = zaphod("tune", model)
    assert outcome.code == 6
    assert "Leave the model out" in outcome.err


def test_before_anything_was_found_the_defaults_are_named(zaphod: Zaphod) -> None:
    assert "the defaults are used" in zaphod("tune", "--show").out


def test_showing_and_forgetting_contradict_each_other(zaphod: Zaphod) -> None:
    assert zaphod("tune", "--show", "--forget").code == 2


def test_too_few_rounds_are_refused(zaphod: Zaphod) -> None:
    assert zaphod("tune", "--rounds", "1").code == 2


def test_showing_does_not_import_torch() -> None:
    script = "import sys; from zaphod.cli.main import main; main(['tune', '--show']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
