"""Random weights written straight as a format's bytes, a gigabyte in a few seconds; knows blocks, not models.

Random 16-bit numbers look their bytes up in a table of normal quantiles, so no value is ever rounded: the cost is that
of copying memory. Each block gets a scale of its own, as quantised weights have, that varies by a factor of two.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import Any

import ml_dtypes
import numpy as np

from zaphod.compute.quant import BFLOAT16, FLOAT32, EncodedTensor, QuantFormat, format_named
from zaphod.compute.quant.ggml_blocks import Q4_0, Q8_0
from zaphod.compute.quant.tensor import Array, Shape
from zaphod.core.errors import ConfigError

FORMATS = ("q8_0", "q4_0", "bf16")
_NAMES = {"bf16": "bfloat16"}
_PATTERNS = 1 << 16
_SCALE_SPREAD = (2 / 3, 4 / 3)
_MEAN_SQUARE_SCALE = float(np.mean(np.linspace(*_SCALE_SPREAD, 1001) ** 2))


def random_format(name: str) -> QuantFormat:
    """The number format of that name. Raises `ConfigError` where no random weights are made in it."""
    if name not in FORMATS:
        raise ConfigError(f"There is no type {name!r}.", f"Random weights come as {', '.join(FORMATS)}.")
    return format_named(_NAMES.get(name, name))


def random_tensor(
    shape: Shape, number_format: QuantFormat, deviation: float, rng: np.random.Generator
) -> EncodedTensor:
    """Normally distributed values of mean 0.

    Args:
        shape: of the tensor.
        number_format: q8_0, q4_0, bfloat16 or float32.
        deviation: the standard deviation wanted.
        rng: where the numbers come from.
    """
    if number_format.name == "q8_0":
        codes, code_deviation = _q8_codes(), _deviation(_q8_codes().astype(np.float64))
        return _blocks(shape, number_format, Q8_0, codes, deviation / code_deviation, rng)
    if number_format.name == "q4_0":
        return _blocks(shape, number_format, Q4_0, _q4_pairs(), deviation / _q4_deviation(), rng)
    if number_format is BFLOAT16:
        values = _normal_table(_PATTERNS).astype(np.float32) * np.float32(deviation)
        table = values.astype(ml_dtypes.bfloat16).view(np.uint16)
        drawn = table[_patterns(int(np.prod(shape)), rng)].view(ml_dtypes.bfloat16).reshape(shape)
        return EncodedTensor(shape, BFLOAT16, {"values": drawn})
    drawn = rng.standard_normal(shape, np.float32) * np.float32(deviation)
    return EncodedTensor(shape, FLOAT32, {"values": drawn})


def _blocks(
    shape: Shape,
    number_format: QuantFormat,
    layout: np.dtype[Any],
    table: Array,
    scale: float,
    rng: np.random.Generator,
) -> EncodedTensor:
    spec = number_format.part_specs(shape)["blocks"]
    blocks_N = np.empty(int(np.prod(spec.shape)) // layout.itemsize, layout)
    sizes_N = rng.uniform(*_SCALE_SPREAD, len(blocks_N)).astype(np.float32)
    signs_N = rng.integers(0, 2, len(blocks_N), np.int8) * np.int8(2) - np.int8(1)
    blocks_N["d"] = sizes_N * signs_N * np.float32(scale / _MEAN_SQUARE_SCALE**0.5)
    per_block = blocks_N["codes"].shape[1]
    blocks_N["codes"] = table[_patterns(len(blocks_N) * per_block, rng)].reshape(-1, per_block)
    return EncodedTensor(shape, number_format, {"blocks": blocks_N.view(np.uint8).reshape(spec.shape)})


def _patterns(count: int, rng: np.random.Generator) -> Array:
    return np.frombuffer(rng.bytes(2 * count), np.uint16)


@cache
def _normal_table(count: int) -> Array:
    """The middle values of `count` equally likely parts of a normal distribution, in order; their variance is 1."""
    normal = NormalDist()
    values = np.array([normal.inv_cdf((index + 0.5) / count) for index in range(count)])
    table: Array = values / values.std()
    return table


@cache
def _q8_codes() -> Array:
    """A code from -127 to 127 for every pattern: the largest lie about 2.9 standard deviations out."""
    values = np.clip(_normal_table(_PATTERNS) / 2.9, -1, 1)
    return np.rint(values * 127).astype(np.int8)


@cache
def _q4_codes() -> Array:
    """A code from 0 to 15 for each of 256 patterns."""
    return np.clip(np.rint(_normal_table(256) * 8 / 2.9 + 8), 0, 15).astype(np.uint8)


@cache
def _q4_pairs() -> Array:
    """Two codes in a byte for every pattern."""
    codes = _q4_codes()
    pairs: Array = (codes[:, None] | (codes[None, :] << 4)).reshape(-1)
    return pairs


@cache
def _q4_deviation() -> float:
    return _deviation(_q4_codes().astype(np.float64) - 8)


def _deviation(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
