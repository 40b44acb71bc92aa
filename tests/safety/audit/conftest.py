"""Logs that are written once and tampered with often."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.safety.audit.logs import Victim, write

NUM_RECORDS = 40
CHECKPOINT_EVERY = 10


@pytest.fixture(scope="session")
def finished_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty records in several segments, signed after each ten, and a witness beside it."""
    folder = tmp_path_factory.mktemp("audit") / "audit"
    for start in range(0, NUM_RECORDS, CHECKPOINT_EVERY):
        write(folder, range(start, start + CHECKPOINT_EVERY), max_segment_bytes=4000)
    return folder


@pytest.fixture
def copied(finished_log: Path, tmp_path: Path) -> Callable[[], Victim]:
    """A fresh copy of the log and its witness each time."""

    def copy() -> Victim:
        place = tmp_path / "copy"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(finished_log.parent, place)
        return Victim(place / finished_log.name)

    return copy


@pytest.fixture
def victim(copied: Callable[[], Victim]) -> Victim:
    return copied()
