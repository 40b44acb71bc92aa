"""Four-bit numbers in groups of 32 along the input axis, two to a byte, with a float16 scale for each group.

What is written here in NumPy is the definition; the compiled kernels, where they are there, find the same bits sooner.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant.tensor import Array, FloatArray, PartSpec, QuantFormat, Shape, narrow, require_finite
from zaphod.core.errors import ConfigError

GROUP = 32

# A scale a little below the largest value over 8 clips that value and serves the other 31 better.
_CANDIDATES = (1.0, 0.95, 0.9, 0.85, 0.8)


class Int4(QuantFormat):
    """value = scale · (code - 8), codes 0 to 15; the code of input 2i sits in the low half of byte i."""

    name = "int4"

    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        if len(shape) < 2 or shape[-1] % GROUP:
            raise ConfigError(
                f"A tensor of shape {shape} cannot be stored as int4.",
                f"It must be a matrix whose input axis is a multiple of {GROUP}.",
                "Use int8-channel for this tensor.",
            )
        return {
            "weight": PartSpec(dtype=np.dtype(np.uint8), shape=(*shape[:-1], shape[-1] // 2)),
            "scales": PartSpec(dtype=np.dtype(np.float16), shape=(*shape[:-1], shape[-1] // GROUP)),
        }

    def encode(self, values: FloatArray) -> Mapping[str, Array]:
        specs = self.part_specs(values.shape)
        packed, scales = _encoded(np.ascontiguousarray(values, np.float32).reshape(-1, GROUP))
        return {"weight": packed.reshape(specs["weight"].shape), "scales": scales.reshape(specs["scales"].shape)}

    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        packed = np.asarray(parts["weight"])
        codes = np.stack((packed & 15, packed >> 4), axis=-1).reshape(-1, GROUP).astype(np.float32) - 8
        scales = np.asarray(parts["scales"]).astype(np.float32).reshape(-1, 1)
        return (codes * scales).reshape(shape)


def _encoded(groups: FloatArray) -> tuple[Array, Array]:
    """Codes, two to a byte, [N, 16], and scales [N] float16."""
    if dispatch.native_is_available():
        packed, scales = np.empty((len(groups), GROUP // 2), np.uint8), np.empty(len(groups), np.float16)
        if dispatch.native().encode_int4(groups.reshape(-1), packed.reshape(-1), scales.view(np.uint16)):
            return packed, scales
    # The definition also says what is wrong with values that cannot be encoded.
    return encode_groups(groups)


def encode_groups(groups: FloatArray) -> tuple[Array, Array]:
    """The definition: values [N, 32] to codes, two to a byte, [N, 16], and scales [N] float16.

    Raises:
        WeightsError: values are not finite, or a scale lies beyond float16.
    """
    require_finite(groups, Int4.name)
    codes, scales = _best_codes(groups)
    return codes[:, ::2] | (codes[:, 1::2] << 4), scales


def _best_codes(groups: FloatArray) -> tuple[Array, Array]:
    """Codes [N, 32] uint8 and scales [N] float16 with the least squared error among a few candidate scales."""
    extreme = np.take_along_axis(groups, np.abs(groups).argmax(-1)[:, None], axis=-1)[:, 0]
    # The value of largest magnitude is given code 0, that is -8: the range has one more step on that side.
    best_codes = np.empty(groups.shape, np.uint8)
    best_scales = np.empty(len(groups), np.float16)
    best_error = np.full(len(groups), np.inf, np.float32)
    for share in _CANDIDATES:
        scales = narrow(extreme * np.float32(-share / 8), np.dtype(np.float16), Int4.name)
        wide = scales.astype(np.float32)[:, None]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            steps = np.where(wide != 0, groups / wide, 0)
        codes = np.clip(np.rint(steps) + 8, 0, 15).astype(np.uint8)
        error = _row_sums(((codes.astype(np.float32) - 8) * wide - groups) ** 2)
        better = error < best_error
        best_codes[better], best_scales[better], best_error[better] = codes[better], scales[better], error[better]
    return best_codes, best_scales


def _row_sums(squares: FloatArray) -> FloatArray:
    """Sums of rows of 32 in one certain order, so that the choice of a scale is the same on every machine."""
    eighths = squares.reshape(-1, 4, 8)
    sums = ((eighths[:, 0] + eighths[:, 1]) + eighths[:, 2]) + eighths[:, 3]
    pairs = sums[:, ::2] + sums[:, 1::2]
    total: FloatArray = (pairs[:, 0] + pairs[:, 1]) + (pairs[:, 2] + pairs[:, 3])
    return total
