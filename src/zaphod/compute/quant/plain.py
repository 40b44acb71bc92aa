"""Numbers stored as they are: float32, float16, bfloat16."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from zaphod.compute.quant.tensor import Array, FloatArray, PartSpec, QuantFormat, Shape, narrow


class Plain(QuantFormat):
    """One part, `values`, of a floating-point dtype."""

    def __init__(self, name: str, dtype: np.dtype[Any]) -> None:
        self.name = name
        self.dtype = dtype

    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        return {"values": PartSpec(dtype=self.dtype, shape=shape)}

    def encode(self, values: FloatArray) -> Mapping[str, Array]:
        return {"values": narrow(values, self.dtype, self.name)}

    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        return np.asarray(parts["values"]).astype(np.float32)

    def transpose(self, parts: Mapping[str, Array]) -> tuple[QuantFormat, Mapping[str, Array]]:
        return self, {"values": parts["values"].swapaxes(-1, -2)}


FLOAT32 = Plain("float32", np.dtype(np.float32))
FLOAT16 = Plain("float16", np.dtype(np.float16))
BFLOAT16 = Plain("bfloat16", np.dtype(ml_dtypes.bfloat16))
