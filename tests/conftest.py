"""Fixtures that several rooms share."""

import os
from pathlib import Path

import hypothesis
import pytest
from tests.support.postgres import postgres, postgres_empty_url, postgres_own_url, postgres_shared, postgres_url

# No test asserts a time: a busy machine is no fault.
hypothesis.settings.register_profile("without deadlines", deadline=None)
hypothesis.settings.load_profile("without deadlines")

__all__ = ["postgres", "postgres_empty_url", "postgres_own_url", "postgres_shared", "postgres_url"]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of reference data beside the checkout (or where ZAPHOD_SHARED_DIR points)."""
    default = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("ZAPHOD_SHARED_DIR", default))
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder}; set ZAPHOD_SHARED_DIR")
    return folder


@pytest.fixture(scope="session")
def official_grok1(shared_dir: Path) -> Path:
    """A tiny Grok-1 in the official checkpoint format, with logits of xAI's own code."""
    folder = shared_dir / "fixtures" / "grok1-official"
    if not folder.is_dir():
        pytest.skip(f"no official fixture at {folder}")
    return folder
