"""Blocks of 256 values as GGML lays them out ("K-quants"); knows bits and scales, not tensors, and only reads.

N blocks · V = 256 values of a block · G sub-blocks of a block, each with a scale of its own that is itself a small
integer times the block's float16 scale. Source of the layouts: `ggml-common.h` of ggml (block_q2_K … block_q6_K).
"""

from __future__ import annotations

import numpy as np

from zaphod.compute.quant.ggml_blocks import bit_fields, wide
from zaphod.compute.quant.tensor import Array, FloatArray

Q2_K = np.dtype([("scales", "u1", 16), ("codes", "u1", 64), ("d", "<f2"), ("min", "<f2")])
Q3_K = np.dtype([("high", "u1", 32), ("codes", "u1", 64), ("scales", "u1", 12), ("d", "<f2")])
Q4_K = np.dtype([("d", "<f2"), ("min", "<f2"), ("scales", "u1", 12), ("codes", "u1", 128)])
Q5_K = np.dtype([("d", "<f2"), ("min", "<f2"), ("scales", "u1", 12), ("high", "u1", 32), ("codes", "u1", 128)])
Q6_K = np.dtype([("codes", "u1", 128), ("high", "u1", 64), ("scales", "i1", 16), ("d", "<f2")])


def decode_q2_k(blocks_N: Array) -> FloatArray:
    """d · scale · code - min · offset; two bits each, sub-blocks of 16 with four-bit scale and offset."""
    codes_NV = bit_fields(blocks_N["codes"], 2, 32)
    scales_NG = wide(blocks_N["d"]) * (blocks_N["scales"] & 15)
    offsets_NG = wide(blocks_N["min"]) * (blocks_N["scales"] >> 4)
    return _scaled(codes_NV, scales_NG) - _spread(offsets_NG)


def decode_q3_k(blocks_N: Array) -> FloatArray:
    """d · (scale - 32) · (code - 4); three bits each, sub-blocks of 16 with a six-bit scale."""
    codes_NV = bit_fields(blocks_N["codes"], 2, 32) | (bit_fields(blocks_N["high"], 1, 32) << 2)
    packed = blocks_N["scales"]
    scales_NG = bit_fields(packed[:, :8], 4, 8) | (bit_fields(packed[:, 8:], 2, 4) << 4)
    return _scaled(codes_NV.astype(np.int8) - 4, wide(blocks_N["d"]) * (scales_NG.astype(np.int8) - 32))


def decode_q4_k(blocks_N: Array) -> FloatArray:
    """d · scale · code - min · offset; four bits each, sub-blocks of 32 with six-bit scale and offset."""
    scales_NG, offsets_NG = _six_bit_pairs(blocks_N)
    return _scaled(bit_fields(blocks_N["codes"], 4, 32), scales_NG) - _spread(offsets_NG)


def decode_q5_k(blocks_N: Array) -> FloatArray:
    """As Q4_K, with a fifth bit for each value."""
    scales_NG, offsets_NG = _six_bit_pairs(blocks_N)
    codes_NV = bit_fields(blocks_N["codes"], 4, 32) | (bit_fields(blocks_N["high"], 1, 32) << 4)
    return _scaled(codes_NV, scales_NG) - _spread(offsets_NG)


def decode_q6_k(blocks_N: Array) -> FloatArray:
    """d · scale · (code - 32); six bits each, sub-blocks of 16 with a signed eight-bit scale."""
    codes_NV = bit_fields(blocks_N["codes"], 4, 64) | (bit_fields(blocks_N["high"], 2, 32) << 4)
    return _scaled(codes_NV.astype(np.int8) - 32, wide(blocks_N["d"]) * blocks_N["scales"])


def _six_bit_pairs(blocks_N: Array) -> tuple[FloatArray, FloatArray]:
    """Scales and offsets [N, 8] of Q4_K and Q5_K, times the block's own.

    Of the 12 bytes, the first four hold scales 0 to 3 and the next four offsets 0 to 3, six bits each; the last four
    hold the low nibbles of scales (low half) and offsets (high half) 4 to 7, whose upper two bits fill the first eight.
    """
    first, second, third = np.split(blocks_N["scales"], 3, axis=1)
    scales_NG = np.concatenate((first & 63, (third & 15) | (first >> 6 << 4)), axis=1)
    offsets_NG = np.concatenate((second & 63, (third >> 4) | (second >> 6 << 4)), axis=1)
    return wide(blocks_N["d"]) * scales_NG, wide(blocks_N["min"]) * offsets_NG


def _scaled(codes_NV: Array, scales_NG: FloatArray) -> FloatArray:
    """Each code times the scale of its sub-block, [N, G, V / G]."""
    per_group = codes_NV.shape[1] // scales_NG.shape[1]
    return scales_NG[..., None] * codes_NV.reshape(*scales_NG.shape, per_group)


def _spread(offsets_NG: FloatArray) -> FloatArray:
    return offsets_NG[..., None]
