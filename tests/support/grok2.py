"""A tiny Grok-2 in the released file layout, and a NumPy forward pass written from the published description.

The forward pass shares no code with the package: it is the oracle.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from scipy.special import erf

NUM_SHARDS = 8

CONFIG = {
    "architectures": ["Grok1ForCausalLM"],
    "model_type": "git",
    "torch_dtype": "bfloat16",
    "vocab_size": 80,
    "hidden_size": 64,
    "intermediate_size": 96,
    "moe_intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "residual_moe": True,
    "rms_norm_eps": 1e-5,
    "max_position_embeddings": 131072,
    "rope_theta": 208533496,
    "rope_type": "original",
    "original_max_position_embeddings": 8192,
    "scaling_factor": 16.0,
    "extrapolation_factor": 1.0,
    "attn_factor": 1.0,
    "beta_fast": 8,
    "beta_slow": 1,
    "attn_temperature_len": 8,
    "sliding_window_size": -1,
    "global_attn_every_n": 1,
    "embedding_multiplier_scale": 8.0,
    "output_multiplier_scale": 0.5,
    "attn_logit_softcapping": 30.0,
    "router_logit_softcapping": 30.0,
    "final_logit_softcapping": 50,
}


def random_weights(seed: int) -> dict[str, torch.Tensor]:
    """Unsharded tensors under the release's names, bfloat16."""
    c, generator = CONFIG, torch.Generator().manual_seed(seed)
    d, k = c["hidden_size"], c["head_dim"]
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], d), "lm_head.weight": (c["vocab_size"], d)}
    shapes["model.norm.weight"] = (d,)
    for n in range(c["num_hidden_layers"]):
        layer = f"model.layers.{n}."
        for name, rows in (("q", c["num_attention_heads"]), ("k", c["num_key_value_heads"])):
            shapes[f"{layer}self_attn.{name}_proj.weight"] = (rows * k, d)
        shapes[f"{layer}self_attn.v_proj.weight"] = (c["num_key_value_heads"] * k, d)
        shapes[f"{layer}self_attn.o_proj.weight"] = (d, c["num_attention_heads"] * k)
        for norm in ("pre_attn_norm", "post_attn_norm", "pre_moe_norm", "post_moe_norm"):
            shapes[f"{layer}{norm}.weight"] = (d,)
        for name, shape in _mlp_shapes(d, c["intermediate_size"]).items():
            shapes[f"{layer}mlp.{name}_proj.weight"] = shape
        shapes[f"{layer}block_sparse_moe.gate.weight"] = (c["num_local_experts"], d)
        for expert in range(c["num_local_experts"]):
            for name, shape in _mlp_shapes(d, c["moe_intermediate_size"]).items():
                w = {"gate": "w1", "up": "w3", "down": "w2"}[name]
                shapes[f"{layer}block_sparse_moe.experts.{expert}.{w}.weight"] = shape
    return {name: _draw(name, shape, generator) for name, shape in shapes.items()}


def _mlp_shapes(hidden: int, size: int) -> dict[str, tuple[int, int]]:
    return {"gate": (size, hidden), "up": (size, hidden), "down": (hidden, size)}


def _draw(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    values = torch.randn(shape, generator=generator)
    if len(shape) == 1:
        return (1 + 0.3 * values).to(torch.bfloat16)
    # Router logits of several units make the cap of 30 matter; scores beyond the cap make the attention cap matter.
    gain = 8.0 if "gate.weight" in name else 3.0 if "_proj" in name else 1.0
    return (gain * values / math.sqrt(shape[1])).to(torch.bfloat16)


def write_release(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    """The release's layout: one tensor kind per file, experts cut over 8 ranks under repeating names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    kinds = ["embed_tokens", "lm_head", "model.norm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj", "w1", "w2", "w3"]
    kinds += ["k_proj", "o_proj", "q_proj", "v_proj", "pre_attn_norm", "post_attn_norm", "pre_moe_norm"]
    kinds += ["post_moe_norm", "block_sparse_moe.gate"]
    for number, kind in enumerate(kinds):
        mine = {name: tensor for name, tensor in weights.items() if f"{kind}.weight" in name}
        stem = f"pytorch_model-{number:05d}-TP"
        if not kind.startswith("w"):
            save_file(mine, folder / f"{stem}-common.safetensors")
            continue
        axis = 1 if kind == "w2" else 0
        for rank in range(NUM_SHARDS):
            cut = {name: tensor.chunk(NUM_SHARDS, axis)[rank].contiguous() for name, tensor in mine.items()}
            save_file(cut, folder / f"{stem}-{rank:03d}.safetensors")


def numpy_logits(weights: dict[str, torch.Tensor], token_ids: list[int], *, llama_cpp: bool) -> np.ndarray:
    """Logits [T, V] in float64; with `llama_cpp`, that program's variant of the maths."""
    c = CONFIG
    w = {name: tensor.double().numpy() for name, tensor in weights.items()}
    act = _gelu_tanh if llama_cpp else _gelu_erf
    h = w["model.embed_tokens.weight"][token_ids] * c["embedding_multiplier_scale"]
    for n in range(c["num_hidden_layers"]):
        p = f"model.layers.{n}."
        a = _attention(w, p + "self_attn.", _rms(h, w[p + "pre_attn_norm.weight"]), llama_cpp)
        h = h + _rms(a, w[p + "post_attn_norm.weight"])
        m = _rms(h, w[p + "pre_moe_norm.weight"])
        dense = _mlp(m, *(w[f"{p}mlp.{x}_proj.weight"] for x in ("gate", "up", "down")), act)
        sparse = _moe(w, p + "block_sparse_moe.", m, act, llama_cpp)
        h = h + _rms((dense + sparse) / math.sqrt(2), w[p + "post_moe_norm.weight"])
    logits = _rms(h, w["model.norm.weight"]) @ w["lm_head.weight"].T * c["output_multiplier_scale"]
    return 50 * np.tanh(logits / 50)


def _rms(x, weight):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * weight


def _gelu_erf(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def _gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _mlp(x, gate, up, down, act):
    return (act(x @ gate.T) * (x @ up.T)) @ down.T


def _moe(w, prefix, x, act, llama_cpp):
    logits = x @ w[prefix + "gate.weight"].T
    if not llama_cpp:
        logits = 30 * np.tanh(logits / 30)
    probabilities = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities /= probabilities.sum(-1, keepdims=True)
    out = np.zeros_like(x)
    for t in range(len(x)):
        chosen = np.argsort(-logits[t])[:2]
        share = probabilities[t, chosen].sum() if llama_cpp else 1.0
        for e in chosen:
            matrices = (w[f"{prefix}experts.{e}.{name}.weight"] for name in ("w1", "w3", "w2"))
            out[t] += probabilities[t, e] / share * _mlp(x[t], *matrices, act)
    return out


def _attention(w, prefix, x, llama_cpp):
    c, length = CONFIG, len(x)
    heads, groups, k = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
    q = _rope((x @ w[prefix + "q_proj.weight"].T).reshape(length, heads, k), llama_cpp)
    keys = _rope((x @ w[prefix + "k_proj.weight"].T).reshape(length, groups, k), llama_cpp)
    values = (x @ w[prefix + "v_proj.weight"].T).reshape(length, groups, k)
    out = np.zeros((length, heads, k))
    for t in range(length):
        temperature = 1.0
        if not llama_cpp and t > c["attn_temperature_len"]:
            temperature = math.log2(t) / math.log2(c["attn_temperature_len"])
        for h in range(heads):
            g = h // (heads // groups)
            s = 30 * np.tanh(keys[: t + 1, g] @ q[t, h] * k**-0.5 / 30) * temperature
            p = np.exp(s - s.max())
            out[t, h] = (p / p.sum()) @ values[: t + 1, g]
    return out.reshape(length, -1) @ w[prefix + "o_proj.weight"].T


def _rope(x, llama_cpp):
    k, theta = CONFIG["head_dim"], CONFIG["rope_theta"]
    frequencies = np.array([theta ** (-2 * i / k) for i in range(k // 2)])
    magnitude = 1.0
    if llama_cpp:
        frequencies, magnitude = _yarn(frequencies, k, theta), 1 + 0.1 * math.log(16)
    angles = np.arange(len(x))[:, None, None] * frequencies
    cos, sin = np.cos(angles) * magnitude, np.sin(angles) * magnitude
    first, second = x[..., : k // 2], x[..., k // 2 :]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], -1)


def _yarn(frequencies, k, theta):
    """ggml's rope_yarn: a ramp between interpolated and plain angles (original 8192, beta_fast 8, beta_slow 1)."""

    def corr_dim(rotations):
        return k * math.log(8192 / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    low, high = max(0.0, math.floor(corr_dim(8))), min(k - 1.0, math.ceil(corr_dim(1)))
    mixed = []
    for pair, frequency in enumerate(frequencies):
        ramp = 1 - min(1.0, max(0.0, (pair - low) / max(0.001, high - low)))
        mixed.append(frequency / 16 * (1 - ramp) + frequency * ramp)
    return np.array(mixed)
