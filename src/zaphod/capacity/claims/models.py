"""What models hold and weigh, as claims ask for it (F1, F2, F6, F7); knows no speeds and no prices."""

from __future__ import annotations

import dataclasses

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.claims.registry import named
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.inference import memory_use
from zaphod.capacity.memory.precisions import weight_bytes
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.capacity.timing.coverage import distinct_experts
from zaphod.core.errors import CapacityError
from zaphod.model.presets import PRESETS


def _shape(model: str, matrices: int | None = None, width: int | None = None) -> ModelShape:
    """A model, or what it would be with other experts."""
    shape = read_shape(model)
    if matrices is None and width is None:
        return shape
    layers = tuple(
        dataclasses.replace(
            layer,
            num_matrices=matrices or layer.num_matrices,
            experts=layer.experts and dataclasses.replace(layer.experts, width=width or layer.experts.width),
        )
        for layer in shape.layers
    )
    return dataclasses.replace(shape, layers=layers)


@named
def parameters(model: str, matrices: int | None = None, width: int | None = None) -> float:
    """F1."""
    return float(_shape(model, matrices, width).total_parameters)


@named
def active(model: str) -> float:
    """F2."""
    return float(read_shape(model).active_parameters)


@named
def active_share(model: str) -> float:
    """F2 over F1: of the parameters, and of the operations beside a dense model of that size."""
    shape = read_shape(model)
    return shape.active_parameters / shape.total_parameters


@named
def active_of(model: str, num_experts: int, top_k: int) -> float:
    """F2 of a model of that size whose experts were cut finer."""
    shape = read_shape(model)
    return shape.total_parameters - shape.expert_parameters * (1 - top_k / num_experts)


@named
def expert_matrices(model: str) -> float:
    """Of each expert."""
    return float(read_shape(model).layers[-1].num_matrices)


@named
def expert_form(model: str) -> str:
    """Whether experts have a gate, and which function bends it."""
    gate = "gated" if read_shape(model).layers[-1].num_matrices == 3 else "ungated"
    return f"{gate} {PRESETS[model].config.activation.partition('_')[0].upper()}"


@named
def expert_width(model: str) -> float:
    """Of each expert."""
    experts = read_shape(model).layers[-1].experts
    assert experts is not None, model
    return float(experts.width)


@named
def width_ratio(model: str) -> float:
    """Width of an expert over the model's."""
    return expert_width(model) / read_shape(model).hidden_size


@named
def sparse_layers(model: str) -> str:
    """How many layers have experts."""
    shape = read_shape(model)
    return "all layers" if shape.num_sparse_layers == shape.num_layers else "some layers"


@named
def vocabulary(model: str) -> float:
    """Tokens."""
    return float(read_shape(model).vocab_size)


@named
def touched_share(model: str, batch: int) -> float:
    """F7: of the experts' bytes, read in a step of so many tokens."""
    experts = read_shape(model).layers[-1].experts
    assert experts is not None, model
    return distinct_experts(experts.num_experts, experts.top_k, batch) / experts.num_experts


@named
def less_to_read(model: str, batch: int) -> float:
    """F7: how many times fewer bytes of experts than all of them."""
    return 1 / touched_share(model, batch)


@named
def fewer_operations(model: str) -> float:
    """F2: how many times fewer than a dense model of that size."""
    return 1 / active_share(model)


@named
def bytes_at(model: str, bits: float) -> float:
    """F1 times bits, scales left out."""
    return read_shape(model).total_parameters * bits / 8


@named
def stored_bytes(model: str, precision_name: str) -> float:
    """F6: with scales, and with what stays in a wider format."""
    return weight_bytes(read_shape(model), precision_name)


@named
def shrinking(model: str, precision_name: str) -> float:
    """F6: how many times smaller than in bfloat16."""
    shape = read_shape(model)
    return weight_bytes(shape, "bf16") / weight_bytes(shape, precision_name)


@named
def kv_bytes(model: str, tokens: int, bits: float = 16, kv_heads: int | None = None) -> float:
    """F6: of one sequence; with another number of key and value heads where given."""
    shape = read_shape(model)
    heads = kv_heads / shape.num_kv_heads if kv_heads else 1.0
    return shape.kv_values_at(tokens) * heads * bits / 8


@named
def kv_saving(model: str) -> float:
    """F6: beside a key and value head for each query head."""
    attention = read_shape(model).layers[-1].attention
    return 1 - attention.num_kv_heads / attention.num_heads


def replica_of(model: str, device: str, devices: int, precision_name: str, utilisation: float = 0.9) -> Replica:
    """One copy over tensor-parallel devices."""
    return Replica(
        shape=read_shape(model),
        accelerator=accelerator(device),
        layout=Layout(tensor=devices),
        precision=precision_name,
        memory_utilisation=utilisation,
    )


@named
def fits(
    model: str, device: str, devices: int, precision_name: str, utilisation: float = 0.9, tokens: int = 8192
) -> str:
    """F6: whether weights, overhead and the caches of so many tokens go in."""
    try:
        use = memory_use(replica_of(model, device, devices, precision_name, utilisation))
    except CapacityError:
        return "does not fit"
    return "fits" if use.kv_tokens >= tokens else "does not fit"
