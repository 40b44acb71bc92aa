"""Stores a tensor's numbers in another format, some rows at a time, and measures what that loses; knows no model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod

import numpy as np

from zaphod.compute.quant import FLOAT32, EncodedTensor, QuantFormat
from zaphod.compute.quant.tensor import FloatArray
from zaphod.core.limits import usable_cores

_VALUES_AT_ONCE = 1 << 19
"""Values that a thread works on: encoding makes about ten temporaries, of 2 MB each at this size."""

_MAX_THREADS = 8


@dataclass
class ErrorSum:
    """The error of many tensors stored in other formats: sums of squares."""

    error: float = 0.0
    signal: float = 0.0

    @property
    def relative_rms(self) -> float:
        """Root mean square of the differences over that of the values; 0 where nothing differs."""
        return math.sqrt(self.error / self.signal) if self.error else 0.0

    def __iadd__(self, other: ErrorSum) -> ErrorSum:
        self.error += other.error
        self.signal += other.signal
        return self


def recode(tensor: EncodedTensor, target: QuantFormat, error: ErrorSum) -> EncodedTensor:
    """The tensor in another format; itself where it has that format already.

    Args:
        tensor: [out, in] or [out]; its rows are decoded a few at a time.
        target: the format wanted.
        error: to which the loss is added.

    Raises:
        ConfigError: the shape does not suit the format, or the format can only be read.
        WeightsError: the format cannot hold the values (NaN, infinite).
    """
    if tensor.format.name == target.name:
        return tensor
    parts = {name: np.empty(spec.shape, spec.dtype) for name, spec in target.part_specs(tensor.shape).items()}

    def fill(rows: slice) -> ErrorSum:
        piece = {name: part[rows] for name, part in tensor.parts.items()}
        shape = (rows.stop - rows.start, *tensor.shape[1:])
        values = tensor.format.decode(piece, shape)
        encoded = target.encode(values)
        for name, part in encoded.items():
            parts[name][rows] = part
        return ErrorSum() if target is FLOAT32 else _difference(values, target.decode(encoded, shape))

    # NumPy lets go of the interpreter while it computes, so threads help. Sums are in row order, the same every time.
    for part_error in _map_threaded(fill, list(_row_slices(tensor.shape))):
        error += part_error
    return EncodedTensor(tensor.shape, target, parts)


def _difference(before: FloatArray, after: FloatArray) -> ErrorSum:
    after -= before
    return ErrorSum(float(np.vdot(after, after)), float(np.vdot(before, before)))


def _map_threaded(function: Callable[[slice], ErrorSum], slices: Sequence[slice]) -> Iterator[ErrorSum]:
    num_threads = min(_MAX_THREADS, usable_cores(), len(slices))
    if num_threads < 2:
        yield from map(function, slices)
        return
    with ThreadPoolExecutor(num_threads) as pool:
        yield from pool.map(function, slices)


def _row_slices(shape: tuple[int, ...]) -> Iterator[slice]:
    num_rows, row_size = shape[0], prod(shape[1:])
    step = max(1, _VALUES_AT_ONCE // max(row_size, 1))
    return (slice(start, min(start + step, num_rows)) for start in range(0, num_rows, step))
