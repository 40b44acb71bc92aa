"""Feed-forward blocks, dense and sparse, as one layer sees them: no notion of a sequence.

Legend: T tokens, D width, E experts, K experts chosen per token, F width of an expert.
"""

from __future__ import annotations

import math
from dataclasses import asdict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zaphod.compute.kernels import reference
from zaphod.compute.kernels.operations import Operations
from zaphod.compute.kernels.reference import Routing
from zaphod.core.errors import ConfigError
from zaphod.model.config import Activation, MoEConfig, RouterConfig
from zaphod.model.low_rank import TokenAdapters, adapted, within


class GatedMLP(nn.Module):
    """down(activate(gate(x)) · up(x))."""

    operations: Operations = reference
    """See `Transformer.use`."""

    def __init__(self, hidden_size: int, size: int, activation: Activation) -> None:
        super().__init__()
        self.activation = activation
        self.gate_proj = nn.Linear(hidden_size, size, bias=False)
        self.up_proj = nn.Linear(hidden_size, size, bias=False)
        self.down_proj = nn.Linear(size, hidden_size, bias=False)

    def forward(self, x_TD: Tensor, adapters: TokenAdapters | None = None) -> Tensor:
        """Output [T, D]."""
        if adapters is not None:
            gate_TF = adapted(adapters, "gate_proj.weight", self.gate_proj(x_TD), x_TD)
            up_TF = adapted(adapters, "up_proj.weight", self.up_proj(x_TD), x_TD)
            hidden_TF = reference.activate(gate_TF, self.activation) * up_TF
            return adapted(adapters, "down_proj.weight", self.down_proj(hidden_TF), hidden_TF)
        return self.operations.gated_mlp(
            x_TD, self.gate_proj.weight, self.up_proj.weight, self.down_proj.weight, self.activation
        )


class Router(nn.Module):
    """Scores experts in float32: routing margins are small, and half precision flips choices."""

    def __init__(self, hidden_size: int, config: RouterConfig) -> None:
        super().__init__()
        self.options = asdict(config)
        self.options.pop("num_experts")
        has_bias = self.options.pop("selection_bias")
        self.weight = nn.Parameter(torch.empty(config.num_experts, hidden_size))
        self.selection_bias = nn.Parameter(torch.zeros(config.num_experts), requires_grad=False) if has_bias else None

    def forward(self, x_TD: Tensor, routing_given: Routing | None = None, offset_TE: Tensor | None = None) -> Routing:
        """Which experts each token visits, those of `routing_given` where it is there, and with what weight."""
        logits_TE = F.linear(x_TD.float(), self.weight.float())
        return reference.route(
            logits_TE,
            selection_bias_E=self.selection_bias,
            chosen_TK=None if routing_given is None else routing_given.expert_ids_TK,
            offset_TE=offset_TE,
            **self.options,
        )


class Experts(nn.Module):
    """Gated experts, one stacked parameter per matrix."""

    row_multiple = 1
    """See `reference.experts`; the trainer raises it."""
    operations: Operations = reference
    """See `Transformer.use`."""

    def __init__(self, hidden_size: int, config: MoEConfig, activation: Activation) -> None:
        super().__init__()
        num_experts, size = config.router.num_experts, config.expert_size
        self.activation = activation
        self.gate = nn.Parameter(torch.empty(num_experts, size, hidden_size))
        self.up = nn.Parameter(torch.empty(num_experts, size, hidden_size))
        self.down = nn.Parameter(torch.empty(num_experts, hidden_size, size))

    def forward(self, x_TD: Tensor, routing: Routing, adapters: TokenAdapters | None = None) -> Tensor:
        """Weighted sum of the chosen experts' outputs, [T, D]."""
        return self.operations.experts(
            x_TD,
            self.gate,
            self.up,
            self.down,
            routing.expert_ids_TK,
            routing.weights_TK,
            self.activation,
            self.row_multiple,
            () if adapters is None else adapters.of_experts(len(x_TD)),
        )


class SparseBlock(nn.Module):
    """Router and experts, with an optional expert that every token visits."""

    capacity_factor: float | None = None
    """In training mode, an expert takes at most this multiple of the mean load; the trainer sets it."""

    def __init__(self, hidden_size: int, config: MoEConfig, activation: Activation) -> None:
        super().__init__()
        self.router = Router(hidden_size, config.router)
        self.experts = Experts(hidden_size, config, activation)
        shared_size = config.shared_expert_size
        self.shared = GatedMLP(hidden_size, shared_size, activation) if shared_size else None
        self.shared_gate = nn.Linear(hidden_size, 1, bias=False) if config.shared_expert_gate else None

    def forward(
        self,
        x_TD: Tensor,
        routing_of_layers: list[Routing] | None,
        adapters: TokenAdapters | None = None,
        *,
        routing_given: Routing | None = None,
        offset_TE: Tensor | None = None,
    ) -> Tensor:
        """Output [T, D]; this layer's routing is appended to `routing_of_layers` when given.

        With `routing_given` every token visits the experts chosen there: a forward pass that is repeated (activation
        checkpointing, replay of another pass's choices) never chooses anew. Weights are computed from the router as
        ever, so that it has its gradient. `offset_TE` moves the choice: see `reference.route`.
        """
        routing = self.router(x_TD, routing_given, offset_TE)
        if routing_of_layers is not None:
            routing_of_layers.append(routing)
        if self.capacity_factor is not None and self.training:
            out = self._within_capacity(x_TD, routing, adapters)
        else:
            out = self.experts(x_TD, routing, within(adapters, "experts"))
        if self.shared is None:
            return out
        shared: Tensor = self.shared(x_TD, within(adapters, "shared"))
        if self.shared_gate is not None:
            shared = shared * self.shared_gate(x_TD).float().sigmoid().to(shared.dtype)
        return out + shared

    def capacity(self, num_tokens: int) -> int | None:
        """Tokens that an expert takes at most out of so many, in training mode."""
        if self.capacity_factor is None:
            return None
        top_k: int = self.router.options["top_k"]
        num_experts = len(self.router.weight)
        return math.ceil(self.capacity_factor * num_tokens * top_k / num_experts)

    def _within_capacity(self, x_TD: Tensor, routing: Routing, adapters: TokenAdapters | None) -> Tensor:
        """The experts' output without what finds no place; every assignment kept is a token of its own to them."""
        if adapters is not None:
            raise ConfigError(
                "A capacity factor is set while adapters are trained.",
                "Adapters know tokens by their place, and a capacity moves them.",
                "Train adapters without capacity_factor.",
            )
        capacity = self.capacity(len(x_TD))
        assert capacity is not None
        tokens_A, choices_A = reference.kept_assignments(routing, capacity).nonzero(as_tuple=True)
        kept = Routing(
            routing.logits_TE[tokens_A],
            routing.scores_TE[tokens_A],
            routing.expert_ids_TK[tokens_A, choices_A][:, None],
            routing.weights_TK[tokens_A, choices_A][:, None],
        )
        out_AD: Tensor = self.experts(x_TD[tokens_A], kept, None)
        return torch.zeros_like(x_TD, dtype=torch.float32).index_add(0, tokens_A, out_AD.float()).to(x_TD.dtype)
