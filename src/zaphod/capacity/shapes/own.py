"""The engine's own configs as shapes; knows no files.

Counts agree with those of `capacity.parameters`, which go by the names of every parameter.
"""

from __future__ import annotations

from collections import Counter

from zaphod.capacity.shapes.shape import Attention, Experts, Layer, ModelShape
from zaphod.model.config import ModelConfig


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
