"""Signed bytes with a scale for each block along the input axis; Grok-1's own files, per-channel, block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from zaphod.compute.quant.tensor import Array, FloatArray, PartSpec, QuantFormat, Shape, narrow, require_finite
from zaphod.core.errors import ConfigError

SCALE_DTYPES = {
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}


class Int8(QuantFormat):
    """value = weight · scale, symmetric, no offset.

    Parts: `weight` int8 of the tensor's shape, `scales` with the input axis shortened to the number of blocks.

    Args:
        block_size: inputs that share a scale; None for one scale per output channel.
        scale_dtype: `float32`, `float16` or `bfloat16`.
        input_axis: -1 for [..., out, in]; -2 for the official Grok-1 files, [..., in, out].
    """

    def __init__(self, block_size: int | None, scale_dtype: str = "float16", input_axis: int = -1) -> None:
        if block_size is not None and block_size < 1:
            raise ConfigError(
                f"Blocks of {block_size} inputs hold nothing.",
                "A block has at least one input.",
                "Use int8, int8-channel or a positive block size.",
            )
        self.block_size = block_size
        self.scale_dtype = SCALE_DTYPES[scale_dtype]
        self.input_axis = input_axis
        self.name = _name(block_size, scale_dtype, input_axis)
        self._scale_dtype_name = scale_dtype

    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        if len(shape) < 2:
            raise ConfigError(
                f"A tensor of shape {shape} cannot be stored as {self.name}.",
                "It must be a matrix.",
                "Use bfloat16 for this tensor.",
            )
        scales = list(shape)
        scales[self.input_axis] = self._num_blocks(shape[self.input_axis])
        return {
            "weight": PartSpec(dtype=np.dtype(np.int8), shape=shape),
            "scales": PartSpec(dtype=self.scale_dtype, shape=tuple(scales)),
        }

    def _num_blocks(self, num_inputs: int) -> int:
        if self.block_size is None:
            return 1
        if num_inputs % self.block_size:
            raise ConfigError(
                f"An input axis of {num_inputs} cannot be cut into blocks of {self.block_size}.",
                f"{self.name} needs a multiple of {self.block_size}.",
                "Use int8-channel for this tensor.",
            )
        return num_inputs // self.block_size

    def encode(self, values: FloatArray) -> Mapping[str, Array]:
        require_finite(values, self.name)
        specs = self.part_specs(values.shape)
        blocks = self._blocked(values)
        scales = self._scales(np.abs(blocks).max(axis=self.input_axis, keepdims=True, initial=0))
        wide = scales.astype(np.float32)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            steps = np.where(wide > 0, blocks / wide, 0)
        weight = np.clip(np.rint(steps), -127, 127).astype(np.int8)
        return {"weight": weight.reshape(values.shape), "scales": scales.reshape(specs["scales"].shape)}

    def _scales(self, largest: FloatArray) -> Array:
        """Stored scales for blocks of these largest magnitudes, rounded first, so that codes suit what is stored."""
        scales = narrow(largest / np.float32(127), self.scale_dtype, self.name)
        # The smallest numbers of a dtype are coarse: a scale rounded down far would clip the largest value.
        clips = largest.astype(np.float64) > 127.5 * scales.astype(np.float64)
        scales[clips] = np.nextafter(scales[clips], self.scale_dtype.type(np.inf))
        return scales

    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        blocks = self._blocked(np.asarray(parts["weight"]))
        scales = np.expand_dims(np.asarray(parts["scales"]).astype(np.float32), self.input_axis)
        return np.multiply(blocks, scales, dtype=np.float32).reshape(shape)

    def transpose(self, parts: Mapping[str, Array]) -> tuple[QuantFormat, Mapping[str, Array]]:
        other = Int8(self.block_size, self._scale_dtype_name, -3 - self.input_axis)
        return other, {name: part.swapaxes(-1, -2) for name, part in parts.items()}

    def _blocked(self, values: Array) -> Array:
        """The input axis cut in two: blocks, and inputs within a block."""
        num_inputs = values.shape[self.input_axis]
        cut = (self._num_blocks(num_inputs), self.block_size or num_inputs)
        if self.input_axis == -1:
            return values.reshape(*values.shape[:-1], *cut)
        return values.reshape(*values.shape[:-2], *cut, values.shape[-1])


def _name(block_size: int | None, scale_dtype: str, input_axis: int) -> str:
    if (block_size, scale_dtype, input_axis) == (32, "float16", -1):
        return "int8"
    if (block_size, scale_dtype, input_axis) == (None, "float32", -1):
        return "int8-channel"
    return f"int8:block={block_size or 'all'},scales={scale_dtype},axis={input_axis}"


def parse_int8(name: str) -> Int8:
    """`int8`, `int8-channel` or `int8:block=…,scales=…,axis=…`, as `Int8.name` prints it."""
    if name == "int8":
        return Int8(32)
    if name == "int8-channel":
        return Int8(None, "float32")
    try:
        fields: dict[str, Any] = dict(field.split("=") for field in name.removeprefix("int8:").split(","))
        block = None if fields["block"] == "all" else int(fields["block"])
        return Int8(block, fields["scales"], {"-1": -1, "-2": -2}[fields["axis"]])
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"{name!r} is not a form of int8.",
            "Such a name reads int8:block=4096,scales=bfloat16,axis=-2.",
            "Check the file that holds it.",
        ) from error
