"""Names and shapes that a config announces."""

from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.shapes import parameter_shapes


def config(**changes) -> ModelConfig:
    base = {"family": "test", "vocab_size": 11, "hidden_size": 8, "num_layers": 2, "num_heads": 4, "num_kv_heads": 2}
    return ModelConfig(**{**base, "head_dim": 6, "context_length": 16, "dense_size": 10, **changes})


def moe(**changes) -> MoEConfig:
    return MoEConfig(router=RouterConfig(num_experts=3, top_k=2, selection_bias=True), expert_size=5, **changes)


def test_a_dense_layer_has_projections_norms_and_one_gated_block():
    shapes = parameter_shapes(config(num_layers=1))
    assert shapes == {
        "embedding.weight": (11, 8),
        "layers.0.attention_norm.weight": (8,),
        "layers.0.attention.q_proj.weight": (24, 8),
        "layers.0.attention.k_proj.weight": (12, 8),
        "layers.0.attention.v_proj.weight": (12, 8),
        "layers.0.attention.o_proj.weight": (8, 24),
        "layers.0.ffn_norm.weight": (8,),
        "layers.0.mlp.gate_proj.weight": (10, 8),
        "layers.0.mlp.up_proj.weight": (10, 8),
        "layers.0.mlp.down_proj.weight": (8, 10),
        "norm.weight": (8,),
        "head.weight": (11, 8),
    }


def test_a_sparse_layer_has_stacked_experts_a_router_and_a_shared_expert():
    shapes = parameter_shapes(config(moe=moe(shared_expert_size=7, shared_expert_gate=True)))
    assert shapes["layers.1.moe.router.weight"] == (3, 8)
    assert shapes["layers.1.moe.router.selection_bias"] == (3,)
    assert shapes["layers.1.moe.experts.gate"] == shapes["layers.1.moe.experts.up"] == (3, 5, 8)
    assert shapes["layers.1.moe.experts.down"] == (3, 8, 5)
    assert shapes["layers.1.moe.shared.down_proj.weight"] == (8, 7)
    assert shapes["layers.1.moe.shared_gate.weight"] == (1, 8)
    assert not any(".mlp." in name for name in shapes)


def test_listed_layers_are_dense_in_a_sparse_model():
    names = parameter_shapes(config(moe=moe(), dense_layers=(0,)))
    assert "layers.0.mlp.up_proj.weight" in names
    assert "layers.0.moe.router.weight" not in names
    assert "layers.1.moe.router.weight" in names


def test_a_residual_dense_block_stands_beside_the_experts():
    names = parameter_shapes(config(moe=moe(), residual_dense=True))
    assert {"layers.0.mlp.up_proj.weight", "layers.0.moe.experts.up"} <= names.keys()


def test_switches_add_their_parameters():
    shapes = parameter_shapes(
        config(norms="sandwich", qk_norm="full", qkv_bias=True, attention_output_bias=True, tie_embeddings=True)
    )
    assert shapes["layers.0.attention.q_norm.weight"] == (24,)
    assert shapes["layers.0.attention.k_norm.weight"] == (12,)
    assert shapes["layers.0.attention.v_proj.bias"] == (12,)
    assert shapes["layers.0.attention.o_proj.bias"] == (8,)
    assert {"layers.0.post_attention_norm.weight", "layers.0.post_ffn_norm.weight"} <= shapes.keys()
    assert "head.weight" not in shapes
    assert parameter_shapes(config(qk_norm="per_head"))["layers.0.attention.k_norm.weight"] == (6,)
