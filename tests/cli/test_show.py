from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.support import grok2
from tests.support.tiny import write_tiny

from zaphod.capacity import measurement


@pytest.fixture(autouse=True)
def _known_bandwidth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "read_bandwidth", lambda num_threads: 10e9)


def test_grok_1_is_counted_exactly(zaphod: Zaphod) -> None:
    report = zaphod("show", "grok-1", "--json").json
    assert report["parameters"]["total"] == 315_684_820_992
    assert report["parameters"]["active"] == 83_756_587_008
    assert report["kv_bytes_per_token"] == 262_144
    assert report["cache"] == {"tokens": 8192, "bytes": 8192 * 262_144}


def test_the_page_shows_the_same_figures(zaphod: Zaphod) -> None:
    out = zaphod("show", "grok-1").out
    assert out.startswith("grok-1: Grok-1 (xAI, 2024), 315.7 B parameters, 83.8 B active a token\n")
    assert "all         315,684,820,992  83,756,587,008\n" in out
    assert "cache a token  262,144 B in bfloat16\n" in out


def test_torch_is_never_imported() -> None:
    script = (
        "import sys; from zaphod.cli.main import main; code = main(['show', 'grok-1', '--json']);"
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["model"] == "grok-1"


def test_what_does_not_fit_says_how_much_it_lacks(zaphod: Zaphod) -> None:
    report = zaphod("show", "grok-1", "--json").json
    row = report["precisions"]["bfloat16"]
    assert row["needed_bytes"] == row["weight_bytes"] + report["cache"]["bytes"]
    assert not row["fits"]
    line = next(line for line in zaphod("show", "grok-1").out.splitlines() if line.startswith("bfloat16"))
    assert "lacks" in line


def test_what_fits_says_how_fast_memory_lets_it_be(zaphod: Zaphod) -> None:
    out = zaphod("show", "granite-3.1-1b-a400m", "-c", "1024").out
    line = next(line for line in out.splitlines() if line.startswith("int4"))
    assert "fits" in line
    assert line.endswith(" a token at 10.0 GB/s")


def test_a_shorter_context_needs_a_smaller_cache(zaphod: Zaphod) -> None:
    report = zaphod("show", "grok-1", "--json", "--max-model-len", "100").json
    assert report["cache"] == {"tokens": 100, "bytes": 26_214_400}


def test_a_proposal_is_marked_as_one(zaphod: Zaphod) -> None:
    assert zaphod("show", "grok-3-proposed", "--json").json["is_proposal"]
    assert "a proposal, without published weights" in zaphod("show", "grok-3-proposed").out
    assert "Not an xAI model." in zaphod("show", "grok-3-proposed").out


def test_an_unknown_model_names_the_nearest(zaphod: Zaphod) -> None:
    outcome = zaphod("show", "grok1")
    assert outcome.code == 2
    assert outcome.err.endswith("Did you mean grok-1 or grok-2?\n")


def test_official_files_are_checked_one_by_one(zaphod: Zaphod, official_grok1: Path) -> None:
    report = zaphod("show", str(official_grok1), "--json").json
    assert report["files"]["file_format"] == "grok-1"
    assert report["files"]["num_tensors"] == 134
    assert report["files"]["problems"] == []
    assert "grok-1 files: 134 tensors" in zaphod("show", str(official_grok1)).out


def test_a_cut_off_file_is_named(zaphod: Zaphod, official_grok1: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(official_grok1, tmp_path / "grok-1", copy_function=shutil.copyfile))
    file = folder / "ckpt-0" / "tensor00007_000"
    file.write_bytes(file.read_bytes()[:-10])
    outcome = zaphod("show", str(folder))
    assert outcome.code == 0
    assert "grok-1 files: 1 problem\n" in outcome.out
    assert "tensor00007_000" in outcome.out


def test_a_packed_model_is_described_from_its_header(zaphod: Zaphod, tmp_path: Path) -> None:
    report = zaphod("show", str(write_tiny(tmp_path / "model")), "--json").json
    assert report["files"]["file_format"] == "packed"
    assert report["files"]["num_bytes"] == 4 * report["parameters"]["total"]


def test_files_of_another_model_than_config_says_are_refused(zaphod: Zaphod, tmp_path: Path) -> None:
    outcome = zaphod("show", str(write_tiny(tmp_path / "model")), "--config", "olmoe-1b-7b")
    assert outcome.code == 3
    assert "lacks layers.0.attention.q_norm.weight" in outcome.err


def test_the_shards_of_grok_2_are_described_as_one_model(zaphod: Zaphod, tmp_path: Path) -> None:
    weights = grok2.random_weights(seed=0)
    grok2.write_release(tmp_path / "grok-2", weights)
    files = zaphod("show", str(tmp_path / "grok-2"), "--json").json["files"]
    assert files["num_bytes"] == sum(tensor.nbytes for tensor in weights.values())
