"""Many tensors sent as a few long messages; knows tensors, their holders and groups of ranks, no model.

A holder is the one rank of a group that keeps a tensor up to date. Messages are all under way before the first is
waited for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from zaphod.training.parallel.process_ranks import answered

_BUCKET_BYTES = 16 << 20


class Holder(NamedTuple):
    """Who holds a tensor among the ranks that have copies of it."""

    group: dist.ProcessGroup
    rank: int
    """In the whole run."""


def sums_at_holders(gradients: Mapping[str, Tensor], holders: Mapping[str, Holder], rank: int) -> dict[str, Tensor]:
    """Float32 sums over each tensor's group, of those that `rank` holds."""

    def send(message: Tensor, holder: Holder) -> dist.Work | None:
        work: dist.Work | None = dist.reduce(message, holder.rank, group=holder.group, async_op=True)
        return work

    whole = {name: gradient.float() for name, gradient in gradients.items()}
    return {name: part for name, part in _sent(whole, holders, send) if holders[name].rank == rank}


def copies_from_holders(tensors: Mapping[str, Tensor], holders: Mapping[str, Holder], rank: int) -> None:
    """Every tensor takes its holder's values, in place."""

    def send(message: Tensor, holder: Holder) -> dist.Work | None:
        work: dist.Work | None = dist.broadcast(message, holder.rank, group=holder.group, async_op=True)
        return work

    for name, part in _sent(tensors, holders, send):
        if holders[name].rank != rank:
            tensors[name].copy_(part)


def _sent(
    tensors: Mapping[str, Tensor], holders: Mapping[str, Holder], send: Callable[[Tensor, Holder], dist.Work | None]
) -> Iterator[tuple[str, Tensor]]:
    """Send tensors, those of one holder and one dtype together; give each back as it arrives."""
    shared = {name: tensor for name, tensor in tensors.items() if holders[name].group.size() > 1}
    under_way: list[tuple[list[str], Tensor, dist.Work | None]] = []
    with answered():
        for names in _buckets(shared, holders):
            message = torch.cat([tensors[name].reshape(-1) for name in names])
            under_way.append((names, message, send(message, holders[names[0]])))
        yield from ((name, tensor) for name, tensor in tensors.items() if name not in shared)
        for names, message, work in under_way:
            if work is not None:
                work.wait()
            start = 0
            for name in names:
                size = tensors[name].numel()
                yield name, message[start : start + size].view_as(tensors[name])
                start += size


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
