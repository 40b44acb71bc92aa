"""Layers whose weights are frozen and updated: they take the places of the model's own; know no training and no files.

Legend: T tokens, P rows of experts, I inputs, O outputs, D width, E experts.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zaphod.compute.kernels import reference
from zaphod.compute.kernels.reference import Activation, Routing
from zaphod.compute.kernels.routed import rows_by_expert, weighted_sum
from zaphod.model.low_rank import TokenAdapters
from zaphod.training.adaptation.frozen import FrozenWeight
from zaphod.training.adaptation.update import LowRankUpdate

_ROW_MULTIPLE = 64  # on CPUs, see `reference.experts`


class AdaptedWeight(nn.Module):
    """A frozen weight with what is learnt about it.

    Args:
        name: the weight's canonical name.
        base: the frozen values.
        update: None where nothing is learnt.
    """

    def __init__(self, name: str, base: FrozenWeight, update: LowRankUpdate | None) -> None:
        super().__init__()
        self.name, self.base, self.update = name, base, update

    def forward(self, x_PI: Tensor, ends_E: Tensor | None = None) -> Tensor:
        """The updated product, [P, O]; of a stack, by the groups of rows that end at `ends_E`."""
        y_PO: Tensor = self.base.product(x_PI, ends_E)
        if self.update is None:
            return y_PO
        y_PO = y_PO + self.update(x_PI, ends_E)
        if self.update.lora_magnitude is None:
            return y_PO
        # In float32: learnt lengths move by less than bfloat16 resolves near 1.
        return (y_PO.float() * self._factors(len(y_PO), ends_E)).to(y_PO.dtype)

    def _factors(self, num_rows: int, ends_E: Tensor | None) -> Tensor:
        assert self.update is not None
        factors = self.update.row_factors(self.base)
        if ends_E is None:
            return factors
        sizes_E = torch.diff(ends_E.long(), prepend=ends_E.new_zeros(1).long())
        return factors.repeat_interleave(sizes_E, dim=0, output_size=num_rows)


class AdaptedLinear(nn.Module):
    """In the place of `nn.Linear`."""

    def __init__(self, adapted: AdaptedWeight, bias: Tensor | None) -> None:
        super().__init__()
        self.adapted = adapted
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    def forward(self, x_TI: Tensor) -> Tensor:
        """[T, O]."""
        y_TO: Tensor = self.adapted(x_TI)
        return y_TO if self.bias is None else y_TO + self.bias.to(y_TO.dtype)


class AdaptedMLP(nn.Module):
    """In the place of `GatedMLP`."""

    def __init__(
        self, gate_proj: AdaptedLinear, up_proj: AdaptedLinear, down_proj: AdaptedLinear, activation: Activation
    ) -> None:
        super().__init__()
        self.gate_proj, self.up_proj, self.down_proj = gate_proj, up_proj, down_proj
        self.activation = activation

    def forward(self, x_TD: Tensor, adapters: TokenAdapters | None = None) -> Tensor:
        """[T, D]."""
        assert adapters is None, "adapters of requests belong to serving"
        hidden = reference.activate(self.gate_proj(x_TD), self.activation) * self.up_proj(x_TD)
        return self.down_proj(hidden)  # type: ignore[no-any-return]


class AdaptedExperts(nn.Module):
    """In the place of `Experts`: frozen products and low-rank ones both on routed tokens alone."""

    def __init__(self, gate: AdaptedWeight, up: AdaptedWeight, down: AdaptedWeight, activation: Activation) -> None:
        super().__init__()
        self.gate, self.up, self.down = gate, up, down
        self.activation = activation

    def forward(self, x_TD: Tensor, routing: Routing, adapters: TokenAdapters | None = None) -> Tensor:
        """Weighted sum of the chosen experts' outputs, [T, D]."""
        assert adapters is None, "adapters of requests belong to serving"
        num_experts = self.gate.base.shape[0]
        rows = rows_by_expert(routing.expert_ids_TK, num_experts, _ROW_MULTIPLE if x_TD.device.type == "cpu" else 1)
        x_PD = x_TD[rows.sources_P]
        hidden = reference.activate(self.gate(x_PD, rows.ends_E), self.activation) * self.up(x_PD, rows.ends_E)
        return weighted_sum(self.down(hidden, rows.ends_E), rows, routing.weights_TK)
