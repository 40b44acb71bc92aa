"""One training step, from the parts of a batch to new weights; knows no schedule, no clock and no files.

Forward passes of all parts come first, then the sums that belong to the whole batch (targets, expert loads), then the
backward passes: the parts' graphs stand in memory together.

Legend: L sparse layers, E experts, B bins of required biases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from zaphod.model.experts import SparseBlock
from zaphod.model.transformer import Transformer
from zaphod.training import passes
from zaphod.training.balance import BalanceConfig, expert_counts
from zaphod.training.batches import Batch
from zaphod.training.domains import DomainPrior
from zaphod.training.gradient_sums import float32_sum, sum_of_squares
from zaphod.training.optimiser import Optimiser
from zaphod.training.parallel.deal import Gradients
from zaphod.training.passes import Passed
from zaphod.training.selection_bias import SelectionBiases
from zaphod.training.spikes import SpikeWatch
from zaphod.training.steering import offsets


class Outcome(NamedTuple):
    """What one step came to, over all processes."""

    loss: float
    gradient_norm: float
    skipped: str | None
    counts_LE: Tensor
    """Assignments per sparse layer and expert; [0, 0] without experts."""
    num_dropped: int
    """Assignments that found no place."""
    max_rows: int


class Stepper:
    """Computes and applies steps.

    Args:
        model, optimiser: see `training.loop.Trainer`.
        balance: how experts are kept busy.
        watch: which steps are not learnt from.
        prior: of the documents' domains.
        seed: of the noise on the routers.
        num_threads: that update weights side by side.
    """

    def __init__(
        self,
        model: Transformer,
        optimiser: Optimiser,
        balance: BalanceConfig,
        watch: SpikeWatch,
        prior: DomainPrior | None = None,
        seed: int = 0,
        num_threads: int = 1,
    ) -> None:
        self.model, self.optimiser, self.balance, self.watch = model, optimiser, balance, watch
        self.prior, self.seed, self.num_threads = prior, seed, num_threads
        self.deal, self.ranks = optimiser.deal, optimiser.deal.ranks
        self.biases = SelectionBiases(model, balance)
        self._blocks = [module for module in model.modules() if isinstance(module, SparseBlock)]
        for block in self._blocks:
            block.capacity_factor = balance.capacity_factor

    def __call__(self, step: int, parts: Sequence[Batch], rate_share: float, workers: ThreadPoolExecutor) -> Outcome:
        """Take step number `step`.

        Raises:
            ZaphodError: too many steps in a row were no finite numbers.
        """
        mine = self.ranks.share(list(enumerate(parts)))
        passed = list(workers.map(lambda numbered: self._forward(step, *numbered), mine))
        counts_LE, num_dropped = self._counts(passed)
        num_targets = sum(len(part.rows_R) for part in parts)
        gradients = self._gradients(passed, num_targets, counts_LE, workers)
        loss, gradient_norm = self._loss_and_norm(passed, gradients, num_targets, workers)
        skipped = self.watch.reason_to_skip(loss, gradient_norm)
        if skipped is None:
            self._update(gradients, gradient_norm, rate_share, workers)
            self._move_biases(passed, counts_LE)
        return Outcome(loss, gradient_norm, skipped, counts_LE, num_dropped, self.deal.max_rows())

    def _forward(self, step: int, number: int, part: Batch) -> Passed:
        num_experts = len(self._blocks[0].router.weight) if self._blocks else 0
        seed = f"{self.seed}/{step}/{number}"
        moved = offsets(part, num_experts, noise_std=self.balance.noise_std, prior=self.prior, seed=seed)
        return passes.forward(self.model, part, moved)

    def _counts(self, passed: Sequence[Passed]) -> tuple[Tensor, int]:
        """Assignments per sparse layer and expert over all parts of all processes, [L, E]; how many were dropped."""
        if not passed[0].routing:
            return torch.zeros(0, 0, dtype=torch.int64), 0
        of_parts = [torch.stack([expert_counts(r, p.part.counted_T) for r in p.routing]) for p in passed]
        dropped = torch.zeros((), dtype=torch.int64)
        if self.balance.capacity_factor is not None:
            for part in passed:
                capacity = self._blocks[0].capacity(len(part.part.token_ids_T))
                assert capacity is not None
                loads_LE = torch.stack([expert_counts(routing) for routing in part.routing])
                dropped += (loads_LE - capacity).clamp(min=0).sum()
        return self.ranks.totals(torch.stack(of_parts).sum(0)), int(self.ranks.totals(dropped))

    def _gradients(
        self, passed: Sequence[Passed], num_targets: int, counts_LE: Tensor, workers: ThreadPoolExecutor
    ) -> Gradients:
        """Of the whole step's loss, float32, of the parameters that this process holds."""

        def of_part(part: Passed) -> Gradients:
            loss = passes.loss_share(part, num_targets, counts_LE, self.balance)
            if self.prior is not None and part.part.domain_ids_T is not None and part.routing:
                num_tokens = int(counts_LE[0].sum()) // part.routing[0].expert_ids_TK.shape[1]
                loss = loss + self.prior.teaching_term(part.routing, part.part.domain_ids_T, num_tokens)
            return self.deal.gradients(loss)

        of_parts = list(workers.map(of_part, passed))
        if len(of_parts) == 1:
            return self.deal.reduced(of_parts[0])

        def summed(name: str) -> Tensor:
            return float32_sum([part[name] for part in of_parts])

        return self.deal.reduced(dict(zip(of_parts[0], workers.map(summed, of_parts[0]), strict=True)))

    def _loss_and_norm(
        self, passed: Sequence[Passed], gradients: Gradients, num_targets: int, workers: ThreadPoolExecutor
    ) -> tuple[float, float]:
        """Mean loss of a target and norm of the gradients, over all processes."""
        loss_sum = torch.stack([part.loss_sum.detach() for part in passed]).sum().double()
        squares = torch.stack(list(workers.map(sum_of_squares, gradients.values()))).sum().double()
        loss_sum, squares = self.ranks.totals(torch.stack([loss_sum, squares]))
        return float(loss_sum) / num_targets, math.sqrt(squares) if squares >= 0 else math.nan

    def _update(
        self, gradients: Gradients, gradient_norm: float, rate_share: float, workers: ThreadPoolExecutor
    ) -> None:
        scale = self.optimiser.begin_step(gradient_norm)
        shares = self._shares_of_work()
        list(workers.map(lambda s: self.optimiser.update(s, gradients, scale=scale, rate_share=rate_share), shares))
        self.deal.publish()

    def _move_biases(self, passed: Sequence[Passed], counts_LE: Tensor) -> None:
        if not self.balance.moves_bias:
            return
        observed = torch.stack([self.biases.observed(part.routing, part.part.counted_T) for part in passed]).sum(0)
        top_k = passed[0].routing[0].expert_ids_TK.shape[1]
        self.biases.move(counts_LE, self.ranks.totals(observed), top_k)

    def _shares_of_work(self) -> list[list[str]]:
        """Parameter names dealt out by size, so that every thread updates about as many numbers."""
        sizes = {name: math.prod(self.deal.whole_shape(name)) for name in self.optimiser.masters}
        shares: list[list[str]] = [[] for _ in range(self.num_threads)]
        for name in sorted(sizes, key=lambda name: -sizes[name]):
            min(shares, key=lambda share: sum(sizes[n] for n in share)).append(name)
        return shares
