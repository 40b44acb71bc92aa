"""Products of a file's own matrices against float64, and their speed; knows matrices, not the network around them.

What may differ is bounded by the roundings that a product makes. Weights in codes are multiplied with activations in
codes of 8 bits: that rounding is the price of the format and is printed; whether the codes are the nearest ones, and
the product of the codes right but for the roundings of its sums, decides. Legend: T tokens, R rows, C columns,
N blocks of 32 columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from zaphod.capacity.measurement import Kind
from zaphod.compute.kernels import dispatch
from zaphod.compute.quant import EncodedTensor, QuantFormat
from zaphod.compute.quant.int8 import Int8
from zaphod.compute.quant.tensor import FloatArray, Shape

Doubles = npt.NDArray[np.float64]

PEAK_KINDS: dict[str, Kind] = {"float32": "f32", "bfloat16": "bf16", "int8": "int8", "int4": "int8"}
"""What is multiplied, by the format of the weights."""
MANY_TOKENS = 128
"""Tokens of the product whose operations are counted."""

_TOKENS_CHECKED = 16
# As `capacity.measurement.read_bandwidth` reads.
_BEYOND_CACHES_BYTES = 256_000_000
_INT8_KIND = 2
_BLOCK = 32
# Rows that are decoded to float64 at one time.
_ROWS_AT_ONCE = 2048
_UNIT = 2.0**-24
# Products of bfloat16 may take denormal numbers for 0; scales of blocks have steps of 2^-149.
_SMALLEST_NORMAL = 2.0**-126
# A scale of a block that is kept in float16 beside a scale of its row.
_FLOAT16_UNIT, _FLOAT16_STEP = 2.0**-11, 2.0**-24
# Codes are off by half a step of their block, and the step by four roundings.
_HALF_STEP = 0.5 + 127 * 2.0**-21
_TINY = 1e-36


@dataclass(frozen=True, kw_only=True)
class ProductSpeed:
    """Of one shape on some threads."""

    read_bytes_per_s: float
    """Weights a second where one token meets matrices beyond the caches."""
    ops_per_s: float
    """Operations a second where `MANY_TOKENS` tokens meet one matrix."""


@dataclass(frozen=True, kw_only=True)
class ProductCheck:
    """One matrix of the file, which stands for all of its shape and format."""

    name: str
    stored: str
    """Format of the file."""
    format: str
    """What the kernels compute with."""
    shape: Shape
    num_alike: int
    """Matrices of this shape and format in the model."""
    relative_error: float
    """Of the product with the decoded weights in float64, rounded activations included; norms over all results."""
    bound_share: float
    """The largest error of one result over what rounding allows it; above 1 the kernel is wrong."""
    code_share: float
    """The largest error of one activation's code over what rounding allows; 0 where none are rounded to codes."""
    is_same_alone: bool
    """Whether a token alone has the bits that it has among others."""
    speed: ProductSpeed

    @property
    def is_ok(self) -> bool:
        return self.is_same_alone and max(self.bound_share, self.code_share) <= 1


def check_product(
    matrix: Any, piece: EncodedTensor, *, name: str, num_alike: int, number_format: str, num_threads: int
) -> ProductCheck:
    """Multiply, compare and time one matrix.

    Args:
        matrix: `_cpu.Matrix`, packed from `piece`.
        piece: what the file holds.
        name: the matrix's canonical name.
        num_alike: see `ProductCheck`.
        number_format: what the kernels compute with, one of `FORMAT_NAMES`.
        num_threads: for the product and its speed.
    """
    kernels = dispatch.native()
    x_TC = lifelike_activations(MANY_TOKENS, matrix.cols)
    ours_TR = kernels.matmul(matrix, x_TC, threads=num_threads)
    alone_1R = kernels.matmul(matrix, x_TC[:1], threads=num_threads)
    checked_TC = x_TC[:_TOKENS_CHECKED]
    comparison = compare_product(ours_TR[:_TOKENS_CHECKED], piece, checked_TC, number_format)
    return ProductCheck(
        name=name,
        stored=piece.format.name,
        format=number_format,
        shape=piece.shape,
        num_alike=num_alike,
        relative_error=comparison.relative_error,
        bound_share=comparison.bound_share,
        code_share=comparison.code_share,
        is_same_alone=bool(np.array_equal(alone_1R[0].view(np.uint32), ours_TR[0].view(np.uint32))),
        speed=_speed(matrix, num_threads),
    )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """See the fields of these names in `ProductCheck`."""

    relative_error: float
    bound_share: float
    code_share: float


def compare_product(ours_TR: FloatArray, piece: EncodedTensor, x_TC: FloatArray, number_format: str) -> Comparison:
    """Results of the kernels against float64, a few rows of the matrix at one time."""
    in_codes = number_format not in ("float32", "bfloat16")
    seen_TC = _seen(x_TC, number_format)
    exact_TC, num_cols = x_TC.astype(np.float64), x_TC.shape[1]
    weights_RC = piece.decode()
    lost_share, lost_step = _scale_losses(piece.format) if in_codes else (0.0, 0.0)
    rounding = _rounding(num_cols, in_codes) + lost_share
    worst, error, size = 0.0, 0.0, 0.0
    for start in range(0, len(weights_RC), _ROWS_AT_ONCE):
        decoded_RC = weights_RC[start : start + _ROWS_AT_ONCE]
        used_RC = decoded_RC.astype(ml_dtypes.bfloat16) if number_format == "bfloat16" else decoded_RC
        w_CR = used_RC.astype(np.float64).T
        ours = ours_TR[:, start : start + _ROWS_AT_ONCE].astype(np.float64)
        allowed = rounding * (np.abs(seen_TC) @ np.abs(w_CR)) + _steps(seen_TC, w_CR, lost_step)
        worst = max(worst, float(_share(np.abs(ours - seen_TC @ w_CR), allowed).max()))
        exact = exact_TC @ decoded_RC.astype(np.float64).T
        error, size = error + float(((ours - exact) ** 2).sum()), size + float((exact**2).sum())
    return Comparison(
        relative_error=(error / size) ** 0.5 if size else error**0.5,
        bound_share=worst,
        code_share=_code_share(x_TC, seen_TC) if in_codes else 0.0,
    )


def lifelike_activations(num_tokens: int, num_cols: int, seed: int = 0) -> FloatArray:
    """What the norms of trained networks give: channels of different sizes, a few of them twenty times as large.

    Dettmers et al. describe them (LLM.int8(), arXiv 2208.07339, section 4).
    """
    rng = np.random.default_rng(seed)
    size_C = np.exp(0.5 * rng.standard_normal(num_cols))
    size_C[rng.integers(0, num_cols, max(1, num_cols // 1000))] *= 20
    return (rng.standard_normal((num_tokens, num_cols)) * size_C).astype(np.float32)


def _seen(x_TC: FloatArray, number_format: str) -> Doubles:
    """Activations as the kernels multiply them."""
    if number_format == "float32":
        return x_TC.astype(np.float64)
    if number_format == "bfloat16":
        return x_TC.astype(ml_dtypes.bfloat16).astype(np.float64)
    return np.stack([_codes_of(row) for row in x_TC])


def _codes_of(x_C: FloatArray) -> Doubles:
    """What the codes of a row stand for; layout.h says where they lie."""
    prepare = dispatch.native().operations.prepare
    row = prepare(dispatch.instruction_set(), _INT8_KIND, np.ascontiguousarray(x_C))
    width = -(-len(x_C) // 64) * 64
    codes_NC = row[:width].view(np.int8).reshape(-1, _BLOCK)
    scales_N = row[width : width + width // _BLOCK * 4].view(np.float32)
    values: Doubles = (codes_NC * scales_N.astype(np.float64)[:, None]).reshape(-1)[: len(x_C)]
    return values


def _code_share(x_TC: FloatArray, seen_TC: Doubles) -> float:
    num_tokens, num_cols = x_TC.shape
    filled = np.zeros((num_tokens, -(-num_cols // _BLOCK) * _BLOCK))
    filled[:, :num_cols] = np.abs(x_TC)
    largest = filled.reshape(num_tokens, -1, _BLOCK).max(-1)
    allowed = np.where(largest > _TINY, largest / 127 * _HALF_STEP, _TINY)
    return float(_share(np.abs(seen_TC - x_TC), np.repeat(allowed, _BLOCK, axis=1)[:, :num_cols]).max())


def _rounding(num_cols: int, in_codes: bool) -> float:
    """Relative error of a sum (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1).

    Sums of codes within a block are exact, then come scales, sums of blocks and scales of rows; other numbers are
    summed in groups of at most 64, then the groups.
    """
    count = -(-num_cols // _BLOCK) + 5 if in_codes else min(num_cols, 64) + num_cols // 64 + 4
    return count * _UNIT / (1 - count * _UNIT)


def _scale_losses(stored: QuantFormat) -> tuple[float, float]:
    """Share and step, in the largest weight of a row, that scales lose; those not in float16 are split in two."""
    plain = getattr(stored, "base", stored)
    if not isinstance(plain, Int8) or plain.block_size is None or plain.scale_dtype == np.float16:
        return 0.0, 0.0
    return (_FLOAT16_UNIT if plain.scale_dtype == np.float32 else 0.0), _FLOAT16_STEP


def _steps(seen_TC: Doubles, w_CR: Doubles, lost_step: float) -> Doubles:
    """What numbers may lose that are too small for their format, [T, R]."""
    num_cols = seen_TC.shape[1]
    largest_R = np.abs(w_CR).max(axis=0)
    flushed = num_cols * _SMALLEST_NORMAL * (np.abs(seen_TC).max(axis=1, keepdims=True) + largest_R + 1)
    lost: Doubles = flushed + lost_step * np.abs(seen_TC).sum(axis=1, keepdims=True) * largest_R
    return lost


def _share(error: Doubles, allowed: Doubles) -> Doubles:
    """Error over what is allowed; no number at all is never allowed."""
    return np.where(np.isfinite(error), error / allowed, np.inf)


def _speed(matrix: Any, num_threads: int) -> ProductSpeed:
    kernels = dispatch.native()
    one_s = kernels.product_seconds(matrix, 1, num_threads, _BEYOND_CACHES_BYTES)
    many_s = kernels.product_seconds(matrix, MANY_TOKENS, num_threads, 0)
    return ProductSpeed(
        read_bytes_per_s=matrix.num_bytes / one_s,
        ops_per_s=2.0 * matrix.rows * matrix.cols * MANY_TOKENS / many_s,
    )
