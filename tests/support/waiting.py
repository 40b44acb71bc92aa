"""Waiting for what happens in another thread or process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(condition: Callable[[], Found], timeout_s: float = 30.0, complaint: str = "it did not come about") -> Found:
    """What the condition gives when that is true at last."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, complaint
        time.sleep(0.01)
    return found
