"""Random models of every family, a few thousand parameters each, made without PyTorch."""

import dataclasses
from pathlib import Path

import numpy as np

from zaphod.compute.quant import FLOAT32, EncodedTensor, QuantFormat
from zaphod.compute.weights.packed import PackedWriter
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.model.config import ModelConfig
from zaphod.model.families import preset
from zaphod.model.files.weights import ModelWeights, open_model
from zaphod.model.shapes import is_kept_exact, parameter_shapes

PRESET_OF_FAMILY = {
    "grok-1": "grok-1",
    "grok-2": "grok-2",
    "mixtral": "mixtral-8x7b",
    "olmoe": "olmoe-1b-7b",
    "qwen3-moe": "qwen3-30b-a3b",
    "granite-moe": "granite-3.1-1b-a400m",
    "zaphod": "grok-3-inferred",
}


def tiny_config(family: str, **changes) -> ModelConfig:
    """The family's preset with 4 experts, 2 layers and widths of 32 to 96."""
    big = preset(PRESET_OF_FAMILY[family]).config
    router = dataclasses.replace(big.moe.router, num_experts=4, top_k=2)
    shared = 32 if big.moe.shared_expert_size else 0
    small = dataclasses.replace(
        big,
        vocab_size=40,
        hidden_size=64,
        num_layers=2,
        num_heads=8,
        num_kv_heads=4,
        head_dim=8,
        context_length=64,
        moe=dataclasses.replace(big.moe, router=router, expert_size=32, shared_expert_size=shared),
        dense_size=96 if big.dense_size else 0,
        embedding_multiplier=1.0 if big.embedding_multiplier == 1.0 else 8.0,
    )
    return dataclasses.replace(small, **changes)


def write_tiny(folder: Path, config: ModelConfig, seed: int = 0, number_format: QuantFormat = FLOAT32) -> Path:
    """A packed model of random values; what is never quantised is float32."""
    rng = np.random.default_rng(seed)
    plan = [
        PlannedTensor(name, shape, FLOAT32 if is_kept_exact(name, shape) else number_format)
        for name, shape in parameter_shapes(config).items()
    ]
    writer = PackedWriter(folder, plan, config.to_dict(), {})
    for tensor in plan:
        values = rng.standard_normal(tensor.shape, np.float32)
        encoded = [EncodedTensor(tensor.shape, tensor.format, dict(tensor.format.encode(values)))]
        writer.write(tensor.name, encoded if len(tensor.shape) < 3 else [encoded[0][i] for i in range(len(values))])
    writer.finish()
    return folder


def open_tiny(folder: Path, family: str, **changes) -> ModelWeights:
    return open_model(write_tiny(folder, tiny_config(family, **changes)))


def values(weights: ModelWeights) -> dict[str, np.ndarray]:
    """Every tensor, decoded and stacked."""
    decoded = {name: [piece.decode() for piece in weights.pieces(name)] for name in weights.names()}
    return {name: np.stack(parts) if len(weights.shape(name)) == 3 else parts[0] for name, parts in decoded.items()}
