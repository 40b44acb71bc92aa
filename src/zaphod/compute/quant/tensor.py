"""A tensor as it is stored: numbers in some format; knows arrays, not files and not models.

Everything here is NumPy (with `ml_dtypes` for bfloat16), so that reading, converting and describing weights never needs
PyTorch. Shapes are logical: a matrix is [out, in] whatever the bytes look like.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError, WeightsError

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]
Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class PartSpec:
    """One stored array of an encoded tensor: its dtype and shape."""

    dtype: np.dtype[Any]
    shape: Shape

    @property
    def num_bytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


class QuantFormat(ABC):
    """How the numbers of a tensor are stored: which arrays ("parts") of which shape, and how to get float32 back."""

    name: str
    """Short name as users write it (`float32`, `bfloat16`, `int8`, `q4_0` …)."""

    @abstractmethod
    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        """The parts for a tensor of logical `shape`. Raises `ConfigError` where the shape does not suit the format."""

    @abstractmethod
    def encode(self, values: FloatArray) -> Mapping[str, Array]:
        """Float32 values [..., out, in] to parts. Raises `ConfigError` where the format can only be read."""

    @abstractmethod
    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        """Parts to float32 values of logical `shape`."""

    def transpose(self, parts: Mapping[str, Array]) -> tuple[QuantFormat, Mapping[str, Array]]:
        """The same numbers with the last two axes swapped, as views. Raises `ConfigError` where that cannot be done."""
        raise ConfigError(
            f"A tensor stored as {self.name} cannot be transposed.",
            "Its blocks run along the input axis.",
            "Convert it to float32, bfloat16 or int8 first.",
        )

    def num_bytes(self, shape: Shape) -> int:
        """Stored bytes of a tensor of logical `shape`, scales included."""
        return sum(spec.num_bytes for spec in self.part_specs(shape).values())

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class EncodedTensor:
    """A tensor in its stored form. Parts may be memory-mapped: nothing is read until it is used."""

    shape: Shape
    format: QuantFormat
    parts: Mapping[str, Array]

    @property
    def num_bytes(self) -> int:
        return sum(part.nbytes for part in self.parts.values())

    def decode(self) -> FloatArray:
        """All values as float32, shape `self.shape`."""
        return self.format.decode(self.parts, self.shape)

    def transposed(self) -> EncodedTensor:
        """Last two axes swapped, still encoded and still lazy. Raises `ConfigError` for formats of packed blocks."""
        other, parts = self.format.transpose(self.parts)
        return EncodedTensor((*self.shape[:-2], self.shape[-1], self.shape[-2]), other, parts)

    def __getitem__(self, index: int) -> EncodedTensor:
        """One entry of the leading axis (one expert of a stack), still encoded and still lazy."""
        if len(self.shape) < 2:
            raise IndexError(f"a tensor of shape {self.shape} has no leading axis to index")
        return EncodedTensor(self.shape[1:], self.format, {name: part[index] for name, part in self.parts.items()})


def require_finite(values: FloatArray, format_name: str) -> None:
    """Raise `WeightsError` if a value is NaN or infinite: no scale can hold it."""
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise WeightsError(
            f"{bad} of {values.size} values are NaN or infinite.",
            f"Only finite numbers can be stored as {format_name}.",
            "Check where these weights come from; float32 and bfloat16 keep such values as they are.",
        )


def narrow(values: FloatArray, dtype: np.dtype[Any], format_name: str) -> Array:
    """Values, or scales, in a shorter dtype. Raises `WeightsError` if a finite one would become infinite."""
    with np.errstate(over="ignore"):
        short = values.astype(dtype)
    if np.isinf(short).any() and (overflow := np.isinf(short) & np.isfinite(values)).any():
        raise WeightsError(
            f"{format_name} cannot hold {float(np.abs(values[overflow]).max()):.6g} as {dtype.name}.",
            f"That is beyond the range of {dtype.name}.",
            "Choose a format of wider range: bfloat16, float32 or int8-channel.",
        )
    return short
