"""Where the values behind pseudonyms are kept; knows sealed bytes, not values.

Values come sealed: whoever destroys the key of a subject makes its pseudonyms mere words, wherever copies of the table
lie.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class PseudonymTable(Protocol):
    """Sealed values by tenant, subject and pseudonym."""

    def put(self, *, tenant: str, subject: str, pseudonym: str, sealed: bytes) -> bytes:
        """Keep a value unless there is one already; what stands there then."""

    def get(self, *, tenant: str, subject: str, pseudonym: str) -> bytes | None:
        """What stands there, None if nothing does."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """How values are sealed, such as with a vault and the subject's key.

    Args:
        seal: from a value and its pseudonym, to be bound to it, the sealed bytes.
        open: the other way; None where the key was destroyed. Any other failure raises.
    """

    seal: Callable[[bytes, str], bytes]
    open: Callable[[bytes, str], bytes | None]


UNSEALED = Seal(seal=lambda value, pseudonym: value, open=lambda sealed, pseudonym: sealed)
"""For a table that lives in the memory of one request and no longer."""


class MemoryTable:
    """A table for one request. Thread-safe."""

    def __init__(self) -> None:
        self._sealed: dict[tuple[str, str, str], bytes] = {}
        self._lock = threading.Lock()

    def put(self, *, tenant: str, subject: str, pseudonym: str, sealed: bytes) -> bytes:
        with self._lock:
            return self._sealed.setdefault((tenant, subject, pseudonym), sealed)

    def get(self, *, tenant: str, subject: str, pseudonym: str) -> bytes | None:
        with self._lock:
            return self._sealed.get((tenant, subject, pseudonym))
