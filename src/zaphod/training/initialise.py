"""First weights of a model that is to be trained; knows names and shapes, not training."""

from __future__ import annotations

import torch
from torch import nn

_STANDARD_DEVIATION = 0.02


@torch.no_grad()
def initialise(model: nn.Module, num_layers: int, seed: int) -> None:
    """Normal with deviation 0.02, smaller by sqrt(2·layers) for what writes to the residual stream (GPT-2); norms 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "norm" in name or name.endswith("selection_bias"):
            parameter.fill_(1.0 if "norm" in name else 0.0)
        elif name.endswith(".bias"):
            parameter.zero_()
        else:
            writes = name.endswith(("o_proj.weight", "down_proj.weight", "experts.down"))
            deviation = _STANDARD_DEVIATION / (2 * num_layers) ** 0.5 if writes else _STANDARD_DEVIATION
            values = torch.empty(parameter.shape).normal_(0.0, deviation, generator=generator)
            parameter.copy_(values)
