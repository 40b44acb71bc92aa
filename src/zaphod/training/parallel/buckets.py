"""Many tensors sent as a few long messages; knows tensors, their holders and groups of ranks, no model.

A holder is the one rank of a group that keeps a tensor up to date. Messages are all under way before the first is
waited for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from zaphod.training.gradient_sums import float32_sum
from zaphod.training.parallel.process_ranks import answered

_BUCKET_BYTES = 16 << 20


class Holder(NamedTuple):
    """Who holds a tensor among the ranks that have copies of it."""

    group: dist.ProcessGroup
    rank: int
    """In the whole run."""


def sums_at_holders(gradients: Mapping[str, Tensor], holders: Mapping[str, Holder], rank: int) -> dict[str, Tensor]:
    """Float32 sums over each tensor's group, of those that `rank` holds.

    Gradients go straight to their holder, in the type that they have: bfloat16 is half of what a reduction in float32
    would send, and the sums are the same.
    """
    alone, shared = _split(gradients, holders)
    sums = {name: float32_sum([gradient]) for name, gradient in alone.items()}
    sent: dict[dist.ProcessGroup, list[dist.P2POp]] = defaultdict(list)
    arriving: list[tuple[list[str], list[Tensor]]] = []
    with answered():
        for names in _buckets(shared, holders):
            holder, message = holders[names[0]], _joined(shared, names)
            if holder.rank != rank:
                sent[holder.group].append(dist.P2POp(dist.isend, message, holder.rank, holder.group))
                continue
            ranks = dist.get_process_group_ranks(holder.group)
            messages = {other: message if other == rank else torch.empty_like(message) for other in ranks}
            arriving.append((names, list(messages.values())))
            sent[holder.group] += [
                dist.P2POp(dist.irecv, messages[other], other, holder.group) for other in ranks if other != rank
            ]
        for work in [work for operations in sent.values() for work in dist.batch_isend_irecv(operations)]:
            work.wait()
    for names, parts in arriving:
        sums |= _parted(float32_sum(parts), names, shared)
    return sums


def copies_from_holders(tensors: Mapping[str, Tensor], holders: Mapping[str, Holder], rank: int) -> None:
    """Every tensor takes its holder's values, in place."""
    _, shared = _split(tensors, holders)
    under_way: list[tuple[list[str], Tensor, dist.Work | None]] = []
    with answered():
        for names in _buckets(shared, holders):
            holder, message = holders[names[0]], _joined(shared, names)
            work = dist.broadcast(message, holder.rank, group=holder.group, async_op=True)
            under_way.append((names, message, work))
        for names, message, work in under_way:
            if work is not None:
                work.wait()
            if holders[names[0]].rank != rank:
                for name, part in _parted(message, names, shared).items():
                    tensors[name].copy_(part)


def _split(tensors: Mapping[str, Tensor], holders: Mapping[str, Holder]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Those that one rank alone has, and those that several have."""
    alone = {name: tensor for name, tensor in tensors.items() if holders[name].group.size() == 1}
    return alone, {name: tensor for name, tensor in tensors.items() if name not in alone}


def _joined(tensors: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    return torch.cat([tensors[name].reshape(-1) for name in names])


def _parted(message: Tensor, names: Sequence[str], shapes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    pieces = torch.split(message, [shapes[name].numel() for name in names])
    return {name: piece.view_as(shapes[name]) for name, piece in zip(names, pieces, strict=True)}


def _buckets(tensors: Mapping[str, Tensor], holders: Mapping[str, Holder]) -> list[list[str]]:
    """Names that travel together, in an order that is the same on every rank."""
    alike: dict[tuple[int, int, torch.dtype], list[list[str]]] = defaultdict(list)
    filled: dict[tuple[int, int, torch.dtype], int] = {}
    for name in sorted(tensors):
        tensor, holder = tensors[name], holders[name]
        key = (holder.group.size(), holder.rank, tensor.dtype)
        if not alike[key] or filled[key] + tensor.nbytes > _BUCKET_BYTES:
            alike[key].append([])
            filled[key] = 0
        alike[key][-1].append(name)
        filled[key] += tensor.nbytes
    return [bucket for key in sorted(alike, key=str) for bucket in alike[key]]
