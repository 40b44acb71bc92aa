"""Keys that were unwrapped lately, for a bounded time and number; knows nothing of how they are unwrapped.

A key that another process destroys stays usable here until its time is over: that is the promise to make and to keep.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class KeyCache(Generic[V]):
    """Values by name. Threads may share it.

    Args:
        ttl_s: for how long a value is given out after it was put in, used or not; 0 keeps nothing.
        max_entries: the oldest leave first.
        clock: seconds, monotonic.
    """

    def __init__(self, *, ttl_s: float, max_entries: int, clock: Callable[[], float]) -> None:
        self._ttl_s, self._max_entries, self._clock = ttl_s, max_entries, clock
        self._lock = threading.Lock()
        # All live equally long, so the order of putting in is the order of expiry.
        self._entries: dict[Hashable, tuple[float, V]] = {}
        self._generation = 0

    @property
    def generation(self) -> int:
        """Changes whenever something is dropped. Read it before looking a key up, and give it back with the key."""
        return self._generation

    def get(self, name: Hashable) -> V | None:
        """None if it is not there, or too old."""
        entry = self._entries.get(name)
        return entry[1] if entry is not None and self._clock() < entry[0] else None

    def put(self, name: Hashable, value: V, generation: int) -> None:
        """Keep it, unless something was dropped since it was looked up: it might be just that."""
        with self._lock:
            self._drop_old()
            if self._ttl_s > 0 and generation == self._generation:
                self._entries.pop(name, None)
                self._entries[name] = (self._clock() + self._ttl_s, value)

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._generation += 1
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"KeyCache({len(self._entries)} keys)"

    def _drop_old(self) -> None:
        now_s = self._clock()
        while self._entries:
            oldest = next(iter(self._entries))
            if self._entries[oldest][0] > now_s and len(self._entries) < self._max_entries:
                return
            del self._entries[oldest]
