"""Parameters cut over ranks by their first dimension and gathered layer by layer; knows FSDP2, not optimisers.

What decides something or is tiny (norms, biases, routers) is not cut: every rank has it, in float32 where the model
has it so. Matrices are float32 where they are held, and travel and compute in bfloat16 if the model's were bfloat16.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method

from zaphod.model.transformer import Layer, Transformer
from zaphod.training.parallel.process_ranks import ProcessRanks, answered


def shard(model: Transformer, ranks: ProcessRanks) -> None:
    """Shard every layer's matrices, and what lies around the layers, over all ranks; dealt experts over their copies.

    The sums of gradients are sums, not means: the loss is divided by the batch's number of targets already.
    """
    compute_dtype = model.embedding.weight.dtype
    copied = _not_cut(model, ranks)
    for parameter in set(model.parameters()) - copied:
        parameter.data = parameter.data.float()
    policy = MixedPrecisionPolicy(
        param_dtype=compute_dtype, reduce_dtype=torch.float32, cast_forward_inputs=False, output_dtype=None
    )

    def wrap(module: nn.Module, mesh: DeviceMesh) -> None:
        wrapped = fully_shard(module, mesh=mesh, mp_policy=policy, ignored_params=copied)
        assert isinstance(wrapped, FSDPModule)
        wrapped.set_force_sum_reduction_for_comms(True)
        wrapped.set_gradient_divide_factor(1.0)
        module.register_forward_pre_hook(_hide_lists, prepend=True, with_kwargs=True)
        module.register_forward_pre_hook(_show_lists, with_kwargs=True)

    for layer in model.layers:
        assert isinstance(layer, Layer)
        if layer.moe is not None and ranks.config.expert_ranks > 1 and ranks.mesh["copies"].size() > 1:
            wrap(layer.moe.experts, ranks.mesh["copies"])
        wrap(layer, ranks.world)
    wrap(model, ranks.world)
    _gather_for(model, "loss")


def _not_cut(model: Transformer, ranks: ProcessRanks) -> set[nn.Parameter]:
    """What each of its ranks has whole: the small parameters, and dealt experts that have no copies."""
    dealt_once = 1 < ranks.config.expert_ranks == ranks.size
    return {
        parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim < 2 or ".router." in name or (dealt_once and ".experts." in name)
    }


def _gather_for(model: nn.Module, method: str) -> None:
    """Make FSDP gather for another method of the model than `forward`."""
    plain = getattr(model, method)

    def shown(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = _show_lists(model, args, kwargs)
        return plain(*args, **kwargs)

    setattr(model, method, shown)
    register_fsdp_forward_method(model, method)
    gathering = getattr(model, method)

    def hidden(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = _hide_lists(model, args, kwargs)
        return gathering(*args, **kwargs)

    setattr(model, method, hidden)


class _Hidden:
    """A list that FSDP does not see."""

    def __init__(self, content: list[Any]) -> None:
        self.content = content


def _hide_lists(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Before FSDP looks at a module's arguments: it would copy lists, and what the module appends would be lost."""
    hidden = {name: _Hidden(value) if isinstance(value, list) else value for name, value in kwargs.items()}
    return tuple(_Hidden(value) if isinstance(value, list) else value for value in args), hidden


def _show_lists(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    shown = {name: value.content if isinstance(value, _Hidden) else value for name, value in kwargs.items()}
    return tuple(value.content if isinstance(value, _Hidden) else value for value in args), shown


def gathered_rows(piece: Tensor, num_rows: int, group: dist.ProcessGroup) -> Tensor:
    """All rows of a matrix whose ranks have `ceil(num_rows / ranks)` each, the last ones fewer or none."""
    rows_each = -(-num_rows // group.size())
    padded = F.pad(piece, (0, 0, 0, rows_each - len(piece)))
    pieces = [torch.empty_like(padded) for _ in range(group.size())]
    with answered():
        dist.all_gather(pieces, padded.contiguous(), group=group)
    return torch.cat(pieces)[:num_rows]


def own_rows(whole: Tensor, group: dist.ProcessGroup) -> Tensor:
    """This rank's rows of `gathered_rows`."""
    rows_each = -(-len(whole) // group.size())
    return whole[group.rank() * rows_each : (group.rank() + 1) * rows_each]
