"""Blocks of 32 values as GGML lays them out; knows bits and scales, not tensors.

N blocks · B bytes of a block · V = 32 values of a block. All layouts are little-endian.
Source of the layouts: `ggml-common.h` of ggml (block_q4_0 … block_q8_0); of the rounding: `ggml-quants.c`.
"""

from __future__ import annotations

import numpy as np

from zaphod.compute.quant.tensor import Array, FloatArray, narrow

Q4_0 = np.dtype([("d", "<f2"), ("codes", "u1", 16)])
Q4_1 = np.dtype([("d", "<f2"), ("min", "<f2"), ("codes", "u1", 16)])
Q5_0 = np.dtype([("d", "<f2"), ("high", "u1", 4), ("codes", "u1", 16)])
Q5_1 = np.dtype([("d", "<f2"), ("min", "<f2"), ("high", "u1", 4), ("codes", "u1", 16)])
Q8_0 = np.dtype([("d", "<f2"), ("codes", "i1", 32)])


def bit_fields(packed_NB: Array, bits: int, run: int) -> Array:
    """Unsigned fields of `bits` bits, [N, B · 8 / bits], in GGML's order.

    The bytes are cut into runs of `run` bytes. A run gives the lowest field of each of its bytes, then the next
    lowest field of each, and so on.
    """
    shifts = np.arange(0, 8, bits, dtype=np.uint8)[:, None]
    runs = packed_NB.reshape(len(packed_NB), packed_NB.shape[1] // run, 1, run)
    fields = (runs >> shifts) & np.uint8((1 << bits) - 1)
    return fields.reshape(len(packed_NB), packed_NB.shape[1] * 8 // bits)


def wide(scale_N: Array) -> FloatArray:
    """Float32 column [N, 1] of a float16 field."""
    return scale_N.astype(np.float32)[:, None]


def decode_q4_0(blocks_N: Array) -> FloatArray:
    """d · (code - 8), four bits each."""
    return wide(blocks_N["d"]) * (bit_fields(blocks_N["codes"], 4, 16).astype(np.float32) - 8)


def decode_q4_1(blocks_N: Array) -> FloatArray:
    """d · code + min, four bits each."""
    return wide(blocks_N["d"]) * bit_fields(blocks_N["codes"], 4, 16) + wide(blocks_N["min"])


def decode_q5_0(blocks_N: Array) -> FloatArray:
    """d · (code - 16), five bits each."""
    return wide(blocks_N["d"]) * (_five_bits(blocks_N).astype(np.float32) - 16)


def decode_q5_1(blocks_N: Array) -> FloatArray:
    """d · code + min, five bits each."""
    return wide(blocks_N["d"]) * _five_bits(blocks_N) + wide(blocks_N["min"])


def decode_q8_0(blocks_N: Array) -> FloatArray:
    """d · code, eight bits each, signed."""
    codes_NV: Array = blocks_N["codes"]
    return wide(blocks_N["d"]) * codes_NV


def _five_bits(blocks_N: Array) -> Array:
    codes_NV: Array = bit_fields(blocks_N["codes"], 4, 16) | (bit_fields(blocks_N["high"], 1, 1) << 4)
    return codes_NV


def encode_q4_0(values_NV: FloatArray) -> Array:
    """The value of largest magnitude, the first of equals, gets code 0, that is -8."""
    at_extreme = np.abs(values_NV).argmax(axis=-1)[:, None]
    d = np.take_along_axis(values_NV, at_extreme, axis=-1) / np.float32(-8)
    steps = values_NV * _inverse(d) + np.float32(8.5)
    codes = np.minimum(steps.astype(np.uint8), 15)
    blocks = np.empty(len(values_NV), Q4_0)
    blocks["d"] = narrow(d[:, 0], Q4_0["d"], "q4_0")
    blocks["codes"] = codes[:, :16] | (codes[:, 16:] << 4)
    return blocks


def encode_q8_0(values_NV: FloatArray) -> Array:
    """The largest magnitude gets code 127 or -127; halves are rounded away from zero."""
    d = np.abs(values_NV).max(axis=-1, keepdims=True) / np.float32(127)
    steps = values_NV * _inverse(d)
    whole = np.trunc(steps)
    blocks = np.empty(len(values_NV), Q8_0)
    blocks["d"] = narrow(d[:, 0], Q8_0["d"], "q8_0")
    blocks["codes"] = (whole + np.trunc(2 * (steps - whole))).astype(np.int8)
    return blocks


def _inverse(d: FloatArray) -> FloatArray:
    """1 / d; 0 where that is infinite, since such a d is stored as zero and the codes do not count."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = np.float32(1) / d
    return np.where(np.isfinite(inverse), inverse, np.float32(0))
