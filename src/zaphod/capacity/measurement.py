"""How fast this machine reads memory, measured; knows no models and no kernels.

The best of a few repetitions is kept: other programs can only make a run slower, never faster.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np


def best_rate(work: Callable[[], object], amount: float, repetitions: int = 5) -> float:
    """`amount` per second of the fastest of `repetitions` calls of `work`, after one that is not counted."""
    work()
    durations_s = []
    for _ in range(repetitions):
        start_s = time.perf_counter()
        work()
        durations_s.append(time.perf_counter() - start_s)
    return amount / min(durations_s)


def read_bandwidth(num_threads: int, buffer_bytes: int = 256_000_000) -> float:
    """Bytes a second read from memory by `num_threads` threads, each with its own part of a buffer.

    Args:
        num_threads: how many read at once.
        buffer_bytes: must exceed the processor's caches, or the caches are measured.
    """
    # Written before it is read: pages that were never touched all map to one page of zeros.
    parts = [np.full(buffer_bytes // num_threads // 8, 42, dtype=np.uint64) for _ in range(num_threads)]
    with ThreadPoolExecutor(num_threads) as pool:
        return best_rate(lambda: list(pool.map(np.max, parts)), sum(part.nbytes for part in parts))
