"""A model dealt over the ranks that train it; knows parameters and groups of ranks, not losses nor batches.

Three ways, and their combinations: copies (every rank computes with all parameters), experts dealt over ranks, and
parameters sharded over ranks and gathered layer by layer (FSDP2). In each, every number is held by exactly one rank;
masters and moments exist there alone. Muon needs whole matrices: stacks are cut between experts, never through one,
and the few other matrices that are sharded are gathered for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Shard

from zaphod.core.errors import ConfigError
from zaphod.model.transformer import Layer, Transformer
from zaphod.training.parallel.buckets import Holder, copies_from_holders, sums_at_holders
from zaphod.training.parallel.deal import Gradients
from zaphod.training.parallel.dealt_experts import DealtExperts
from zaphod.training.parallel.process_ranks import ProcessRanks, answered
from zaphod.training.parallel.sharding import gathered_rows, own_rows, shard


class _Place(NamedTuple):
    """Where a parameter's numbers are."""

    whole_shape: tuple[int, ...]
    mesh: DeviceMesh | None
    """Over which the first dimension is cut, by each dimension of the mesh in turn; None if this rank has all of it."""


class DealtModel:
    """See `training.parallel.deal.Deal`.

    Args:
        model: with its first weights, the same on every rank, as `optimiser.in_half_precision` leaves it or float32
            throughout; it is changed in place.
        ranks: the processes of the run, with the way the model is dealt to them.
    """

    def __init__(self, model: Transformer, ranks: ProcessRanks) -> None:
        self.ranks = ranks
        self.model = model.to(ranks.device)
        shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
        self._experts = _deal_experts(model, ranks) if ranks.config.expert_ranks > 1 else []
        if ranks.config.parameters == "sharded":
            shard(model, ranks)
        self._trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._places = {name: _Place(shapes[name], self._mesh(name)) for name in self._trained}
        self._holders = self._dealt_copies()

    def held(self) -> dict[str, Tensor]:
        held: dict[str, Tensor] = {}
        for name, parameter in self._trained.items():
            if isinstance(parameter, DTensor):
                held[name] = parameter.to_local().detach()
            elif self._holders[name].rank == self.ranks.rank:
                held[name] = parameter.detach()
        return held

    def gradients(self, loss: Tensor) -> Gradients:
        counted = [experts.num_rows for experts in self._experts]
        gradients = self._backward(loss)
        for experts, num_rows in zip(self._experts, counted, strict=True):
            experts.num_rows = num_rows  # activations that were computed again are no new rows
        return gradients

    def _backward(self, loss: Tensor) -> Gradients:
        if self.ranks.config.parameters == "copied":
            return dict(zip(self._trained, torch.autograd.grad(loss, list(self._trained.values())), strict=True))
        with answered():
            loss.backward()  # type: ignore[no-untyped-call]
        gradients: Gradients = {}
        for name, parameter in self._trained.items():
            gradient, parameter.grad = parameter.grad, None
            assert gradient is not None, name
            gradients[name] = gradient.to_local() if isinstance(gradient, DTensor) else gradient
        return gradients

    def reduced(self, gradients: Gradients) -> Gradients:
        copied = {name: gradients[name] for name in self._holders}
        sums = sums_at_holders(copied, self._holders, self.ranks.rank)
        return sums | {name: gradients[name].float() for name in gradients if name not in self._holders}

    def whole_shape(self, name: str) -> tuple[int, ...]:
        return self._places[name].whole_shape

    def whole(self, name: str, piece: Tensor) -> Tensor:
        place = self._places[name]
        if place.mesh is None or len(place.whole_shape) > 2:
            return piece
        return gathered_rows(piece, place.whole_shape[0], place.mesh.get_group())

    def piece(self, name: str, whole: Tensor) -> Tensor:
        place = self._places[name]
        if place.mesh is None or len(place.whole_shape) > 2:
            return whole
        return own_rows(whole, place.mesh.get_group())

    def publish(self) -> None:
        copied = {name: self._trained[name].detach() for name in self._holders}
        copies_from_holders(copied, self._holders, self.ranks.rank)

    def described(self, pieces: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: self._described(self._places[name], piece) for name, piece in pieces.items()}

    def max_rows(self) -> int:
        num_rows = sum(experts.num_rows for experts in self._experts)
        for experts in self._experts:
            experts.num_rows = 0
        return int(self.ranks.maxima(torch.tensor(num_rows))) if self._experts else 0

    def _mesh(self, name: str) -> DeviceMesh | None:
        is_sharded = isinstance(self._trained[name], DTensor)
        if self._experts and ".experts." in name:
            return self.ranks.mesh if is_sharded else self.ranks.mesh["experts"]
        return self.ranks.world if is_sharded else None

    def _described(self, place: _Place, piece: Tensor) -> Tensor:
        if place.mesh is None:
            return piece
        shape = torch.Size(place.whole_shape)
        stride = torch.empty(shape, device="meta").stride()
        cuts = [Shard(0)] * place.mesh.ndim
        return DTensor.from_local(piece, place.mesh, cuts, run_check=False, shape=shape, stride=stride)

    def _dealt_copies(self) -> dict[str, Holder]:
        """Each copied parameter goes to that rank of its group which holds the fewest numbers so far."""
        held: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
        holders: dict[str, Holder] = {}
        copied = [name for name, parameter in self._trained.items() if not isinstance(parameter, DTensor)]
        for name in sorted(copied, key=lambda name: (-self._trained[name].numel(), name)):
            group = self._copies(name)
            members = dist.get_process_group_ranks(group)
            load = held[tuple(members)] or dict.fromkeys(members, 0)
            held[tuple(members)] = load
            holder = min(members, key=lambda rank: (load[rank], rank))
            load[holder] += self._trained[name].numel()
            holders[name] = Holder(group, holder)
        return holders

    def _copies(self, name: str) -> dist.ProcessGroup:
        """The ranks that compute with the same numbers."""
        dealt = self._experts and ".experts." in name
        return self.ranks.mesh.get_group("copies") if dealt else self.ranks.world.get_group()


def _deal_experts(model: Transformer, ranks: ProcessRanks) -> list[DealtExperts]:
    dealt: list[DealtExperts] = []
    for layer in model.layers:
        assert isinstance(layer, Layer)
        if layer.moe is None:
            continue
        num_experts, num_ranks = len(layer.moe.experts.gate), ranks.config.expert_ranks
        if num_experts % num_ranks:
            raise ConfigError(
                f"A layer has {num_experts} experts, to be dealt over {num_ranks} ranks.",
                "Every rank gets as many experts as every other.",
                f"Set expert_ranks to a divisor of {num_experts}.",
            )
        layer.moe.experts = DealtExperts(layer.moe.experts, ranks.mesh.get_group("experts"))
        dealt.append(layer.moe.experts)
    if not dealt:
        raise ConfigError(
            "The model has no experts to deal over ranks.",
            "Experts are dealt in models that have some.",
            "Set expert_ranks to 1.",
        )
    return dealt
