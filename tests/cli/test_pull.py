from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.cli.conftest import Zaphod
from tests.support.hub import COMMIT, StubHub, serve

from zaphod.compute.weights import grok1
from zaphod.model.fetching import torrent


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubHub]:
    with serve(StubHub({"config.json": b"{}", "model.safetensors": b"w" * 5000})) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def test_size_and_files_are_told_before_the_download(zaphod_process: Zaphod, hub: StubHub) -> None:
    outcome = zaphod_process("pull", "org/name", "--yes")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == f"org/name, commit {COMMIT[:12]}: 2 files, 5.00 kB"
    assert lines[1] == "    5.00 kB  model.safetensors"
    assert lines[-1] == "next     zaphod show org/name"


def test_json_names_the_folder_and_what_it_holds(zaphod_process: Zaphod, hub: StubHub, tmp_path: Path) -> None:
    report = zaphod_process("pull", "org/name", "--json", "--include", "*.json", "--cache-dir", str(tmp_path)).json
    assert report["files"] == ["config.json"]
    assert report["commit"] == COMMIT
    assert (Path(report["path"]) / "config.json").read_bytes() == b"{}"
    assert Path(report["path"]).is_relative_to(tmp_path)


def test_without_anybody_to_ask_nothing_is_downloaded(zaphod_process: Zaphod, hub: StubHub) -> None:
    outcome = zaphod_process("pull", "org/name")
    assert outcome.code == 2
    assert "Add --yes." in outcome.err
    assert hub.served_bytes == 0


def test_an_unknown_repository_is_an_error_of_its_own_code(zaphod_process: Zaphod, hub: StubHub) -> None:
    outcome = zaphod_process("pull", "org/other", "--json")
    assert outcome.code == 8
    assert outcome.json["error"]["found"] == "The Hub has no model org/other."


def test_what_is_no_hub_name_is_refused(zaphod: Zaphod) -> None:
    assert "'./grok-1' is not the name of a Hub repository." in zaphod("pull", "./grok-1").err


def test_only_grok_1_comes_by_torrent(zaphod: Zaphod, tmp_path: Path) -> None:
    assert "Only xai-org/grok-1" in zaphod("pull", "org/name", "--torrent", str(tmp_path / "t"), "--yes").err


def test_without_libtorrent_the_extra_is_named(zaphod: Zaphod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libtorrent", None)
    outcome = zaphod("pull", "xai-org/grok-1", "--torrent", str(tmp_path / "t"), "--yes")
    assert outcome.code == 7
    assert "pip install 'zaphod[torrent]'" in outcome.err


def test_a_torrent_with_wrong_files_is_reported(
    zaphod: Zaphod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Checkpoint:
        def __init__(self, path: Path) -> None:
            assert path == tmp_path / "t" / "grok-1"

        def integrity(self) -> list[grok1.FileProblem]:
            return [grok1.FileProblem("tensor00042_000", "has 7 bytes; the published file has 24727")]

    monkeypatch.setattr(torrent, "fetch_torrent", lambda magnet, folder, progress: folder / "grok-1")
    monkeypatch.setattr(grok1, "OfficialGrok1", Checkpoint)
    outcome = zaphod("pull", "xai-org/grok-1", "--torrent", str(tmp_path / "t"), "--yes")
    assert outcome.code == 3
    assert "tensor00042_000 has 7 bytes; the published file has 24727" in outcome.err


def test_a_no_downloads_nothing(zaphod: Zaphod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda question, default: "318.2 GB" not in question)
    outcome = zaphod("pull", "xai-org/grok-1", "--torrent", str(tmp_path / "t"))
    assert (outcome.code, outcome.out) == (1, "Nothing was downloaded.\n")
    assert not (tmp_path / "t.partial").exists()
