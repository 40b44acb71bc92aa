"""What a training step is asked to do, and the constants of the software that does it; knows no formulas."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.catalogue.sources import find
from zaphod.capacity.estimate import RefusedError
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.core.errors import ConfigError

_COARSE_WIDTH = 8192
"""Experts this wide make products as large as those of dense models."""

Recompute = Literal["none", "selective", "full"]
Attention = Literal["causal", "full"]


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """One optimiser step."""

    global_batch: int
    """Sequences of one step, of all devices together."""
    sequence_length: int
    micro_batch: int = 1
    """Sequences that one group of tensor- and context-parallel devices computes at once."""
    precision: str = "bf16"
    """Of the large matrices' products: `bf16` or `fp8`. Attention, the head and the router stay bfloat16."""
    recompute: Recompute = "none"
    """What the backward pass computes again: nothing, attention (Megatron) or every other product (torchtitan), all."""
    stack: str = "megatron"
    """A name of `training.toml`."""
    expert_tensor: int = 1
    """Devices that one expert's matrices are split over."""
    older_software: bool = False
    """Older than what the constants were fitted on: slower by an unknown amount, which the interval holds."""
    deduplicates: bool = True
    """A token is sent once to each node that has one of its experts (DeepEP), not once to each expert."""

    def __post_init__(self) -> None:
        for name in ("global_batch", "sequence_length", "micro_batch", "expert_tensor"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", f"Raise {name}.")
        if self.recompute not in ("none", "selective", "full"):
            raise ConfigError(f"recompute is {self.recompute!r}.", "Known are none, selective, full.", "Choose one.")
        if self.precision not in ("bf16", "fp8"):
            raise RefusedError(
                f"No training in {self.precision} was measured.",
                "The planner knows bf16 and fp8.",
                "Plan with one of them; fp4 will be no slower than fp8.",
            )

    @property
    def tokens(self) -> int:
        """Of one step."""
        return self.global_batch * self.sequence_length


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Constants of one way to train: shares of what the hardware can do, and how much waiting stays visible."""

    name: str
    title: str
    sharded: bool
    """Weights are sharded over the data-parallel devices and gathered when needed (FSDP)."""
    products: float
    """Speed of large matrix products, of what a product alone reaches on this device (`Matmul`)."""
    attention: float
    """Speed of the attention kernel, likewise."""
    fp8_products: float
    """What `products` is to be multiplied with in fp8: scaling, casts and power."""
    elementwise: float
    """Bytes that norms, activations, residuals and rotations move, as a multiple of what must be moved."""
    sparse_layer_s: float
    """Seconds that each sparse layer adds to each micro-batch, forward and backward: launches, counting, sorting."""
    tensor_exposed: float
    """Share of tensor parallelism's transfers that no product hides."""
    expert_exposed: float
    """Share of the experts' all-to-all that no product hides."""
    data_exposed: float
    """Share of the gradients' reduction and the weights' gathering that no product hides."""
    relative_error: float
    """That holds 80 of 100 dense models that were not fitted."""
    sparse_error: float
    """The same of sparse models."""
    fitted_on: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Matmul:
    """What a large matrix product alone reaches, as a share of the dense peak."""

    name: str
    accelerators: tuple[str, ...]
    bf16: float
    fp8: float
    ridge: float
    """By how much small products lie under the line of memory: 1 where nothing of their traffic is hidden."""
    peak_flops: float
    """Dense bfloat16 peak of the board that was measured, in operations a second."""
    power_w: float
    """Its power limit; 0 where no board of the kind was measured and the share is that of another kind."""
    relative_error: float
    """Added for this hardware: 0 where training on it was fitted."""
    source: str


@dataclass(frozen=True, kw_only=True)
class Common:
    """Constants that software and hardware share."""

    grouped: float
    """Speed of the products of many experts in one call, of that of one product."""
    link: float
    """Share of the nominal bandwidth that transfers inside of a node reach."""
    network: float
    """The same between nodes."""
    memory: float
    """Share of the memory's bandwidth that plain passes reach."""
    power_exponent: float
    """Speed falls with the power limit, above what idles, to this power."""
    idle_w: float
    source: str


@functools.cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("training.toml").read_text(encoding="utf-8"))


@functools.cache
def stacks() -> Mapping[str, Stack]:
    """All ways to train that constants are known for, by name."""
    return {row["name"]: Stack(**row) for row in _data()["stack"]}


def stack(name: str) -> Stack:
    """The one of that name. Raises `ConfigError` where there is none; names the nearest."""
    return find(stacks(), name, "training stack")


@functools.cache
def common() -> Common:
    """The constants that all stacks share."""
    return Common(**_data()["common"])


def vintage(shape: ModelShape) -> float:
    """How many times slower older software was seen to be on the same layout, for models of that kind."""
    widths = [layer.experts.width for layer in shape.layers if layer.experts is not None]
    kind = "dense" if not widths else "coarse" if min(widths) >= _COARSE_WIDTH else "fine"
    return float(_data()["vintage"][kind])


def matmul(accelerator: Accelerator) -> Matmul:
    """What products reach on that device.

    Raises:
        RefusedError: nobody measured it, and no device of its kind.
    """
    for row in _data()["matmul"]:
        if accelerator.name in row["accelerators"]:
            return Matmul(**{**row, "accelerators": tuple(row["accelerators"])})
    raise RefusedError(
        f"Training on {accelerator.title} cannot be planned: what its matrix products reach is not known.",
        "Known are " + ", ".join(name for row in _data()["matmul"] for name in row["accelerators"]) + ".",
        "Measure a large matrix product there, and add a row to training.toml.",
    )
