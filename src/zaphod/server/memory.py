"""Whether the memory has room for one more piece of work; knows no request and no route.

A container that takes more than it may is killed, with everybody's answers in it. So work that needs much is refused
while there is not enough: before it begins, and with a time to come back.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable

from zaphod.core.limits import available_memory_bytes
from zaphod.core.units import format_bytes
from zaphod.server.errors import ApiError


class Room:
    """Looks at what is free, in the machine and in the control group.

    Args:
        available: bytes that can be taken now.
    """

    def __init__(self, available: Callable[[], int] = available_memory_bytes) -> None:
        self._available = available

    def require(self, num_bytes: int) -> None:
        """Raises `ApiError` 503 where fewer bytes are free than some work will need."""
        if self._available() >= num_bytes:
            return
        give_back()
        free = self._available()
        if free < num_bytes:
            found = (
                f"This needs up to {format_bytes(num_bytes)} of memory for a moment, and {format_bytes(free)} are free."
            )
            raise ApiError(
                503, "out_of_memory", f"{found} Try again in 5 s, or send less.", headers={"Retry-After": "5"}
            )


def give_back() -> None:
    """Return to the system what was freed: the allocator keeps it, after a flood hundreds of megabytes."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc has it, musl has not
            trim(0)
