"""An adapter as what the compiled network reads; knows tiles and names, not PyTorch and no file."""

from __future__ import annotations

from typing import Any

import numpy as np

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant.tensor import FloatArray
from zaphod.model.adapters import Adapter

# The number that `layout.h` gives float32 tiles, and `ops.h` float32 numbers.
_F32 = 0


def pack_adapter(adapter: Adapter) -> dict[str, Any]:
    """`_cpu.Matrix` of each half of each pair, by the weight's name and `.a` or `.b`.

    The name of an expert's weight is that of the stack with the expert's number behind it. Experts whose part is zero
    are left out.
    """
    matrices: dict[str, Any] = {}
    for name, part in adapter.parts.items():
        if part.a.ndim == 2:
            matrices |= _pack_pair(name, part.a, part.b)
            continue
        for expert, (a, b) in enumerate(zip(part.a, part.b, strict=True)):
            if a.any() and b.any():
                matrices |= _pack_pair(f"{name}.{expert}", a, b)
    return matrices


def _pack_pair(name: str, a: FloatArray, b: FloatArray) -> dict[str, Any]:
    return {f"{name}.a": _pack(a), f"{name}.b": _pack(b)}


def _pack(numbers: FloatArray) -> Any:
    kernels = dispatch.native()
    rows, cols = numbers.shape
    tiles = kernels.allocate(kernels.tiles_bytes(_F32, rows, cols))
    bytes_in = np.ascontiguousarray(numbers, np.float32).view(np.uint8).reshape(-1)
    kernels.pack_into(_F32, _F32, bytes_in, None, rows, cols, tiles)
    return kernels.Matrix(_F32, rows, cols, tiles)
