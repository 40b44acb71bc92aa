"""How well a model predicts documents that it does not learn from, and how evenly it uses its experts; changes nothing.

Legend: D domains, E experts, L sparse layers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from zaphod.model.transformer import Transformer
from zaphod.training import passes
from zaphod.training.balance import BalanceMetrics, balance_metrics, expert_counts
from zaphod.training.batches import Batch
from zaphod.training.domains import DomainPrior, joint_counts, mutual_information
from zaphod.training.pretraining_stream import PackedRows, Selection
from zaphod.training.steering import offsets


class Validation(NamedTuple):
    """One look at the held-out documents."""

    loss: float
    """Nats a token."""
    bits_per_byte: float
    """Of the text; comparable between vocabularies."""
    num_tokens: int
    layers: list[BalanceMetrics]
    information: list[float]
    """Of each sparse layer: I(domain; expert) in nats, without any prior."""

    @property
    def max_violation(self) -> float:
        """The worst layer's."""
        return max((layer.max_violation for layer in self.layers), default=0.0)

    @property
    def num_dead(self) -> int:
        """Over all layers."""
        return sum(layer.num_dead for layer in self.layers)


class Validator:
    """Held-out rows, always the same.

    Args:
        documents: the held-out ones.
        row_length: tokens of a row.
        num_rows: at most so many are used.
        domains: names by number.
    """

    _ROWS_PER_PART = 8

    def __init__(self, documents: Selection, row_length: int, num_rows: int, domains: Sequence[str] = ()) -> None:
        rows = PackedRows(documents, row_length=row_length, rows_per_part=1, num_parts=1, seed=0)
        num_rows = min(num_rows, rows.rows_per_epoch)
        self._parts: list[Batch] = []
        size = min(self._ROWS_PER_PART, num_rows)
        stream = PackedRows(documents, row_length=row_length, rows_per_part=size, num_parts=1, seed=0)
        self._parts = [parts[0] for parts in itertools.islice(stream.batches(), num_rows // size)]
        self.domains = list(domains)
        self._bytes_per_token = float(documents.num_bytes.sum() / documents.lengths.sum())

    @torch.no_grad()
    def __call__(self, model: Transformer, prior: DomainPrior | None = None) -> Validation:
        """Look at all rows; `prior` tells the model each document's domain."""
        was_training = model.training
        model.eval()
        try:
            return self._validation(model, prior)
        finally:
            model.train(was_training)

    def _validation(self, model: Transformer, prior: DomainPrior | None) -> Validation:
        loss_sum, num_tokens = 0.0, 0
        counts: list[Tensor] = []
        joints: list[Tensor] = []
        for part in self._parts:
            moved = offsets(part, 0, noise_std=0.0, prior=prior, seed=None)
            passed = passes.forward(model, part, moved)
            loss_sum += float(passed.loss_sum)
            num_tokens += len(part.rows_R)
            if passed.routing:
                counts.append(torch.stack([expert_counts(routing) for routing in passed.routing]))
                joints.append(
                    torch.stack(
                        [
                            self._joint(routing.expert_ids_TK, part, routing.logits_TE.shape[1])
                            for routing in passed.routing
                        ]
                    )
                )
        loss = loss_sum / num_tokens
        return Validation(
            loss,
            loss / math.log(2) / self._bytes_per_token,
            num_tokens,
            [balance_metrics(counts_E) for counts_E in torch.stack(counts).sum(0)] if counts else [],
            [mutual_information(joint_DE) for joint_DE in torch.stack(joints).sum(0)] if joints else [],
        )

    def _joint(self, expert_ids_TK: Tensor, part: Batch, num_experts: int) -> Tensor:
        assert part.domain_ids_T is not None
        return joint_counts(expert_ids_TK, part.domain_ids_T, max(1, len(self.domains)), num_experts)
