"""The loss on documents that are not learnt from; knows no optimiser."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from zaphod.model.transformer import Transformer
from zaphod.training.adaptation.encoding import Sample
from zaphod.training.adaptation.packing import pack
from zaphod.training.passes import forward


@torch.no_grad()
def held_out_loss(network: Transformer, samples: Sequence[Sample], tokens_per_part: int) -> float:
    """Mean negative log-likelihood of a learnt token, in nats, without dropout."""
    was_training = network.training
    network.eval()
    loss_sum, num_targets, part, size = 0.0, 0, list[Sample](), 0
    for place, sample in enumerate(samples):
        part.append(sample)
        size += len(sample.token_ids)
        if size >= tokens_per_part or place == len(samples) - 1:
            batch = pack(part)
            loss_sum += float(forward(network, batch).loss_sum)
            num_targets += len(batch.targets_R)
            part, size = [], 0
    network.train(was_training)
    return loss_sum / max(1, num_targets)
