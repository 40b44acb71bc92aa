"""A layer's experts dealt over ranks: tokens travel to the experts they chose and back; knows one layer.

The stacks of a rank are always in the graph, so an expert that no token chose has a gradient of zeros, and every rank
takes part in every exchange even if it has nothing to send. Legend: T tokens of this rank, D width, E experts of this
rank, K experts chosen per token, A assignments of this rank's tokens (T times K), P rows that this rank computes,
N ranks.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from zaphod.compute.kernels.reference import Routing
from zaphod.core.errors import ConfigError
from zaphod.model.experts import Experts
from zaphod.model.low_rank import TokenAdapters
from zaphod.training.parallel.process_ranks import answered


class DealtExperts(Experts):
    """The experts [rank·E, (rank+1)·E) of a layer; computes like the whole layer.

    Args:
        whole: the layer's experts; this rank's are copied out of it.
        group: the ranks they are dealt to.
    """

    def __init__(self, whole: Experts, group: dist.ProcessGroup) -> None:
        nn.Module.__init__(self)
        plain = {name: value for name, value in vars(whole).items() if not name.startswith("_") and name != "training"}
        vars(self).update(plain)
        self.num_rows = 0
        """Rows computed since somebody set this to 0."""
        self._group, self._num_ranks = group, group.size()
        for name, stack in whole.named_parameters():
            piece = stack.detach().chunk(self._num_ranks)[group.rank()].clone()
            setattr(self, name, nn.Parameter(piece, requires_grad=stack.requires_grad))

    def forward(self, x_TD: Tensor, routing: Routing, adapters: TokenAdapters | None = None) -> Tensor:
        """Weighted sum of the chosen experts' outputs, [T, D]."""
        if adapters is not None:
            raise ConfigError("Adapters were given to experts that are dealt over ranks.", "Deal them over one rank.")
        num_tokens, num_chosen = routing.expert_ids_TK.shape
        ids_A = routing.expert_ids_TK.reshape(-1)
        order_A = ids_A.argsort(stable=True)
        sent_NE = ids_A.bincount(minlength=len(self.gate) * self._num_ranks).view(self._num_ranks, -1)
        received_NE = self._told(sent_NE)
        sent, received = sent_NE.sum(1).tolist(), received_NE.sum(1).tolist()
        x_PD = exchange(x_TD[order_A // num_chosen], sent, received, self._group)
        y_PD = self._computed(x_PD, received_NE)
        y_AD = exchange(y_PD, received, sent, self._group)
        y_TKD = y_AD[order_A.argsort()].view(num_tokens, num_chosen, x_TD.shape[1])
        return (y_TKD.float() * routing.weights_TK[:, :, None]).sum(1).to(x_TD.dtype)

    def _computed(self, x_PD: Tensor, received_NE: Tensor) -> Tensor:
        """The outputs of this rank's experts for the rows that came."""
        num_rows = len(x_PD)
        self.num_rows += num_rows
        if num_rows == 0:  # kernels are spared the empty case; the row is no one's, and no gradient comes back to it
            x_PD, received_NE = F.pad(x_PD, (0, 0, 0, 1)), F.one_hot(received_NE.new_zeros(1), received_NE.shape[1])
        y_PD: Tensor = super().forward(x_PD, _as_one_choice(received_NE))
        return y_PD[:num_rows]

    def _told(self, sent_NE: Tensor) -> Tensor:
        """How many rows each rank sends for each expert of this one."""
        received_NE = torch.empty_like(sent_NE)
        with answered():
            dist.all_to_all_single(received_NE, sent_NE, group=self._group)
        return received_NE


def _as_one_choice(received_NE: Tensor) -> Routing:
    """Every row has one expert and the weight 1: the sender weighs."""
    experts_NE = torch.arange(received_NE.shape[1], device=received_NE.device).expand_as(received_NE)
    ids_P1 = experts_NE.flatten().repeat_interleave(received_NE.flatten())[:, None]
    scores_PE = torch.zeros(len(ids_P1), received_NE.shape[1], device=ids_P1.device)
    return Routing(scores_PE, scores_PE, ids_P1, torch.ones_like(ids_P1, dtype=torch.float32))


def exchange(rows_AD: Tensor, sent: list[int], received: list[int], group: dist.ProcessGroup) -> Tensor:
    """Send the first `sent[0]` rows to rank 0 and so on; what came from rank 0 is first in the result.

    Gradients travel back the same way.
    """
    out: Tensor = _Exchange.apply(rows_AD, sent, received, group)  # type: ignore[no-untyped-call]
    return out


class _Exchange(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, sent: list[int], received: list[int], group: dist.ProcessGroup) -> Tensor:
        ctx.sent, ctx.received, ctx.group = sent, received, group
        return _exchanged(rows, sent, received, group)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return _exchanged(gradients[0], ctx.received, ctx.sent, ctx.group), None, None, None


def _exchanged(rows: Tensor, sent: list[int], received: list[int], group: dist.ProcessGroup) -> Tensor:
    out = rows.new_empty(sum(received), *rows.shape[1:])
    with answered():
        dist.all_to_all_single(out, rows.contiguous(), received, sent, group=group)
    return out
