"""What the tests of records share: a store in SQLite and one in a real PostgreSQL, and records to put in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zaphod.records.store import Store, StoreOptions


@pytest.fixture(params=["sqlite", "postgres"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> StoreOptions:
    """Where a store of the test's own lies, once in each database."""
    if request.param == "sqlite":
        return StoreOptions(state_dir=tmp_path / "state")
    return StoreOptions(state_dir=tmp_path / "state", database=request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(options: StoreOptions) -> Iterator[Store]:
    with Store.open(options) as opened:
        yield opened
