"""Stores a tensor's numbers in another format, some rows at a time, and measures what that loses; knows no model.

What only changes its order (to tiles, or back) is not decoded: codes and scales keep their bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from zaphod.compute.quant import FLOAT32, EncodedTensor, QuantFormat
from zaphod.compute.quant.tensor import Array, FloatArray
from zaphod.compute.quant.tiled import Tiled, empty_parts, row_slices, untiled_form
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
    parts = empty_parts(target, tensor.shape)
    stored, wanted = untiled_form(tensor.format), untiled_form(target)

    def fill(rows: slice) -> ErrorSum:
        piece = _read_rows(tensor, rows)
        if stored.name == wanted.name:
            return _write_rows(target, parts, rows, piece, tensor.shape[1:])
        shape = (rows.stop - rows.start, *tensor.shape[1:])
        values = stored.decode(piece, shape)
        encoded = wanted.encode(values)
        _write_rows(target, parts, rows, encoded, tensor.shape[1:])
        return ErrorSum() if wanted is FLOAT32 else _difference(values, wanted.decode(encoded, shape))

    # NumPy lets go of the interpreter while it computes, so threads help. Sums are in row order, the same every time.
    for part_error in _map_threaded(fill, list(row_slices(tensor.shape, _VALUES_AT_ONCE))):
        error += part_error
    return EncodedTensor(tensor.shape, target, parts)


def _read_rows(tensor: EncodedTensor, rows: slice) -> Mapping[str, Array]:
    """Some rows, untiled."""
    if isinstance(tensor.format, Tiled):
        return tensor.format.base_rows(tensor.parts, tensor.shape[1], rows)
    return {name: part[rows] for name, part in tensor.parts.items()}


def _write_rows(
    target: QuantFormat, parts: Mapping[str, Array], rows: slice, piece: Mapping[str, Array], row: tuple[int, ...]
) -> ErrorSum:
    """Store rows that have the target's numbers already; what its tiles cannot hold exactly is measured."""
    if not isinstance(target, Tiled):
        for name, part in piece.items():
            parts[name][rows] = part
        return ErrorSum()
    target.fill(parts, rows, piece)
    if not target.rounds(piece):
        return ErrorSum()
    shape = (rows.stop - rows.start, *row)
    after = target.base.decode(target.base_rows(parts, row[0], rows), shape)
    return _difference(target.base.decode(piece, shape), after)


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
