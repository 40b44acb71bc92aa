"""How well documents are known that are not learnt from; knows no optimiser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from zaphod.model.transformer import Transformer
from zaphod.training.adaptation.encoding import Sample
from zaphod.training.adaptation.packing import pack
from zaphod.training.batches import GroupedSequences


class HeldOut(NamedTuple):
    """Measured on documents that are not learnt from."""

    loss: float
    """Mean negative log-likelihood of a learnt token, in nats."""
    exact: float
    """Share of documents of which every learnt token is the likeliest: what greedy decoding would get wholly right."""


@torch.no_grad()
def measure_held_out(network: Transformer, samples: Sequence[Sample], tokens_per_part: int) -> HeldOut:
    """Measure without dropout; the network is left in the mode it was in."""
    was_training = network.training
    network.eval()
    loss_sum, num_targets, num_exact = 0.0, 0, 0
    for part in _parts(samples, tokens_per_part):
        # The documents in the order in which they are packed, so that rows can be told apart.
        ordered = sorted(part, key=lambda sample: len(sample.token_ids))
        batch = pack(ordered)
        kept = GroupedSequences(batch.groups)
        logits_RV = network(batch.token_ids_T, batch.positions_T, kept, rows_R=batch.rows_R)
        loss_sum += float(F.cross_entropy(logits_RV, batch.targets_R, reduction="sum"))
        num_targets += len(batch.targets_R)
        is_right_R = logits_RV.argmax(-1) == batch.targets_R
        num_exact += sum(bool(right.all()) for right in is_right_R.split([sum(s.is_learnt) for s in ordered]))
    network.train(was_training)
    return HeldOut(loss_sum / max(1, num_targets), num_exact / max(1, len(samples)))


def _parts(samples: Sequence[Sample], tokens_per_part: int) -> Iterator[list[Sample]]:
    part: list[Sample] = []
    for sample in samples:
        part.append(sample)
        if sum(len(one.token_ids) for one in part) >= tokens_per_part:
            yield part
            part = []
    if part:
        yield part
