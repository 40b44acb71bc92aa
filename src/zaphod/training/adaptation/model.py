"""A model with frozen weights and learnt updates, built from a source of weights; knows no data and no training.

Every projection and every stack of experts becomes an `AdaptedWeight`, updated or not, so that what is quantised and
what is learnt can be counted in one place. Embedding, head, norms and routers stay the model's own.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from zaphod.model.config import ModelConfig
from zaphod.model.experts import Experts, GatedMLP
from zaphod.model.loading import is_matrix
from zaphod.model.transformer import Layer, Transformer
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.frozen import PlainWeight
from zaphod.training.adaptation.layers import AdaptedExperts, AdaptedLinear, AdaptedMLP, AdaptedWeight
from zaphod.training.adaptation.source import WeightSource, frozen_weight
from zaphod.training.adaptation.targets import match_targets, matches
from zaphod.training.adaptation.update import LowRankUpdate

Track = Callable[[list[str]], Iterable[str]]


@dataclass(frozen=True, kw_only=True)
class AdaptedModel:
    """A network that is ready to learn, with what is frozen and what is learnt in it."""

    network: Transformer
    config: AdaptationConfig
    targets: Mapping[str, Sequence[str]]
    """For each target asked for, the names of the weights that it met; empty for full training."""

    def weights(self) -> dict[str, AdaptedWeight]:
        """Frozen weights by canonical name, updated or not."""
        found = (module for module in self.network.modules() if isinstance(module, AdaptedWeight))
        return {weight.name: weight for weight in found}

    def learnt(self) -> dict[str, nn.Parameter]:
        """What is learnt, by canonical name; parts of an update have `.lora_A` and the like behind it."""
        return {canonical_name(name): p for name, p in self.network.named_parameters() if p.requires_grad}


class RouterUpdate(nn.Module):
    """A router's weight with its low-rank update. A router is small, so the sum is built."""

    def __init__(self, update: LowRankUpdate) -> None:
        super().__init__()
        self.update = update

    def forward(self, weight_ED: Tensor) -> Tensor:
        """W + scale · B A."""
        return weight_ED + self.update.scale * (self.update.lora_B @ self.update.lora_A)


def canonical_name(name: str) -> str:
    """The weight's name in the model, where `name` goes through the modules put around it."""
    for inserted in (".adapted.base.values", ".base.values"):
        if name.endswith(inserted):
            return name.removesuffix(inserted) + (".weight" if inserted.startswith(".adapted") else "")
    name = name.replace(".parametrizations.weight.original", ".weight").replace(
        ".parametrizations.weight.0.update", ".weight"
    )
    return name.replace(".adapted.update", ".weight").replace(".update.lora", ".lora")


def adapt(
    config: ModelConfig,
    source: WeightSource,
    adaptation: AdaptationConfig,
    dtype: torch.dtype = torch.bfloat16,
    track: Track = iter,
) -> AdaptedModel:
    """The model of `config` with the weights of `source`, ready to learn what `adaptation` says.

    Args:
        config: the model.
        source: its weights.
        adaptation: what is learnt and how.
        dtype: in which matrices multiply; norms, biases and routers stay in float32.
        track: wraps the list of names, for a progress bar.

    Raises:
        ConfigError: a target matches nothing, or nothing would be learnt.
        WeightsError: the weights cannot be read.
    """
    with torch.device("meta"):
        network = Transformer(config)
    targets = {} if adaptation.method == "full" else match_targets(config, adaptation.targets)
    if adaptation.method != "full":
        _Builder(source, adaptation, targets, dtype).put_into(network, track)
    _fill(network, source, dtype)
    _set_learning(network, adaptation)
    if adaptation.router == "adapt":
        _adapt_routers(network, adaptation)
    return AdaptedModel(network=network.train(), config=adaptation, targets=targets)


def _layer(network: Transformer, index: int) -> Layer:
    layer = network.layers[index]
    assert isinstance(layer, Layer)
    return layer


class _Builder:
    """Makes the layers that take the places of the model's own."""

    def __init__(
        self,
        source: WeightSource,
        adaptation: AdaptationConfig,
        targets: Mapping[str, Sequence[str]],
        dtype: torch.dtype,
    ) -> None:
        self._source, self._adaptation, self._dtype = source, adaptation, dtype
        self._updated = {name for names in targets.values() for name in names}

    def put_into(self, network: Transformer, track: Track) -> None:
        """Replace projections, dense blocks and experts, layer after layer."""
        for index in track_layers(len(network.layers), track):
            layer, prefix = _layer(network, index), f"layers.{index}."
            for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
                own = getattr(layer.attention, name)
                setattr(layer.attention, name, self._linear(f"{prefix}attention.{name}", own))
            if layer.mlp is not None:
                layer.mlp = cast(GatedMLP, self._mlp(f"{prefix}mlp", layer.mlp))
            if layer.moe is not None:
                layer.moe.experts = cast(Experts, self._experts(f"{prefix}moe.experts", layer.moe.experts))
                if layer.moe.shared is not None:
                    layer.moe.shared = cast(GatedMLP, self._mlp(f"{prefix}moe.shared", layer.moe.shared))

    def _linear(self, prefix: str, own: nn.Linear) -> AdaptedLinear:
        bias = None if own.bias is None else self._source.plain(f"{prefix}.bias", torch.float32)
        return AdaptedLinear(self._weight(f"{prefix}.weight"), bias)

    def _mlp(self, prefix: str, own: GatedMLP) -> AdaptedMLP:
        gate, up, down = (
            self._linear(f"{prefix}.{name}", getattr(own, name)) for name in ("gate_proj", "up_proj", "down_proj")
        )
        return AdaptedMLP(gate, up, down, own.activation)

    def _experts(self, prefix: str, own: Experts) -> AdaptedExperts:
        gate, up, down = (self._weight(f"{prefix}.{name}") for name in ("gate", "up", "down"))
        return AdaptedExperts(gate, up, down, own.activation)

    def _weight(self, name: str) -> AdaptedWeight:
        adaptation = self._adaptation
        packed = adaptation.method == "qlora" and not matches(name, adaptation.keep_exact)
        base = frozen_weight(self._source, name, self._dtype, packed=packed)
        update = None
        if name in self._updated:
            update = LowRankUpdate(base, adaptation, self._dtype, seeded(adaptation.seed, name))
        return AdaptedWeight(name, base, update)


def track_layers(num_layers: int, track: Track) -> Iterator[int]:
    """Layer numbers, told to `track` under the names of the layers."""
    return (int(name.rpartition(" ")[2]) for name in track([f"layer {index}" for index in range(num_layers)]))


def seeded(seed: int, name: str) -> torch.Generator:
    """Random numbers of one weight: the same whatever else is adapted."""
    return torch.Generator().manual_seed(hash_of(f"{seed}/{name}"))


def hash_of(text: str) -> int:
    """A number below 2^63 that is the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _fill(network: Transformer, source: WeightSource, dtype: torch.dtype) -> None:
    """Load what is still without memory."""
    for name, parameter in list(network.named_parameters()):
        if parameter.is_meta:
            tensor = source.plain(name, dtype if is_matrix(name) else torch.float32)
            parent, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(parent), leaf, nn.Parameter(tensor, requires_grad=False))


def _set_learning(network: Transformer, adaptation: AdaptationConfig) -> None:
    for name, parameter in network.named_parameters():
        if ".router." in name:
            parameter.requires_grad_(adaptation.router == "train" and name.endswith("router.weight"))
        elif adaptation.method == "full":
            parameter.requires_grad_(True)


def _adapt_routers(network: Transformer, adaptation: AdaptationConfig) -> None:
    plain = dataclasses.replace(adaptation, is_decomposed=False)
    for index in range(len(network.layers)):
        block = _layer(network, index).moe
        if block is not None:
            router = block.router
            generator = seeded(adaptation.seed, f"layers.{index}.moe.router.weight")
            update = LowRankUpdate(PlainWeight(router.weight.detach()), plain, torch.float32, generator)
            parametrize.register_parametrization(router, "weight", RouterUpdate(update))
