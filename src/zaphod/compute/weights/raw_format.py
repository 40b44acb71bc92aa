"""Numbers stored as some NumPy dtype that is not one of our plain formats; can be read, never written.

Whole numbers, booleans and 8-bit floats occur in other people's files. A float8 checkpoint multiplies them by scales of
its own, which are tensors of their own and not this format's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from zaphod.compute.quant import format_named
from zaphod.compute.quant.tensor import Array, FloatArray, PartSpec, QuantFormat, Shape
from zaphod.core.errors import ConfigError

_PLAIN = ("float32", "float16", "bfloat16")


class RawFormat(QuantFormat):
    """One part "values" of the tensor's own shape in `dtype`."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.name = dtype.name

    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        return {"values": PartSpec(dtype=self.dtype, shape=shape)}

    def encode(self, values: FloatArray) -> NoReturn:
        raise ConfigError(f"Nothing is written as {self.name}.", f"Weights are written as {', '.join(_PLAIN)}.")

    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        return parts["values"].astype(np.float32)


def format_of_dtype(dtype: np.dtype[Any]) -> QuantFormat:
    """The format of an array that is stored as it is."""
    return format_named(dtype.name) if dtype.name in _PLAIN else RawFormat(dtype)
