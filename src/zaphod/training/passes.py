"""One part of a batch through the model: its loss and routing, then its share of the batch's loss; knows no steps.

In between, the loop sums the experts' loads over all parts, because the auxiliary loss is one of the whole batch.

Legend: T tokens, R rows that are learnt, V vocabulary, L sparse layers, E experts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor

from zaphod.compute.kernels.reference import Routing
from zaphod.model.transformer import Transformer
from zaphod.training.balance import BalanceConfig, router_loss
from zaphod.training.batches import Batch, GroupedSequences
from zaphod.training.steering import Offsets


class Passed(NamedTuple):
    """A part after its forward pass; the graph hangs on it."""

    part: Batch
    loss_sum: Tensor
    """Negative log-likelihood of all targets, in nats."""
    routing: list[Routing]
    """Of each sparse layer."""


def forward(model: Transformer, part: Batch, offsets: Offsets | None = None) -> Passed:
    """The part's summed loss and its routing; `offsets` move the choice of experts."""
    routing: list[Routing] = []
    device = model.embedding.weight.device
    there: dict[str, Any] = {name: x.to(device) for name, x in part._asdict().items() if isinstance(x, Tensor)}
    part = part._replace(**there)
    kept = GroupedSequences(part.groups)
    told = (part.token_ids_T, part.positions_T, kept, part.rows_R, part.targets_R)
    return Passed(part, model.loss(*told, routing=routing, offsets=offsets), routing)


def loss_share(passed: Passed, num_targets: int, counts_LE: Tensor, balance: BalanceConfig) -> Tensor:
    """What this part adds to the whole batch's loss, the router's losses included.

    Args:
        passed: what `forward` gave.
        num_targets: of the whole batch.
        counts_LE: assignments per layer and expert, of the whole batch.
        balance: weights of the router's losses.
    """
    loss = passed.loss_sum / num_targets
    if passed.routing:
        loss = loss + router_loss(passed.routing, counts_LE, balance, passed.part.counted_T)
    return loss
