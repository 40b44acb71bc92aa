"""How fast this machine reads memory and multiplies, measured; knows no models.

The best of a few repetitions is kept: other programs can only make a run slower, never faster.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np

from zaphod.compute.kernels import dispatch

Kind = Literal["f32", "bf16", "int8"]

_MATMUL_SIZE = 512
# The native kernels read in pieces of a quarter of this.
_SMALLEST_BYTES = 1 << 20


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

    Where the native kernels are installed they measure. Otherwise the faster of two of NumPy's reductions counts:
    which one comes nearer to what the memory can do depends on the processor.

    Args:
        num_threads: how many read at once.
        buffer_bytes: must exceed the processor's caches, or the caches are measured.
    """
    native = _native("read_bandwidth")
    if native is not None:
        return float(native(num_threads, max(buffer_bytes, _SMALLEST_BYTES)))
    # Written before it is read: pages that were never touched all map to one page of zeros.
    parts = [np.full(buffer_bytes // num_threads // 8, 42, dtype=np.uint64) for _ in range(num_threads)]
    num_bytes = sum(part.nbytes for part in parts)
    with ThreadPoolExecutor(num_threads) as pool:
        bits = best_rate(lambda: list(pool.map(np.bitwise_or.reduce, parts)), num_bytes)
        maxima = best_rate(lambda: list(pool.map(lambda part: part.view(np.int32).max(), parts)), num_bytes)
        return max(bits, maxima)


def peak_ops(kind: Kind, num_threads: int) -> float | None:
    """Operations a second (a multiplication and an addition are two) of matrix products of that kind.

    None where nothing here can measure it: without the native kernels only `f32` is, through NumPy's own library.
    """
    native = _native("peak_ops")
    if native is not None:
        return float(native(kind, num_threads))
    if kind != "f32":
        return None
    # One product a thread: libraries for matrices may start threads of their own, which then find no free core.
    squares = [np.ones((_MATMUL_SIZE, _MATMUL_SIZE), np.float32) for _ in range(num_threads)]
    with ThreadPoolExecutor(num_threads) as pool:
        work = 2.0 * _MATMUL_SIZE**3 * num_threads
        return best_rate(lambda: list(pool.map(lambda square: square @ square, squares)), work)


def _native(function: str) -> Callable[..., Any] | None:
    """A function of the native kernels; None where they, or it, are not there."""
    return getattr(dispatch.native(), function, None) if dispatch.native_is_available() else None
