"""Sums of gradients, in float32; knows tensors, no model and no ranks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from zaphod.compute.kernels.native_training import is_plain, training_kernels


def float32_sum(parts: Sequence[Tensor]) -> Tensor:
    """Of one tensor or more, in their order; a lone one that is float32 is given back as it is."""
    first, *others = parts
    if not others:
        return first.float()
    second, *others = others
    kernels = training_kernels() if first.dtype == second.dtype and is_plain(first) and is_plain(second) else None
    total = first.float() + second if kernels is None else kernels.added(first, second)
    for part in others:
        total.add_(part)
    return total


def sum_of_squares(gradient: Tensor) -> Tensor:
    """Of all its numbers, without a copy of it."""
    flat = gradient.flatten()
    return flat.dot(flat)
