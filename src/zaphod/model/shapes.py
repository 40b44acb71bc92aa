"""The names and shapes of a model's parameters; knows the config alone, no file and no PyTorch.

This is the single source of our names. Matrices are [out, in]. Legend: V vocabulary, D hidden size, H query heads,
G key/value heads, K head size, E experts, F width of an expert, S width of a dense block.
"""

from __future__ import annotations

from zaphod.compute.quant.tensor import Shape
from zaphod.model.config import ModelConfig, MoEConfig

Shapes = dict[str, Shape]

PARTS = ("embedding", "attention", "experts", "shared experts", "dense blocks", "routers", "norms", "head")


def parameter_shapes(config: ModelConfig) -> Shapes:
    """Every parameter by its canonical name, in file order: embedding, layers, final norm, head (where untied)."""
    shapes: Shapes = {"embedding.weight": (config.vocab_size, config.hidden_size)}
    for layer in range(config.num_layers):
        shapes |= {f"layers.{layer}.{name}": shape for name, shape in layer_shapes(config, layer).items()}
    shapes["norm.weight"] = (config.hidden_size,)
    if not config.tie_embeddings:
        shapes["head.weight"] = (config.vocab_size, config.hidden_size)
    return shapes


def layer_shapes(config: ModelConfig, layer: int) -> Shapes:
    """The parameters of one layer, by the names that follow `layers.n.`."""
    norm: Shape = (config.hidden_size,)
    sandwich = config.norms == "sandwich"
    shapes: Shapes = {"attention_norm.weight": norm}
    shapes |= {f"attention.{name}": shape for name, shape in _attention(config).items()}
    if sandwich:
        shapes["post_attention_norm.weight"] = norm
    shapes["ffn_norm.weight"] = norm
    if config.moe is not None and config.is_sparse(layer):
        shapes |= {f"moe.{name}": shape for name, shape in _sparse(config.hidden_size, config.moe).items()}
    if not config.is_sparse(layer) or config.residual_dense:
        shapes |= {f"mlp.{name}": shape for name, shape in _gated(config.hidden_size, config.dense_size).items()}
    if sandwich:
        shapes["post_ffn_norm.weight"] = norm
    return shapes


def part_of(name: str) -> str:
    """Which of `PARTS` the parameter with this canonical name belongs to."""
    if name.startswith("embedding."):
        return "embedding"
    if name.startswith("head."):
        return "head"
    if name.endswith("norm.weight"):
        return "norms"
    for mark, part in ((".attention.", "attention"), (".experts.", "experts"), (".mlp.", "dense blocks")):
        if mark in name:
            return part
    return "routers" if ".router." in name else "shared experts"


def is_kept_exact(name: str, shape: Shape) -> bool:
    """Whether a parameter is never quantised: norms, routers, biases, gates. They are small, as routing margins are."""
    return len(shape) == 1 or shape[0] == 1 or part_of(name) == "routers"


def _attention(config: ModelConfig) -> Shapes:
    hidden = config.hidden_size
    queries, keys = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    shapes: Shapes = {}
    for name, out in (("q_proj", queries), ("k_proj", keys), ("v_proj", keys)):
        shapes[f"{name}.weight"] = (out, hidden)
        if config.qkv_bias:
            shapes[f"{name}.bias"] = (out,)
    shapes["o_proj.weight"] = (hidden, queries)
    if config.attention_output_bias:
        shapes["o_proj.bias"] = (hidden,)
    if config.qk_norm != "none":
        per_head = config.qk_norm == "per_head"
        shapes["q_norm.weight"] = (config.head_dim if per_head else queries,)
        shapes["k_norm.weight"] = (config.head_dim if per_head else keys,)
    return shapes


def _sparse(hidden: int, moe: MoEConfig) -> Shapes:
    num_experts, size = moe.router.num_experts, moe.expert_size
    shapes: Shapes = {"router.weight": (num_experts, hidden)}
    if moe.router.selection_bias:
        shapes["router.selection_bias"] = (num_experts,)
    shapes["experts.gate"] = (num_experts, size, hidden)
    shapes["experts.up"] = (num_experts, size, hidden)
    shapes["experts.down"] = (num_experts, hidden, size)
    if moe.shared_expert_size:
        shapes |= {f"shared.{name}": shape for name, shape in _gated(hidden, moe.shared_expert_size).items()}
    if moe.shared_expert_gate:
        shapes["shared_gate.weight"] = (1, hidden)
    return shapes


def _gated(hidden: int, size: int) -> Shapes:
    return {
        "gate_proj.weight": (size, hidden),
        "up_proj.weight": (size, hidden),
        "down_proj.weight": (hidden, size),
    }
