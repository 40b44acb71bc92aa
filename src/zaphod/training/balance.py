"""Keeping experts evenly loaded: the losses that push for it and the numbers that show it; knows routing, not models.

Legend: T tokens, E experts, K experts chosen per token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from zaphod.compute.kernels.reference import Routing


class BalanceMetrics(NamedTuple):
    """How evenly one layer's experts were used."""

    load_E: Tensor
    """Share of all assignments that went to each expert; sums to 1."""
    entropy: float
    """Of the load, divided by its maximum ln E: 1 is even, 0 is a single expert."""
    max_violation: float
    """Heaviest load over the mean load, minus 1 (MaxVio, arXiv 2408.15664): 0 is even."""
    num_dead: int
    """Experts that no token visited."""


def load_shares(routing: Routing) -> Tensor:
    """Share of assignments per expert, [E] float32; not differentiable."""
    num_experts = routing.logits_TE.shape[1]
    counts_E = routing.expert_ids_TK.flatten().bincount(minlength=num_experts)
    return counts_E.float() / counts_E.sum()


def balance_loss(routing: Routing) -> Tensor:
    """E · Σ fₑ Pₑ: 1 when load or probability is even (Switch Transformer, arXiv 2101.03961, eq. 4).

    f is the share of assignments, P the mean probability, both over the tokens given: all of a part of the batch.
    """
    probabilities_TE = routing.scores_TE / routing.scores_TE.sum(-1, keepdim=True)
    loss: Tensor = routing.logits_TE.shape[1] * (load_shares(routing) * probabilities_TE.mean(0)).sum()
    return loss


def z_loss(routing: Routing) -> Tensor:
    """Mean squared logsumexp of the router's logits: keeps them small (ST-MoE, arXiv 2202.08906, eq. 5)."""
    return routing.logits_TE.logsumexp(-1).square().mean()


def router_loss(layers: Sequence[Routing], balance_weight: float, z_weight: float) -> Tensor:
    """The mean over layers of both losses, each times its weight."""
    losses = [balance_weight * balance_loss(routing) + z_weight * z_loss(routing) for routing in layers]
    return torch.stack(losses).mean()


def balance_metrics(routing: Routing) -> BalanceMetrics:
    """Numbers for people, of one layer."""
    load_E = load_shares(routing)
    entropy = -(load_E * load_E.clamp(min=1e-20).log()).sum() / torch.tensor(float(len(load_E))).log()
    return BalanceMetrics(load_E, float(entropy), float(load_E.max() * len(load_E) - 1), int((load_E == 0).sum()))
