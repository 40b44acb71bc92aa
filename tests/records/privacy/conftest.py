"""What the tests of duties share: an installation on SQLite and one on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.people import opened

from zaphod.records.keeping import KeepingOptions
from zaphod.records.privacy.office import Office


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> KeepingOptions:
    """Where an installation of the test's own lies, once in each database."""
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return KeepingOptions(state_dir=tmp_path / "state", database=database)


@pytest.fixture
def office(place: KeepingOptions) -> Iterator[Office]:
    with opened(place) as one:
        yield one
