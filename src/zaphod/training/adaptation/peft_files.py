"""Low-rank updates in peft's files, under the names that transformers gives the weights in memory; reads nothing.

transformers 5 holds an expert's gate and up as one weight. Ours are two with an update each, so the fused one has twice
the rank: A one above the other, B side by side on its own half of the rows. `model.adapters` reads these files back.
Legend: R rank, I inputs, O outputs, E experts.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zaphod.compute.quant.tensor import FloatArray
from zaphod.compute.weights.partial_file import write_whole
from zaphod.core.errors import ConfigError
from zaphod.model.adapters import CONFIG_NAME, WEIGHTS_NAME, Adapter, adaptable_shapes, layouts_of
from zaphod.model.config import ModelConfig
from zaphod.model.files.names import NameRule, Transform, their_names
from zaphod.training.adaptation.changes import write_arrays
from zaphod.training.adaptation.config import AdaptationConfig

_HALVES = (Transform.FIRST_HALF, Transform.SECOND_HALF)
_WEIGHT = ".weight"


class _Pair(NamedTuple):
    """A and B as peft stores them, without the scale."""

    a: FloatArray
    b: FloatArray
    rank: int


def write_peft(
    folder: Path, adapter: Adapter, settings: AdaptationConfig, config: ModelConfig, base_name: str
) -> Sequence[Path]:
    """Write `adapter_config.json` and `adapter_model.safetensors`.

    Args:
        folder: where to.
        adapter: low-rank parts of projections and experts; the scale is in them.
        settings: rank, alpha and kind of scale that they were learnt with.
        config: the model.
        base_name: what peft shall call the model.

    Raises:
        ConfigError: the family's programs know these weights in no form that peft adapts.
    """
    adapter.require_fit(config)
    pairs = _pairs(adapter, settings.scale, config)
    tensors: dict[str, FloatArray] = {}
    for key, pair in _keyed(pairs).items():
        tensors |= {f"base_model.model.{key}.lora_A.weight": pair.a, f"base_model.model.{key}.lora_B.weight": pair.b}
    settings_json = _settings_json(pairs, settings, config, base_name)
    weights = write_arrays(folder / WEIGHTS_NAME, tensors, {"format": "pt"})
    text = json.dumps(settings_json, indent=2, ensure_ascii=False) + "\n"
    return [weights, write_whole(folder / CONFIG_NAME, text.encode())]


def _pairs(adapter: Adapter, scale: float, config: ModelConfig) -> dict[str, _Pair]:
    """By the name of their parameter, in the order of our shapes."""
    pieces: dict[str, list[tuple[Transform, FloatArray, FloatArray]]] = defaultdict(list)
    for ours in adaptable_shapes(config):
        if ours in adapter.parts:
            part = adapter.parts[ours]
            rule, layer = _rule(ours, config)
            for expert, theirs in enumerate(their_names(rule, layer, len(part.a))):
                a, b = (part.a[expert], part.b[expert]) if rule.is_per_expert else (part.a, part.b)
                pieces[theirs].append((rule.transform, a, b / np.float32(scale)))
    return {theirs: _joined(parts) for theirs, parts in pieces.items()}


def _rule(ours: str, config: ModelConfig) -> tuple[NameRule, int | None]:
    """How the weight is called in memory: a stack where there is one."""
    choices = [choice for layout in reversed(layouts_of(config)) for choice in layout.rules_for(ours) if layout.rules]
    choices += [choice for layout in layouts_of(config) for choice in layout.rules_for(ours)]
    for rule, layer in choices:
        if rule.transform in (Transform.COPY, *_HALVES):
            return rule, layer
    raise ConfigError(
        f"peft has no form for updates of '{ours}' in a {config.family} model.",
        "Its weights are stored otherwise than they multiply.",
        "Merge the adaptation, or serve it from the run's own files.",
    )


def _joined(parts: list[tuple[Transform, FloatArray, FloatArray]]) -> _Pair:
    """One pair from an update, or from those of both halves."""
    a = np.concatenate([a for _, a, _ in parts], axis=-2)
    b = np.concatenate([_placed(transform, b) for transform, _, b in parts], axis=-1)
    rank = a.shape[-2]
    if a.ndim == 2:
        return _Pair(a, b, rank)
    # A lies expert after expert, B rank after rank (peft's ParamWrapper.get_delta_weight).
    return _Pair(a.reshape(-1, a.shape[-1]), b.transpose(1, 2, 0).reshape(b.shape[1], -1), rank)


def _placed(transform: Transform, b: FloatArray) -> FloatArray:
    """B on its half of the fused rows, zeros on the other."""
    if transform not in _HALVES:
        return b
    halves = [b, np.zeros_like(b)] if transform is Transform.FIRST_HALF else [np.zeros_like(b), b]
    return np.concatenate(halves, axis=-2)


def _keyed(pairs: Mapping[str, _Pair]) -> dict[str, _Pair]:
    """By peft's key: it wraps a module once for each of its parameters, the first one innermost."""
    keyed: dict[str, _Pair] = {}
    modules: dict[str, list[str]] = defaultdict(list)
    for theirs, pair in pairs.items():
        if theirs.endswith(_WEIGHT):
            keyed[theirs.removesuffix(_WEIGHT)] = pair
        else:
            modules[theirs.rpartition(".")[0]].append(theirs)
    for module, parameters in modules.items():
        for depth, theirs in enumerate(reversed(parameters)):
            keyed[module + ".base_layer" * depth] = pairs[theirs]
    return keyed


def _settings_json(
    pairs: Mapping[str, _Pair], settings: AdaptationConfig, config: ModelConfig, base_name: str
) -> dict[str, Any]:
    modules = [theirs.removesuffix(_WEIGHT) for theirs in pairs if theirs.endswith(_WEIGHT)]
    parameters = [theirs for theirs in pairs if not theirs.endswith(_WEIGHT)]
    fused = {theirs: pair.rank for theirs, pair in pairs.items() if pair.rank != settings.rank}
    ranks = {_tail(theirs.removesuffix(_WEIGHT), 1): rank for theirs, rank in fused.items()}
    return {
        "peft_type": "LORA",
        "base_model_name_or_path": base_name,
        "task_type": "CAUSAL_LM",
        "inference_mode": True,
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "use_rslora": settings.is_rank_stabilised,
        "use_dora": False,
        "bias": "none",
        "init_lora_weights": True,
        "fan_in_fan_out": False,
        "modules_to_save": None,
        "target_modules": _shortest(modules, config, 1),
        "target_parameters": _shortest(parameters, config, 2) or None,
        "rank_pattern": ranks,
        "alpha_pattern": {name: _alpha(settings, rank) for name, rank in ranks.items()},
    }


def _alpha(settings: AdaptationConfig, rank: int) -> float:
    """That gives a pair of this rank the scale of all others."""
    return settings.scale * (math.sqrt(rank) if settings.is_rank_stabilised else rank)


def _shortest(given: Sequence[str], config: ModelConfig, length: int) -> list[str]:
    """The last `length` parts of names where everything that ends so is adapted, otherwise whole names."""
    every: dict[str, set[str]] = defaultdict(set)
    for ours, shape in adaptable_shapes(config).items():
        rule, layer = _rule(ours, config)
        for theirs in their_names(rule, layer, shape[0] if len(shape) == 3 else 0):
            every[_tail(theirs.removesuffix(_WEIGHT), length)].add(theirs.removesuffix(_WEIGHT))
    short = {_tail(name, length) for name in given if every[_tail(name, length)] <= set(given)}
    return sorted(short | {name for name in given if _tail(name, length) not in short})


def _tail(name: str, count: int) -> str:
    return ".".join(name.split(".")[-count:])
