"""From what a user names to a model's shape: preset, well-known model, config.json, or the headers of weights.

Reads no weights and knows no machines.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

from zaphod.capacity.shapes.huggingface import shape_of_hf
from zaphod.capacity.shapes.shape import Attention, Experts, Layer, ModelShape
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig
from zaphod.model.fetching.references import BUILTIN, BUILTIN_FOLDER

__all__ = ["read_shape", "shape_of_config", "shape_of_hf"]

_MAX_JSON_BYTES = 1 << 24


def read_shape(reference: str) -> ModelShape:
    """The shape of the model that `reference` names.

    Args:
        reference: a preset or a well-known model (any case, with or without the organisation and suffixes such as
            `-Instruct-2507`), `builtin`, a config.json, a model's folder, a .safetensors or a .gguf file.

    Raises:
        ConfigError: nothing has that name, or what it names does not say what the model is made of.
        WeightsError: the file is unsound (see `compute.weights`).
    """
    path = Path(reference).expanduser()
    if path.is_file() and path.suffix == ".json" and not path.name.endswith(".safetensors.index.json"):
        return _of_json(path)
    if path.exists() and (beside := _config_beside(path)).is_file():
        return _of_json(beside)
    if reference == BUILTIN:
        path = BUILTIN_FOLDER
    if path.exists():
        from zaphod.capacity.shapes.files import shape_of_files

        return shape_of_files(path)
    from zaphod.capacity.shapes.known import find_shape

    return find_shape(reference)


def shape_of_config(config: ModelConfig, name: str = "", source: str = "") -> ModelShape:
    """The same model as `ModelConfig` describes it; its counts agree with `capacity.parameters.count_parameters`."""
    groups = Counter(config.is_sparse(index) for index in range(config.num_layers))
    return ModelShape(
        name=name or config.family,
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        context_length=config.context_length,
        layers=tuple(_layer(config, sparse, count) for sparse, count in groups.items()),
        ties_embeddings=config.tie_embeddings,
        num_other_parameters=config.hidden_size,
        source=source,
    )


def _layer(config: ModelConfig, sparse: bool, count: int) -> Layer:
    experts = None
    if sparse:
        assert config.moe is not None
        moe, router = config.moe, config.moe.router
        other = router.num_experts * router.selection_bias + config.hidden_size * moe.shared_expert_gate
        experts = Experts(
            num_experts=router.num_experts,
            top_k=router.top_k,
            width=moe.expert_size,
            shared_width=moe.shared_expert_size,
            num_other_parameters=other,
        )
    return Layer(
        count=count,
        attention=_attention(config),
        dense_width=config.dense_size if not sparse or config.residual_dense else 0,
        experts=experts,
        num_other_parameters=config.hidden_size * (4 if config.norms == "sandwich" else 2),
    )


def _attention(config: ModelConfig) -> Attention:
    queries, keys = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    norms = {"none": 0, "per_head": 2 * config.head_dim, "full": queries + keys}
    biases = (queries + 2 * keys) * config.qkv_bias + config.hidden_size * config.attention_output_bias
    return Attention(
        num_heads=config.num_heads,
        num_kv_heads=config.num_kv_heads,
        head_dim=config.head_dim,
        value_head_dim=config.head_dim,
        window=config.sliding_window,
        num_other_parameters=biases + norms[config.qk_norm],
    )


def _config_beside(path: Path) -> Path:
    """Where the config.json of a folder, or of a safetensors file, would lie."""
    if path.is_dir():
        return path / "config.json"
    return path.parent / "config.json" if path.suffix in (".safetensors", ".json") else path / "none"


def _of_json(path: Path) -> ModelShape:
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise ConfigError(f"{path} has {path.stat().st_size} bytes.", "A config.json has less.", "Give a config.json.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}.", "", "Give a config.json.") from error
    own = data.get("zaphod_config", data if "family" in data else None) if isinstance(data, dict) else None
    if isinstance(own, dict):
        return shape_of_config(ModelConfig.from_dict(own), source=str(path))
    shape = shape_of_hf(data, str(path))
    return dataclasses.replace(shape, name=path.parent.name) if path.name == "config.json" else shape
