"""Balancing without a loss: a bias that takes part in choosing experts and in nothing else; knows counts and scores.

Both rules act once a step, after the optimiser, on the loads of the whole batch. Evaluation and recomputed activations
never reach them, because they see only what the loop counted in the step's forward pass.

Legend: T tokens, E experts, K experts chosen per token, L sparse layers, B bins of a histogram.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from zaphod.compute.kernels.reference import Routing
from zaphod.model.experts import SparseBlock
from zaphod.training.balance import BalanceConfig

_NUM_BINS = 1000  # of required biases, as in Kimi K3's report, appendix D


class SelectionBiases:
    """The selection biases of a model's sparse layers, moved step by step.

    Args:
        model: holds the biases; without them `config.method` must be one that moves none.
        config: which rule.
    """

    def __init__(self, model: nn.Module, config: BalanceConfig) -> None:
        self.config = config
        blocks = [module for module in model.modules() if isinstance(module, SparseBlock)] if config.moves_bias else []
        self._biases = [block.router.selection_bias for block in blocks]

    def observed(self, layers: Sequence[Routing], counted_T: Tensor | None) -> Tensor:
        """What the rule needs of one part of a batch beside the counts; sums over parts and processes, [L, E, B]."""
        if self.config.method != "quantile" or not self._biases:
            return torch.zeros(0)
        histograms = []
        for routing, bias_E in zip(layers, self._biases, strict=True):
            assert bias_E is not None
            histograms.append(required_bias_histogram(routing, bias_E, counted_T))
        return torch.stack(histograms)

    @torch.no_grad()
    def move(self, counts_LE: Tensor, observed_LEB: Tensor, top_k: int) -> None:
        """One step. `counts_LE` and `observed_LEB` are those of the whole batch."""
        for layer, bias_E in enumerate(self._biases):
            assert bias_E is not None
            if self.config.method == "bias":
                bias_E.copy_(moved_by_sign(bias_E, counts_LE[layer], self.config.bias_rate))
            elif top_k < len(bias_E):
                bias_E.copy_(solved_by_quantile(bias_E, observed_LEB[layer], top_k / len(bias_E)))


def moved_by_sign(bias_E: Tensor, counts_E: Tensor, rate: float) -> Tensor:
    """b + rate · sign(mean load - load), about a mean of 0 (arXiv 2408.15664, algorithm 1).

    A common shift chooses nobody; left alone it would grow until scores vanish beside it (torchtitan issue 1506).
    """
    moved_E = bias_E + rate * (counts_E.float().mean() - counts_E).sign()
    return moved_E - moved_E.mean()


def required_bias_histogram(routing: Routing, bias_E: Tensor, counted_T: Tensor | None = None) -> Tensor:
    """For each expert, how many tokens would need which bias to choose it: [E, B], over [min b - 1, max b + 1].

    A token chooses an expert whose biased score passes the best one left out, the (K+1)-th (Kimi K3 technical report,
    §2.3.3 and appendix D; Megatron-LM pull request 5349).
    """
    scores_TE = routing.scores_TE.detach() if counted_T is None else routing.scores_TE.detach()[counted_T]
    num_experts, top_k = scores_TE.shape[1], routing.expert_ids_TK.shape[1]
    if top_k == num_experts:
        return torch.zeros(num_experts, _NUM_BINS)
    cutoffs_T1 = (scores_TE + bias_E).topk(top_k + 1, dim=-1).values[:, -1:]
    low, width = _range(bias_E)
    bins_TE = ((cutoffs_T1 - scores_TE - low) / width * _NUM_BINS).long().clamp(0, _NUM_BINS - 1)
    places_TE = bins_TE + torch.arange(num_experts, device=bins_TE.device) * _NUM_BINS
    return places_TE.flatten().bincount(minlength=num_experts * _NUM_BINS).view(num_experts, _NUM_BINS).float()


def solved_by_quantile(bias_E: Tensor, histogram_EB: Tensor, share: float) -> Tensor:
    """The bias at which each expert would be chosen by `share` = K/E of the tokens, about a mean of 0."""
    low, width = _range(bias_E)
    cumulated_EB = histogram_EB.cumsum(-1)
    wanted_E1 = share * cumulated_EB[:, -1:]
    bins_E1 = torch.searchsorted(cumulated_EB, wanted_E1).clamp(max=_NUM_BINS - 1)
    inside_E1 = histogram_EB.gather(1, bins_E1).clamp(min=1e-20)
    before_E1 = cumulated_EB.gather(1, bins_E1) - inside_E1
    places_E = (bins_E1 + ((wanted_E1 - before_E1) / inside_E1).clamp(0, 1)).squeeze(1)
    solved_E = low + width * places_E / _NUM_BINS
    return solved_E - solved_E.mean()


def _range(bias_E: Tensor) -> tuple[Tensor, Tensor]:
    """Lower end and width of the biases that a token may require: scores lie in [0, 1]."""
    low = bias_E.min() - 1
    return low, bias_E.max() + 1 - low
