"""Frozen weights that multiply: as they are, or in NF4 and dequantised on the way; knows no update and no layer.

Nothing dequantised outlives the product that it is made for: the backward pass makes it again.
Legend: P rows, I inputs, O outputs, E matrices of a stack (experts).
"""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zaphod.compute.kernels.routed import grouped_product
from zaphod.compute.quant import NF4
from zaphod.compute.quant.nf4 import BLOCK, LEVELS, SUPER_BLOCK, absmax_levels
from zaphod.compute.quant.tensor import Array

_VALUES_AT_ONCE = 1 << 22
"""Values that exist dequantised at one time: 8 MiB of bfloat16."""


class FrozenWeight(nn.Module, ABC):
    """A matrix [O, I], or a stack of them [E, O, I], that gives gradients to its input and gets none."""

    format_name: str
    shape: tuple[int, ...]

    @abstractmethod
    def product(self, x_PI: Tensor, ends_E: Tensor | None = None) -> Tensor:
        """x Wᵀ; of a stack, rows [ends[e-1], ends[e]) times matrix e."""

    @abstractmethod
    def matrix(self, index: int = 0) -> Tensor:
        """Matrix number `index` as it multiplies, [O, I]."""

    @property
    @abstractmethod
    def num_bytes(self) -> int:
        """Stored bytes."""


class PlainWeight(FrozenWeight):
    """Values as they are."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values, requires_grad=False)
        self.shape = tuple(values.shape)
        self.format_name = str(values.dtype).removeprefix("torch.")

    def product(self, x_PI: Tensor, ends_E: Tensor | None = None) -> Tensor:
        return F.linear(x_PI, self.values) if ends_E is None else grouped_product(x_PI, self.values, ends_E)

    def matrix(self, index: int = 0) -> Tensor:
        return self.values if self.values.ndim == 2 else self.values[index]

    @property
    def num_bytes(self) -> int:
        return self.values.nbytes


class NF4Weight(FrozenWeight):
    """Values in NF4 with double quantisation.

    Args:
        parts: as `NF4.encode` gives them.
        shape: [O, I] or [E, O, I].
        dtype: of the values while they multiply.
    """

    format_name = NF4.name
    weight: Tensor
    absmax: Tensor
    absmax_scales: Tensor
    absmax_mean: Tensor

    def __init__(self, parts: Mapping[str, Array], shape: tuple[int, ...], dtype: torch.dtype) -> None:
        super().__init__()
        self.shape, self.dtype = shape, dtype
        for name, part in parts.items():
            flat = torch.from_numpy(part.reshape(-1, part.shape[-1]))
            self.register_buffer(name, flat, persistent=False)

    def product(self, x_PI: Tensor, ends_E: Tensor | None = None) -> Tensor:
        ends = [len(x_PI)] if ends_E is None else ends_E.tolist()
        return _NF4Product.apply(x_PI, self, ends)  # type: ignore[no-any-return, no-untyped-call]

    def matrix(self, index: int = 0) -> Tensor:
        return torch.cat([tile for _, tile in self.tiles(index)])

    def tiles(self, index: int) -> Iterator[tuple[slice, Tensor]]:
        """Rows of matrix `index`, a few at a time, dequantised."""
        num_rows, num_cols = self.shape[-2:]
        absmax = self._absmax(index)
        step = _rows_at_once(num_rows, num_cols)
        for start in range(0, num_rows, step):
            rows = slice(start, min(start + step, num_rows))
            first, last = rows.start * num_cols, rows.stop * num_cols
            codes = self.weight[index, first // 2 : -(-last // 2)]
            yield rows, _dequantised(codes, absmax[first // BLOCK :], last - first, self.dtype).view(-1, num_cols)

    def _absmax(self, index: int) -> Tensor:
        codes = self.absmax[index]
        scales = self.absmax_scales[index].repeat_interleave(SUPER_BLOCK)[: len(codes)]
        return _absmax_levels(codes.device).index_select(0, codes.int()) * scales + self.absmax_mean[index]

    @property
    def num_bytes(self) -> int:
        return sum(part.nbytes for part in self.buffers())


class _NF4Product(torch.autograd.Function):
    """Keeps a reference to the packed weight and nothing else."""

    @staticmethod
    def forward(ctx: Any, x_PI: Tensor, weight: NF4Weight, ends: list[int]) -> Tensor:
        ctx.weight, ctx.ends = weight, ends
        y_PO = x_PI.new_empty(len(x_PI), weight.shape[-2])
        for index, rows in _groups(ends):
            for outputs, tile in weight.tiles(index):
                y_PO[rows, outputs] = F.linear(x_PI[rows], tile)
        return y_PO

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        [g_PO] = gradients
        weight: NF4Weight = ctx.weight
        g_PI = g_PO.new_zeros(len(g_PO), weight.shape[-1])
        for index, rows in _groups(ctx.ends):
            for outputs, tile in weight.tiles(index):
                g_PI[rows] += g_PO[rows, outputs] @ tile
        return g_PI, None, None


def _groups(ends: list[int]) -> Iterator[tuple[int, slice]]:
    """Matrices that have rows, with these rows."""
    start = 0
    for index, end in enumerate(ends):
        if end > start:
            yield index, slice(start, end)
        start = end


def _rows_at_once(num_rows: int, num_cols: int) -> int:
    """So many that a tile begins at a whole block."""
    whole = BLOCK // math.gcd(BLOCK, num_cols)
    return min(num_rows, max(1, _VALUES_AT_ONCE // num_cols // whole) * whole)


def _dequantised(codes: Tensor, absmax: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """`size` values from packed codes whose first one begins a block."""
    # Two float32 are looked up as one int64: 2 x 10^9 values a second on one core, seven times the plain indexing.
    values = _pairs(codes.device).index_select(0, codes.int()).view(torch.float32)
    num_whole = size // BLOCK * BLOCK
    out = torch.empty(size, dtype=dtype, device=codes.device)
    whole, rest = values[:num_whole].view(-1, BLOCK), values[num_whole:size]
    out[:num_whole].view(-1, BLOCK).copy_(whole.mul_(absmax[: len(whole), None]))
    if len(rest):
        out[num_whole:] = rest * absmax[len(whole)]
    return out


@functools.cache
def _pairs(device: torch.device) -> Tensor:
    """For each byte its two values, as the bits of one int64."""
    levels = torch.from_numpy(LEVELS)
    pairs = torch.cartesian_prod(levels, levels)
    return pairs.contiguous().view(torch.int64).view(-1).to(device)


@functools.cache
def _absmax_levels(device: torch.device) -> Tensor:
    return torch.from_numpy(absmax_levels()).to(device)
