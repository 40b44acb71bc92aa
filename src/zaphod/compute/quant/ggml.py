"""GGML's block formats, as GGUF files hold them; knows tensors and their blocks, not files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from zaphod.compute.quant import ggml_blocks, ggml_k_blocks
from zaphod.compute.quant.plain import BFLOAT16, FLOAT16, FLOAT32
from zaphod.compute.quant.tensor import Array, FloatArray, PartSpec, QuantFormat, Shape, require_finite
from zaphod.core.errors import ConfigError

# Decoding makes several temporaries as large as the values it works on; a piece of this many stays in the cache.
_VALUES_AT_ONCE = 1 << 18


class GGMLFormat(QuantFormat):
    """One part, `blocks`: uint8 [..., out, in / block_size · block_bytes].

    Args:
        name: GGML's name in lower case.
        ggml_type: the integer that stands for it in a GGUF file.
        block_size: values of a block, consecutive along the input axis.
        layout: the fields of a block as a structured dtype.
        decode_blocks: blocks [N] of `layout` to float32 values of N · block_size entries.
        encode_blocks: values [N, block_size] to blocks [N]; None where the format can only be read.
    """

    def __init__(
        self,
        name: str,
        ggml_type: int,
        block_size: int,
        layout: np.dtype[Any],
        decode_blocks: Callable[[Array], FloatArray],
        encode_blocks: Callable[[FloatArray], Array] | None = None,
    ) -> None:
        self.name = name
        self.ggml_type = ggml_type
        self.block_size = block_size
        self.block_bytes = layout.itemsize
        self._layout = layout
        self._decode_blocks = decode_blocks
        self._encode_blocks = encode_blocks

    @property
    def can_encode(self) -> bool:
        return self._encode_blocks is not None

    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        if not shape or shape[-1] % self.block_size:
            raise ConfigError(
                f"A tensor of shape {shape} cannot be stored as {self.name}.",
                f"Its input axis, the last, must be a multiple of {self.block_size}.",
                "Use bfloat16 or int8-channel for this tensor.",
            )
        row_bytes = shape[-1] // self.block_size * self.block_bytes
        return {"blocks": PartSpec(dtype=np.dtype(np.uint8), shape=(*shape[:-1], row_bytes))}

    def encode(self, values: FloatArray) -> Mapping[str, Array]:
        if self._encode_blocks is None:
            writable = [name for name, other in GGML_FORMATS.items() if other.can_encode]
            raise ConfigError(
                f"Zaphod reads {self.name} but does not write it.",
                f"Of GGML's block formats it writes {' and '.join(writable)}.",
                "Choose one of these, or int8 or int4.",
            )
        spec = self.part_specs(values.shape)["blocks"]
        require_finite(values, self.name)
        values_NV = values.reshape(-1, self.block_size)
        blocks_N = np.empty(len(values_NV), self._layout)
        for piece in self._pieces(len(blocks_N)):
            blocks_N[piece] = self._encode_blocks(values_NV[piece])
        return {"blocks": blocks_N.view(np.uint8).reshape(spec.shape)}

    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        blocks_N = np.ascontiguousarray(parts["blocks"]).reshape(-1).view(self._layout)
        values_NV = np.empty((len(blocks_N), self.block_size), np.float32)
        for piece in self._pieces(len(blocks_N)):
            values_NV[piece] = self._decode_blocks(blocks_N[piece]).reshape(-1, self.block_size)
        return values_NV.reshape(shape)

    def _pieces(self, num_blocks: int) -> list[slice]:
        step = _VALUES_AT_ONCE // self.block_size
        return [slice(start, start + step) for start in range(0, num_blocks, step)]


_FORMATS = (
    GGMLFormat("q4_0", 2, 32, ggml_blocks.Q4_0, ggml_blocks.decode_q4_0, ggml_blocks.encode_q4_0),
    GGMLFormat("q4_1", 3, 32, ggml_blocks.Q4_1, ggml_blocks.decode_q4_1),
    GGMLFormat("q5_0", 6, 32, ggml_blocks.Q5_0, ggml_blocks.decode_q5_0),
    GGMLFormat("q5_1", 7, 32, ggml_blocks.Q5_1, ggml_blocks.decode_q5_1),
    GGMLFormat("q8_0", 8, 32, ggml_blocks.Q8_0, ggml_blocks.decode_q8_0, ggml_blocks.encode_q8_0),
    GGMLFormat("q2_k", 10, 256, ggml_k_blocks.Q2_K, ggml_k_blocks.decode_q2_k),
    GGMLFormat("q3_k", 11, 256, ggml_k_blocks.Q3_K, ggml_k_blocks.decode_q3_k),
    GGMLFormat("q4_k", 12, 256, ggml_k_blocks.Q4_K, ggml_k_blocks.decode_q4_k),
    GGMLFormat("q5_k", 13, 256, ggml_k_blocks.Q5_K, ggml_k_blocks.decode_q5_k),
    GGMLFormat("q6_k", 14, 256, ggml_k_blocks.Q6_K, ggml_k_blocks.decode_q6_k),
)

GGML_FORMATS: Mapping[str, GGMLFormat] = {each.name: each for each in _FORMATS}
"""GGML's block formats by name."""

GGML_TYPES: Mapping[int, QuantFormat] = {
    0: FLOAT32,
    1: FLOAT16,
    30: BFLOAT16,
    **{each.ggml_type: each for each in _FORMATS},
}
"""Every format that a GGUF file may hold and Zaphod reads, by GGML's integer for it."""
