from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from huggingface_hub import constants
from tests.support.hub import COMMIT, StubHub, serve

from zaphod.core.errors import CapacityError, ConfigError, DownloadError
from zaphod.core.progress import SILENT, Advance
from zaphod.model.fetching.hub import HubName, cached_folder, unfinished_marker
from zaphod.model.fetching.repository import plan_pull, pull

NAME = HubName("org/name")
WEIGHTS = bytes(range(256)) * 1024


@pytest.fixture
def hub() -> Iterator[StubHub]:
    files = {"config.json": b"{}", "model.safetensors": WEIGHTS, "pytorch_model.bin": b"pickle", "a[1].json": b"[1]"}
    with serve(StubHub(files)) as running:
        yield running


@pytest.fixture(autouse=True)
def _small_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    # The library writes 10 MB at a time; what comes before a break inside one such piece is fetched again.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 50_000)


class Counting:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.total, self.done, self.label = 0.0, 0.0, ""

    @contextmanager
    def step(self, label: str, total: float, unit: str = "B") -> Iterator[Advance]:
        self.label, self.total = label, total

        def advance(amount: float) -> None:
            self.done += amount

        yield advance


def fetch(hub: StubHub, cache_dir: Path, *include: str) -> Path:
    plan = plan_pull(NAME, include, cache_dir, hub.endpoint)
    return pull(plan, SILENT, cache_dir, hub.endpoint)


def test_the_plan_tells_sizes_and_leaves_out_pickles(hub: StubHub, tmp_path: Path) -> None:
    plan = plan_pull(NAME, cache_dir=tmp_path, endpoint=hub.endpoint)
    assert {file.name for file in plan.files} == {"config.json", "model.safetensors", "a[1].json"}
    assert plan.commit == COMMIT
    assert plan.total_bytes == plan.missing_bytes == len(WEIGHTS) + 5


def test_a_pulled_model_is_found_again_without_the_hub(hub: StubHub, tmp_path: Path) -> None:
    folder = fetch(hub, tmp_path)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "a[1].json").read_bytes() == b"[1]"
    assert not (folder / "pytorch_model.bin").exists()
    assert cached_folder(NAME, tmp_path) == folder
    assert cached_folder(HubName("org/name", COMMIT), tmp_path) == folder


def test_what_is_cached_is_not_fetched_again(hub: StubHub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    served_bytes = hub.served_bytes
    assert plan_pull(NAME, cache_dir=tmp_path, endpoint=hub.endpoint).missing_bytes == 0
    fetch(hub, tmp_path)
    assert hub.served_bytes == served_bytes


def test_only_what_is_included_is_fetched(hub: StubHub, tmp_path: Path) -> None:
    folder = fetch(hub, tmp_path, "*.json")
    assert sorted(file.name for file in folder.iterdir()) == ["a[1].json", "config.json"]
    assert cached_folder(NAME, tmp_path) == folder


def test_a_pattern_without_files_is_refused(hub: StubHub, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No file of org/name matches \*Q4\*"):
        plan_pull(NAME, ["*Q4*"], tmp_path, hub.endpoint)


def test_a_broken_connection_is_resumed_inside_the_file(hub: StubHub, tmp_path: Path) -> None:
    hub.break_after_bytes = 200_000
    fetch(hub, tmp_path)
    assert hub.served_bytes == len(WEIGHTS) + 5


def test_an_interrupted_pull_is_refused_until_it_is_continued(
    hub: StubHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    hub.break_after_bytes = 200_000
    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(hub, tmp_path)
    with pytest.raises(DownloadError, match="To continue: zaphod pull org/name"):
        cached_folder(NAME, tmp_path)
    hub.break_after_bytes = None
    assert (fetch(hub, tmp_path) / "model.safetensors").read_bytes() == WEIGHTS
    assert not unfinished_marker(NAME, tmp_path).exists()


def test_progress_counts_every_byte(hub: StubHub, tmp_path: Path) -> None:
    progress = Counting()
    pull(plan_pull(NAME, cache_dir=tmp_path, endpoint=hub.endpoint), progress, tmp_path, hub.endpoint)
    assert (progress.label, progress.total) == ("pulling org/name", len(WEIGHTS) + 5)
    assert progress.done == progress.total


def test_a_full_disk_is_refused_before_the_download(
    hub: StubHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    with pytest.raises(CapacityError, match="--cache-dir"):
        fetch(hub, tmp_path)
    assert hub.served_bytes == 0


@pytest.mark.parametrize(
    ("status", "code", "found"),
    [
        (404, "RepoNotFound", "The Hub has no model org/name"),
        (403, "GatedRepo", "accepted its terms"),
        (500, "", "could not be fetched"),
    ],
)
def test_a_refusal_of_the_hub_says_what_to_do(hub: StubHub, tmp_path: Path, status: int, code: str, found: str) -> None:
    hub.status, hub.error_code = status, code
    with pytest.raises(DownloadError, match=found) as refusal:
        plan_pull(NAME, cache_dir=tmp_path, endpoint=hub.endpoint)
    assert refusal.value.remedy


def test_an_unknown_revision_is_named(hub: StubHub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="has no revision 'v9'"):
        plan_pull(HubName("org/name", "v9"), cache_dir=tmp_path, endpoint=hub.endpoint)


def test_an_absent_hub_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="org/name could not be fetched"):
        plan_pull(NAME, cache_dir=tmp_path, endpoint="http://127.0.0.1:9")


def test_what_was_never_pulled_says_how_to_pull_it(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="Run: zaphod pull org/name@v2"):
        cached_folder(HubName("org/name", "v2"), tmp_path)
