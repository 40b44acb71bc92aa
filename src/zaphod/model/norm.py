"""Root-mean-square normalisation as a module."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zaphod.compute.kernels import reference
from zaphod.compute.kernels.operations import Operations


class RMSNorm(nn.Module):
    """x / rms(x) · weight over the last axis; the weight stays in float32 whatever the model's dtype."""

    operations: Operations = reference
    """See `Transformer.use`."""

    def __init__(self, size: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape and dtype as `x`."""
        return self.operations.rms_norm(x, self.weight, self.epsilon)
