"""What training takes of each device's memory (F5): states, gathered weights, activations, logits; knows no times.

States follow ZeRO (arXiv 1910.02054), activations Korthikanti et al. (arXiv 2205.05198) with their terms rebuilt for
grouped queries, latents, gates, experts and flash attention, pipelines arXiv 2104.04473. Experts have their own
data-parallel groups: those of `expert * expert_tensor` devices that hold one copy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from zaphod.capacity.estimate import Estimate
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.activations import Recompute, layer_activations
from zaphod.capacity.memory.contents import layer_contents
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.core.errors import ConfigError

Sharding = Literal["none", "optimizer", "gradients", "weights"]

_SHARDED: tuple[Sharding, ...] = ("none", "optimizer", "gradients", "weights")
_RUNTIME_BYTES = 1.0e9
"""Driver, libraries and collectives' buffers; not counted by torch's own peak figures."""
_FRAGMENTED = 0.05
"""Of activations and logits; planning notes give 3 to 8 %."""
_GATHERED_LAYERS = 2
"""A sharded model holds the layer that it computes and the next one, which is on its way."""
_STATES_ERROR, _DERIVED_ERROR, _RUNTIME_ERROR_BYTES = 0.02, 0.15, 0.5e9


@dataclass(frozen=True, kw_only=True)
class TrainingSetup:
    """How a model is trained, as far as it costs memory. Lengths and batches are those of one data-parallel rank."""

    sequence_length: int
    micro_batch: int = 1
    """Sequences that are computed at once."""
    num_micro_batches: int = 1
    """Of one step, on one data-parallel rank: a pipeline holds no more than these."""
    sharding: Sharding = "none"
    """What data-parallel ranks share: ZeRO's stages 1, 2 and 3; `weights` is also FSDP."""
    recompute: Recompute = "none"
    """What the backward pass computes again: nothing, attention's scores, every other product, whole layers."""
    sequence_parallel: bool = True
    """Tensor-parallel devices split norms and residuals, too."""
    flash_attention: bool = True
    """Scores are never stored."""
    dropout: bool = False
    """Masks of attention's scores, its output and the block's output are stored."""
    expert_tensor: int = 1
    """Devices that each expert's matrices are split over."""
    weight_bytes: float = 2
    """Of one weight as it is multiplied; FSDP with float32 weights keeps them in `optimizer_bytes`."""
    gradient_bytes: float = 2
    """4 where gradients are summed in float32 (Megatron)."""
    optimizer_bytes: float = 12
    """Adam: a float32 copy of the weight and two moments."""
    logit_bytes: float = 12
    """Of one logit at the loss: float32 values, their gradient and one more copy."""
    counts_runtime: bool = True
    """False where a figure is compared with what torch itself has allocated."""

    def __post_init__(self) -> None:
        for name in ("sequence_length", "micro_batch", "num_micro_batches", "expert_tensor"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", f"Raise {name}.")
        for name in ("weight_bytes", "gradient_bytes", "optimizer_bytes", "logit_bytes"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 0 or more.", f"Raise {name}.")
        if self.sharding not in _SHARDED:
            raise ConfigError(
                f"sharding is {self.sharding!r}.", f"It must be one of {', '.join(_SHARDED)}.", "Choose one of them."
            )
        if self.recompute not in ("none", "selective", "every_other_product", "full"):
            raise ConfigError(
                f"recompute is {self.recompute!r}.",
                "It must be one of none, selective, every_other_product, full.",
                "Choose one of them.",
            )


@dataclass(frozen=True, kw_only=True)
class TrainingMemory:
    """Of one device, in bytes, when the most is in use."""

    weights: float
    gradients: float
    optimizer: float
    gathered: float
    """Whole layers of a sharded model, and what they leave behind before it is reduced."""
    activations: float
    logits: float
    fragmentation: float
    runtime: float

    @property
    def total(self) -> float:
        """All of it."""
        states = self.weights + self.gradients + self.optimizer + self.gathered
        return states + self.activations + self.logits + self.fragmentation + self.runtime


def training_memory(shape: ModelShape, layout: Layout, setup: TrainingSetup) -> Estimate:
    """Bytes on the fullest device, with their parts in the basis.

    Raises:
        ConfigError: the layout does not fit the model.
    """
    parts = training_parts(shape, layout, setup)
    states = parts.weights + parts.gradients + parts.optimizer
    derived = parts.total - states - parts.runtime
    runtime = _RUNTIME_ERROR_BYTES * setup.counts_runtime
    error = math.hypot(_STATES_ERROR * states, _DERIVED_ERROR * derived, runtime) / parts.total
    named = ", ".join(f"{name} {value / 1e9:.1f} GB" for name, value in vars(parts).items() if value)
    return Estimate(
        value=parts.total,
        low=parts.total / (1 + error),
        high=parts.total * (1 + error),
        unit="B",
        basis=(f"F5: {named}", "states +-2 %, what is derived (activations, logits, gathered weights) +-15 %"),
    )


def training_parts(shape: ModelShape, layout: Layout, setup: TrainingSetup) -> TrainingMemory:
    """The same in parts: of the first pipeline stage or of the last, whichever takes more. Raises as above."""
    _check(shape, layout, setup)
    first = _stage(shape, layout, setup, is_first=True)
    last = _stage(shape, layout, setup, is_first=False)
    return max(first, last, key=lambda parts: parts.total)


def micro_batches_in_flight(layout: Layout, num_micro_batches: int) -> float:
    """Micro-batches whose activations the first stage holds, in whole stages (arXiv 2205.05198, section 4.2.3)."""
    stages = layout.pipeline
    held = min(stages, num_micro_batches)
    if stages == 1 or layout.virtual == 1 or num_micro_batches < stages:
        return held
    return held * (1 + (stages - 1) / (stages * layout.virtual))


def _check(shape: ModelShape, layout: Layout, setup: TrainingSetup) -> None:
    pieces = layout.pipeline * layout.virtual
    if pieces > shape.num_layers:
        raise ConfigError(
            f"{shape.name} has {shape.num_layers} layers for {pieces} pieces of a pipeline.",
            "Each piece needs a layer.",
            f"Use at most {shape.num_layers} pieces.",
        )
    group, copies = layout.tensor * layout.data * layout.context, layout.expert * setup.expert_tensor
    if group % copies:
        raise ConfigError(
            f"Experts take {layout.expert} x {setup.expert_tensor} devices of {group}.",
            "Expert and expert-tensor parallelism share a stage's devices evenly.",
            f"Choose divisors of {group}.",
        )


def _stage(shape: ModelShape, layout: Layout, setup: TrainingSetup, *, is_first: bool) -> TrainingMemory:
    dense, experts = _parameters(shape, layout, setup, is_first=is_first)
    replicas = layout.data * layout.context
    expert_replicas = layout.tensor * replicas // (layout.expert * setup.expert_tensor)
    stage = _SHARDED.index(setup.sharding)

    def kept(num_bytes: float, from_stage: int) -> float:
        if stage < from_stage:
            return num_bytes * (dense + experts)
        return num_bytes * (dense / replicas + experts / expert_replicas)

    activations = _activations(shape, layout, setup, is_first=is_first)
    tokens = setup.micro_batch * setup.sequence_length / layout.context
    has_head = not is_first or layout.pipeline == 1
    logits = tokens * shape.vocab_size / layout.tensor * setup.logit_bytes * has_head
    return TrainingMemory(
        weights=kept(setup.weight_bytes, 3),
        gradients=kept(setup.gradient_bytes, 2),
        optimizer=kept(setup.optimizer_bytes, 1),
        gathered=_gathered(shape, layout, setup, has_head=has_head) if stage == 3 and replicas > 1 else 0.0,
        activations=activations,
        logits=logits,
        fragmentation=_FRAGMENTED * (activations + logits),
        runtime=_RUNTIME_BYTES * setup.counts_runtime,
    )


def _parameters(shape: ModelShape, layout: Layout, setup: TrainingSetup, *, is_first: bool) -> tuple[float, float]:
    """Of one device's stage before any sharding: those that every data-parallel rank has, and the experts'."""
    dense = experts = 0.0
    for layer in shape.layers:
        contents = layer_contents(shape, layer)
        keys = contents.keys / min(layout.tensor, layer.attention.num_kv_heads)
        split = (contents.attention + contents.dense) / layout.tensor
        dense += layer.count * (split + keys + contents.latent + contents.small)
        experts += layer.count * contents.experts / (layout.expert * setup.expert_tensor)
    share = math.ceil(shape.num_layers / layout.pipeline) / shape.num_layers
    vocabularies = 1 if layout.pipeline > 1 or shape.ties_embeddings else 2
    other = 0 if is_first and layout.pipeline > 1 else shape.num_other_parameters
    return dense * share + vocabularies * shape.embedding_parameters / layout.tensor + other, experts * share


def _gathered(shape: ModelShape, layout: Layout, setup: TrainingSetup, *, has_head: bool) -> float:
    """Layers on their way in 16 bits, embedding and head, and the gradient that is being reduced."""
    layers = []
    for layer in shape.layers:
        contents = layer_contents(shape, layer)
        own = (contents.matrices - contents.experts + contents.small) / layout.tensor
        layers.append(own + contents.experts / (layout.expert * setup.expert_tensor))
    head = shape.embedding_parameters / layout.tensor
    held = 1 if shape.ties_embeddings or layout.pipeline > 1 else 2
    gradient = head if has_head else max(layers)
    return 2 * (_GATHERED_LAYERS * max(layers) + held * head + gradient)


def _activations(shape: ModelShape, layout: Layout, setup: TrainingSetup, *, is_first: bool) -> float:
    """Of all micro-batches in flight on this stage; and of one layer as a whole where layers are computed again."""
    share = math.ceil(shape.num_layers / layout.pipeline) / shape.num_layers
    kept = largest = 0.0
    for layer in shape.layers:
        kept += layer.count * layer_activations(shape, layer, layout, setup, setup.recompute)
        largest = max(largest, layer_activations(shape, layer, layout, setup, "none"))
    in_flight = micro_batches_in_flight(layout, setup.num_micro_batches) if is_first else 1.0
    again = largest if setup.recompute == "full" else 0.0
    return kept * share * in_flight + again
