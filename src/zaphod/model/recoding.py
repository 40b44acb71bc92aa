"""Stores a tensor's numbers in another format, some rows at a time, and measures what that loses; knows no model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from zaphod.compute.quant import FLOAT32, EncodedTensor, QuantFormat
from zaphod.compute.quant.tensor import FloatArray

_VALUES_AT_ONCE = 1 << 22
"""Decoding and encoding make several float32 temporaries: 16 MB each at this size."""


@dataclass
class ErrorSum:
    """The error of many tensors stored in other formats: squares, summed in float64."""

    error: float = 0.0
    signal: float = 0.0

    @property
    def relative_rms(self) -> float:
        """Root mean square of the differences over that of the values; 0 where nothing differs."""
        return math.sqrt(self.error / self.signal) if self.error else 0.0

    def add(self, before: FloatArray, after: FloatArray) -> None:
        self.error += float(np.square(after - before, dtype=np.float64).sum())
        self.signal += float(np.square(before, dtype=np.float64).sum())


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
    for rows in _row_slices(tensor.shape):
        piece = {name: part[rows] for name, part in tensor.parts.items()}
        shape = (rows.stop - rows.start, *tensor.shape[1:])
        values = tensor.format.decode(piece, shape)
        encoded = target.encode(values)
        for name, part in encoded.items():
            parts[name][rows] = part
        if target is not FLOAT32:
            error.add(values, target.decode(encoded, shape))
    return EncodedTensor(tensor.shape, target, parts)


def _row_slices(shape: tuple[int, ...]) -> Iterator[slice]:
    num_rows, row_size = shape[0], prod(shape[1:])
    step = max(1, _VALUES_AT_ONCE // max(row_size, 1))
    return (slice(start, min(start + step, num_rows)) for start in range(0, num_rows, step))
