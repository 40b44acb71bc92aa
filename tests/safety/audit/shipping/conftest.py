from __future__ import annotations

from pathlib import Path

import pytest
from tests.safety.audit.logs import write


@pytest.fixture(scope="session")
def shipped_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-five records of one tenant and five of another."""
    folder = tmp_path_factory.mktemp("shipped") / "audit"
    write(folder, range(25), max_segment_bytes=3000)
    write(folder, range(5), tenant="Other")
    return folder


@pytest.fixture
def folder(shipped_log: Path, tmp_path: Path) -> Path:
    """A copy with cursors of its own."""
    import shutil

    shutil.copytree(shipped_log, tmp_path / "audit")
    return tmp_path / "audit"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("s3cret-t0ken\n")
    return path
