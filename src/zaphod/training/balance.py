"""Keeping experts evenly loaded: the losses that push for it and the numbers that show it; knows routing, not models.

A step's batch is cut into parts, on one or several processes. The share f of assignments is taken over the whole batch:
taken over a part, it would ask each document to be balanced by itself and cost quality (arXiv 2501.11873). f carries no
gradient and the mean probability P is a sum over tokens, so every part adds its own term once the counts are known.

Legend: T tokens, E experts, K experts chosen per token, L sparse layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from zaphod.compute.kernels.reference import Routing
from zaphod.core.errors import ConfigError

Method = Literal["aux", "bias", "quantile", "none"]


@dataclass(frozen=True, kw_only=True)
class BalanceConfig:
    """How the experts of one training stage are kept busy."""

    method: Method = "aux"
    """`aux` adds a loss, `bias` and `quantile` move a bias that only chooses (`selection_bias`)."""
    weight: float = 3e-2
    """Of the auxiliary loss of each layer."""
    z_weight: float = 1e-3
    """Of the z-loss of each layer, under every method."""
    bias_rate: float = 1e-2
    """How far `bias` moves in a step: 1e-2 for short runs, 1e-3 at scale (arXiv 2408.15664)."""
    noise_std: float = 0.0
    """Of normal noise on the logits that choose, in training only."""
    capacity_factor: float | None = None
    """An expert takes at most this multiple of the mean load of a part; the rest is dropped and counted."""
    alarm_violation: float = 4.0
    """MaxVio of a layer, averaged over `alarm_steps`, above which a warning is written."""
    alarm_steps: int = 50

    def __post_init__(self) -> None:
        if min(self.weight, self.z_weight, self.bias_rate, self.noise_std) < 0:
            raise ConfigError(
                "A weight, rate or deviation under balance is negative.", "All are 0 or more.", "Set 0 to turn it off."
            )
        if self.capacity_factor is not None and self.capacity_factor < 1:
            raise ConfigError(
                f"capacity_factor is {self.capacity_factor}.",
                "Below 1 even a balanced layer would drop tokens.",
                "Use 1.25, or leave it out to drop none.",
            )
        if self.alarm_steps < 1:
            raise ConfigError(f"alarm_steps is {self.alarm_steps}.", "The mean needs a step.", "Use 50.")

    @property
    def moves_bias(self) -> bool:
        """Whether the model's routers need a `selection_bias`."""
        return self.method in ("bias", "quantile")


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


def expert_counts(routing: Routing, counted_T: Tensor | None = None) -> Tensor:
    """Assignments per expert, [E] int64; tokens outside the mask `counted_T` (padding) do not count."""
    ids_TK = routing.expert_ids_TK if counted_T is None else routing.expert_ids_TK[counted_T]
    return ids_TK.flatten().bincount(minlength=routing.logits_TE.shape[1])


def load_shares(routing: Routing) -> Tensor:
    """Share of assignments per expert, [E] float32; not differentiable."""
    return _shares(expert_counts(routing))


def _shares(counts_E: Tensor) -> Tensor:
    return counts_E.float() / counts_E.sum().clamp(min=1)


def balance_term(routing: Routing, counts_E: Tensor, counted_T: Tensor | None = None) -> Tensor:
    """What one part adds to E · Σ fₑ Pₑ of the whole batch (Switch Transformer, arXiv 2101.03961, eq. 4).

    P is the mean of the router's own probabilities; they are never put through a second softmax.

    Args:
        routing: of this part.
        counts_E: assignments of the whole batch.
        counted_T: which of this part's tokens count; all by default.
    """
    scores_TE = routing.scores_TE if counted_T is None else routing.scores_TE[counted_T]
    num_experts, top_k = scores_TE.shape[1], routing.expert_ids_TK.shape[1]
    probability_sums_E = (scores_TE / scores_TE.sum(-1, keepdim=True)).sum(0)
    num_tokens = counts_E.sum().clamp(min=1) / top_k
    term: Tensor = num_experts * (_shares(counts_E) * probability_sums_E).sum() / num_tokens
    return term


def z_term(routing: Routing, num_tokens: int, counted_T: Tensor | None = None) -> Tensor:
    """What one part adds to the z-loss of a batch of `num_tokens` tokens (ST-MoE, arXiv 2202.08906, eq. 5)."""
    logits_TE = routing.logits_TE if counted_T is None else routing.logits_TE[counted_T]
    return logits_TE.logsumexp(-1).square().sum() / max(1, num_tokens)


def balance_loss(routing: Routing) -> Tensor:
    """E · Σ fₑ Pₑ of a batch in one part: 1 when load or probability is even."""
    return balance_term(routing, expert_counts(routing))


def z_loss(routing: Routing) -> Tensor:
    """Mean squared logsumexp of the router's logits: keeps them small."""
    return z_term(routing, len(routing.logits_TE))


def router_loss(
    layers: Sequence[Routing], counts_LE: Tensor, config: BalanceConfig, counted_T: Tensor | None = None
) -> Tensor:
    """One part's share of both losses, each times its weight, summed over layers.

    Summed, so that every router is pushed as hard in a deep model as in a shallow one.
    """
    weight = config.weight if config.method == "aux" else 0.0
    losses = []
    for routing, counts_E in zip(layers, counts_LE, strict=True):
        num_tokens = int(counts_E.sum()) // routing.expert_ids_TK.shape[1]
        loss = config.z_weight * z_term(routing, num_tokens, counted_T)
        losses.append(loss + weight * balance_term(routing, counts_E, counted_T) if weight else loss)
    return torch.stack(losses).sum()


def balance_metrics(counts_E: Tensor) -> BalanceMetrics:
    """Numbers for people, of one layer's assignments per expert."""
    load_E = _shares(counts_E)
    entropy = -(load_E * load_E.clamp(min=1e-20).log()).sum() / torch.tensor(float(len(load_E))).log()
    return BalanceMetrics(load_E, float(entropy), float(load_E.max() * len(load_E) - 1), int((load_E == 0).sum()))
