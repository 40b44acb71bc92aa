"""Native operations by name, matrices in every stored form, and how far rounding may lead; knows no test."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant import format_named

Array = NDArray[Any]

UNIT = 2.0**-24
"""Relative rounding error of one float32 operation."""

FORMATS = {"f32": 0, "bf16": 1, "q8": 2, "q4": 3}
SOURCES = {"f32": 0, "f16": 1, "bf16": 2, "q4_0": 3, "q8_0": 4, "int4": 5, "int8": 6, "int8_row": 7}
# What can be made of each kind of stored numbers, and how `zaphod.compute.quant` calls these.
PAIRS = (
    ("f32", "f32"),
    ("f16", "f32"),
    ("bf16", "f32"),
    ("f32", "bf16"),
    ("f16", "bf16"),
    ("bf16", "bf16"),
    ("q8_0", "q8"),
    ("int8", "q8"),
    ("int8_row", "q8"),
    ("q4_0", "q4"),
    ("int4", "q4"),
)
QUANT_NAMES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "int8_row": "int8-channel"}
KINDS = {"f32": 0, "bf16": 1, "int8": 2}
STORES = {"f32": 0, "f16": 1, "bf16": 2, "int8": 3}
ACTIVATIONS = {"gelu_tanh": 0, "gelu_erf": 1, "silu": 2}


class Kernels:
    """The operations of one instruction set as methods, without its name as first argument."""

    def __init__(self, isa: str) -> None:
        self.isa = isa

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return functools.partial(getattr(dispatch.native().operations, name), self.isa)


def rounds(count: int) -> Iterator[np.random.Generator]:
    """A source of random numbers for each round."""
    return (np.random.default_rng(seed) for seed in range(count))


def gamma(num_roundings: int) -> float:
    """Relative error after so many roundings (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1)."""
    return num_roundings * UNIT / (1 - num_roundings * UNIT)


def as_bytes(array: Array) -> Array:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def bits(array: Array) -> list[int]:
    """For comparisons in which a NaN equals itself and -0 is not 0."""
    return as_bytes(array).tolist()


@dataclass(frozen=True)
class Stored:
    """Numbers as a file holds them, and what they stand for."""

    source: str
    rows: int
    cols: int
    numbers: Array
    """Bytes."""
    scales: Array | None
    """Bytes of the float16 scales of 32 columns."""
    row_scales: Array | None
    """Float32, filled up to 16 rows."""
    values: Array
    """Decoded by `zaphod.compute.quant`, float32 [rows, cols]."""


def stored(source: str, values: Array) -> Stored:
    """Values [rows, cols] in the form of `source`."""
    form = format_named(QUANT_NAMES.get(source, source))
    return from_parts(source, values.shape, dict(form.encode(values.astype(np.float32))))


def from_parts(source: str, shape: tuple[int, int], parts: dict[str, Array]) -> Stored:
    """Stored parts as they are, for codes that no encoder would write."""
    decoded = format_named(QUANT_NAMES.get(source, source)).decode(parts, shape)
    numbers = parts[next(name for name in ("values", "blocks", "weight") if name in parts)]
    scales = row_scales = None
    if source == "int8_row":
        row_scales = np.ones(-(-shape[0] // 16) * 16, np.float32)
        row_scales[: shape[0]] = parts["scales"].reshape(-1)
    elif "scales" in parts:
        scales = as_bytes(parts["scales"])
    return Stored(source, *shape, as_bytes(numbers), scales, row_scales, decoded)


@dataclass(frozen=True)
class Tiles:
    """A packed matrix."""

    format: str
    stored: Stored
    bytes: Array

    @property
    def arguments(self) -> tuple[Any, ...]:
        """As `operations` wants them."""
        s = self.stored
        return FORMATS[self.format], s.rows, s.cols, self.bytes, s.row_scales

    @property
    def num_tiles(self) -> int:
        return -(-self.stored.rows // 16)

    @property
    def values(self) -> Array:
        """What the tiles stand for, float64 [rows, cols]."""
        values = self.stored.values
        if self.format == "bf16":
            values = values.astype(ml_dtypes.bfloat16)
        return values.astype(np.float64)


def pack(cpu: Kernels, format_: str, s: Stored) -> Tiles:
    last = -(-s.rows // 16)
    packed = cpu.pack(FORMATS[format_], SOURCES[s.source], s.numbers, s.scales, s.rows, s.cols, 0, last)
    return Tiles(format_, s, packed)


def random_tiles(cpu: Kernels, rng: np.random.Generator, source: str, format_: str, scale: float = 1.0) -> Tiles:
    """A matrix of a shape that is no multiple of anything, as far as its form allows."""
    rows = int(rng.integers(1, 70))
    in_blocks = source in ("q8_0", "q4_0", "int8", "int4")
    cols = 32 * int(rng.integers(1, 9)) if in_blocks else int(rng.integers(1, 300))
    values = rng.standard_normal((rows, cols)) * scale * np.exp2(rng.integers(-3, 4, (rows, 1)))
    return pack(cpu, format_, stored(source, values.astype(np.float32)))


def product(cpu: Kernels, w: Tiles, x: Array, ids: Array | None = None) -> Array:
    """Rows of x times the matrix, without the rows that fill the last tile up."""
    out = cpu.matmul(*w.arguments, np.ascontiguousarray(x, np.float32), ids, 0, w.num_tiles)
    return out[:, : w.stored.rows]


def int8_row(cpu: Kernels, x: Array) -> tuple[Array, Array]:
    """Codes [cols filled up to 64] and scales [blocks of 32] of a row prepared for an int8 product."""
    row = cpu.prepare(KINDS["int8"], np.ascontiguousarray(x, np.float32))
    width = -(-len(x) // 64) * 64
    return row[:width].view(np.int8), row[width : width + width // 32 * 4].view(np.float32)


def head_bytes(store: str, head_dim: int, block_size: int) -> int:
    """Bytes of one block of a cache with one head."""
    return int(dispatch.native().operations.head_bytes(STORES[store], head_dim, block_size))
