"""Four-bit NormalFloat with double quantisation (QLoRA, arXiv 2305.14314, section 3); knows matrices, not models.

Blocks of 64 values along the flattened matrix share the largest magnitude among them (absmax). The absmax of a matrix,
less their mean, are stored in 8 bits, 256 of them to a float32 scale: 4 + 8/64 + 32/(64 · 256) = 4.127 bits a weight.
Codes and bytes are those of bitsandbytes, one matrix (one expert of a stack) at a time.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from zaphod.compute.quant.tensor import Array, FloatArray, PartSpec, QuantFormat, Shape, require_finite
from zaphod.core.errors import ConfigError

BLOCK = 64
"""Values that share an absmax."""
SUPER_BLOCK = 256
"""Absmax that share a scale."""

LEVELS: FloatArray = np.array(
    (
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ),
    np.float32,
)
"""The sixteen values of NF4 (arXiv 2305.14314, appendix E)."""

_TINY = np.float32(1e-38)  # divides a block of zeros


@functools.cache
def absmax_levels() -> FloatArray:
    """The 256 values of the dynamic 8-bit type, ascending: sign, decimal exponent, fraction (arXiv 2110.02861, §1.3).

    A number between 10^-(6-e) / 10 and 10^-(6-e) has 2^e fractions, the means of equal steps.
    """
    positive = [np.float32(10.0 ** (exponent - 6)) * _means_of_steps(2**exponent) for exponent in range(7)]
    levels = np.concatenate([*positive, *(-values for values in positive), [0.0, 1.0]])
    return np.sort(levels.astype(np.float32))


def _means_of_steps(count: int) -> FloatArray:
    """The middles of `count` equal steps from 0.1 to 1, rounded as in the tables that the type is known by."""
    # The step is rounded to float32, and each edge once, counted from the nearer end.
    low, index = float(np.float32(0.1)), np.arange(count + 1)
    step = float((np.float32(1) - np.float32(0.1)) / np.float32(count))
    edges = np.where(index < (count + 1) // 2, low + step * index, 1 - step * (count - index)).astype(np.float32)
    means: FloatArray = (edges[:-1] + edges[1:]) / np.float32(2)
    return means


class NF4(QuantFormat):
    """value = level[code] · absmax of its block; of two codes in a byte the first sits in the high half."""

    name = "nf4"

    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        if len(shape) < 2:
            raise ConfigError(
                f"A tensor of shape {shape} cannot be stored as nf4.",
                "It must be a matrix, or a stack of them.",
                "Leave vectors in float32.",
            )
        stack, size = shape[:-2], shape[-2] * shape[-1]
        num_blocks = -(-size // BLOCK)
        float32 = np.dtype(np.float32)
        return {
            "weight": PartSpec(dtype=np.dtype(np.uint8), shape=(*stack, -(-size // 2))),
            "absmax": PartSpec(dtype=np.dtype(np.uint8), shape=(*stack, num_blocks)),
            "absmax_scales": PartSpec(dtype=float32, shape=(*stack, -(-num_blocks // SUPER_BLOCK))),
            "absmax_mean": PartSpec(dtype=float32, shape=(*stack, 1)),
        }

    def encode(self, values: FloatArray) -> Mapping[str, Array]:
        specs = self.part_specs(values.shape)
        require_finite(values, self.name)
        matrices = np.ascontiguousarray(values, np.float32).reshape(-1, values.shape[-2] * values.shape[-1])
        encoded = [_encode_matrix(matrix) for matrix in matrices]
        return {name: np.stack([parts[name] for parts in encoded]).reshape(spec.shape) for name, spec in specs.items()}

    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        size = shape[-2] * shape[-1]
        flat = {name: np.asarray(part).reshape(-1, part.shape[-1]) for name, part in parts.items()}
        matrices = [
            _decode_matrix({name: part[i] for name, part in flat.items()}, size) for i in range(len(flat["weight"]))
        ]
        return np.stack(matrices).reshape(shape)


def _encode_matrix(values: FloatArray) -> dict[str, Array]:
    codes, absmax = _blockwise(values, BLOCK, LEVELS)
    mean = absmax.mean(dtype=np.float64).astype(np.float32)
    absmax_codes, scales = _blockwise(absmax - mean, SUPER_BLOCK, absmax_levels())
    codes = np.pad(codes, (0, len(codes) % 2), constant_values=7)
    return {
        "weight": codes[::2] << 4 | codes[1::2],
        "absmax": absmax_codes,
        "absmax_scales": scales,
        "absmax_mean": mean.reshape(1),
    }


def _blockwise(values: FloatArray, block: int, levels: FloatArray) -> tuple[Array, FloatArray]:
    """The nearest level of each value over its block's absmax, uint8, and the absmax. The last block may be short."""
    padded = np.pad(values, (0, -len(values) % block)).reshape(-1, block)
    absmax = np.abs(padded).max(-1)
    # A reciprocal and a product, not a quotient: that is how the codes of borderline values come out as elsewhere.
    scaled = np.clip(padded * (np.float32(1) / np.maximum(absmax, _TINY))[:, None], -1, 1)
    edges = (levels[:-1] + levels[1:]) / np.float32(2)
    codes = np.searchsorted(edges, scaled.reshape(-1)[: len(values)], side="left").astype(np.uint8)
    return codes, absmax


def _decode_matrix(parts: Mapping[str, Array], size: int) -> FloatArray:
    absmax = decoded_absmax(parts["absmax"], parts["absmax_scales"], parts["absmax_mean"])
    codes = np.stack((parts["weight"] >> 4, parts["weight"] & 15), axis=-1).reshape(-1)[:size]
    values: FloatArray = LEVELS[codes] * np.repeat(absmax, BLOCK)[:size]
    return values


def decoded_absmax(codes: Array, scales: FloatArray, mean: FloatArray) -> FloatArray:
    """The absmax of a matrix's blocks from their 8 bits."""
    absmax: FloatArray = absmax_levels()[codes] * np.repeat(scales, SUPER_BLOCK)[: len(codes)] + mean
    return absmax
