"""llama.cpp's mixtures of block formats: which tensor of a model gets how many bits; knows no devices.

Source of the rules: llama.cpp, src/llama-quant.cpp (llama_tensor_get_type_impl, tensor_type_fallback), 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zaphod.capacity.shapes.shape import Layer, ModelShape

BLOCK_BITS: Mapping[str, float] = {
    "q2_k": 2.625,
    "q3_k": 3.4375,
    "q4_0": 4.5,
    "q4_k": 4.5,
    "iq4_nl": 4.5,
    "q5_0": 5.5,
    "q5_1": 6.0,
    "q5_k": 5.5,
    "q6_k": 6.5625,
    "q8_0": 8.5,
    "f16": 16.0,
}
"""Bits per weight of a block, scales included (ggml-common.h)."""

_BLOCK = 256
_NARROW = {"q2_k": "iq4_nl", "q3_k": "iq4_nl", "q4_k": "q5_0", "q5_k": "q5_1", "q6_k": "q8_0"}
"""What is taken for rows that no block of 256 divides."""


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """A file type."""

    base: str
    """Of every tensor that no rule names."""
    head: str = "q6_k"
    typical_bits: float
    """Of Llama-3.1-8B's file over its parameters (llama.cpp, tools/quantize/README.md)."""


MIXTURES: Mapping[str, Mixture] = {
    "q2_k": Mixture(base="q2_k", typical_bits=3.1593),
    "q3_k_s": Mixture(base="q3_k", typical_bits=3.6429),
    "q3_k_m": Mixture(base="q3_k", typical_bits=3.9960),
    "q3_k_l": Mixture(base="q3_k", typical_bits=4.2979),
    "q4_0": Mixture(base="q4_0", typical_bits=4.6358),
    "q4_k_s": Mixture(base="q4_k", typical_bits=4.6672),
    "q4_k_m": Mixture(base="q4_k", typical_bits=4.8944),
    "q5_0": Mixture(base="q5_0", typical_bits=5.5704),
    "q5_k_s": Mixture(base="q5_k", typical_bits=5.5704),
    "q5_k_m": Mixture(base="q5_k", typical_bits=5.7036),
    "q6_k": Mixture(base="q6_k", typical_bits=6.5633),
    "q8_0": Mixture(base="q8_0", head="q8_0", typical_bits=8.5008),
}


def mixture_bytes(shape: ModelShape, name: str) -> float:
    """Bytes of a model's tensors in a file of that type. `name` is a key of `MIXTURES`.

    Layers are taken in the order of `shape.layers`; models whose kinds of layers alternate are off by under 0.1 %.
    """
    mixture, bits, index = MIXTURES[name], 0.0, 0
    for layer in shape.layers:
        for _ in range(layer.count):
            bits += _layer_bits(shape, layer, name, index)
            index += 1
    head = _bits(mixture.head, shape.hidden_size)
    vocabularies = head if shape.ties_embeddings else head + _bits(mixture.base, shape.hidden_size)
    return (bits + shape.embedding_parameters * vocabularies + 32 * shape.num_other_parameters) / 8


def _layer_bits(shape: ModelShape, layer: Layer, name: str, index: int) -> float:
    base, hidden, attention = MIXTURES[name].base, shape.hidden_size, layer.attention
    eight = layer.experts is not None and layer.experts.num_experts == 8
    value = _value_type(shape, layer, name, index, eight)
    inner = attention.num_heads * attention.value_head_dim
    output = inner * hidden * _bits(_output_type(name, eight), inner)
    key = "q8_0" if eight and base != "f16" else base
    if attention.latent_rank:
        up = attention.latent_rank * attention.num_heads * (attention.head_dim + attention.value_head_dim)
        rest = attention.num_parameters(hidden) - attention.num_other_parameters - inner * hidden - up
        projections = rest * _bits(base, hidden) + up * _bits(value, attention.latent_rank)
    else:
        queries = hidden * attention.num_heads * attention.head_dim
        keys, values = hidden * attention.num_kv_heads * attention.head_dim, attention.value_head_dim
        values *= hidden * attention.num_kv_heads
        projections = queries * _bits(base, hidden) + keys * _bits(key, hidden) + values * _bits(value, hidden)
    down = _down_type(name, index, shape.num_layers)
    blocks, biases = 0.0, 0
    widths = [(layer.dense_width, 1)]
    if layer.experts is not None:
        widths += [(layer.experts.shared_width, 1), (layer.experts.width, layer.experts.num_experts)]
        biases = layer.experts.num_experts * (layer.experts.num_biases + hidden) + layer.experts.num_other_parameters
    for width, number in widths:
        if width:
            up_bits = (layer.num_matrices - 1) * _bits(base, hidden)
            blocks += number * hidden * width * (up_bits + _bits(down, width))
    small = attention.num_other_parameters + layer.num_other_parameters + biases
    return projections + output + blocks + 32 * small


def _bits(kind: str, row: int) -> float:
    return BLOCK_BITS[kind if row % _BLOCK == 0 else _NARROW.get(kind, kind)]


def _gets_more(index: int, num_layers: int) -> bool:
    eighth = num_layers // 8
    return index < eighth or index >= 7 * num_layers // 8 or (index - eighth) % 3 == 2


def _value_type(shape: ModelShape, layer: Layer, name: str, index: int, eight: bool) -> str:
    base, heads = MIXTURES[name].base, layer.attention
    if eight:
        return "q8_0"
    queries_per_key = heads.num_heads // heads.num_kv_heads
    rules: Mapping[str, Callable[[], str]] = {
        "q2_k": lambda: "q4_k" if queries_per_key >= 4 else "q3_k",
        "q3_k_m": lambda: "q5_k" if index < 2 else "q4_k",
        "q3_k_l": lambda: "q5_k",
        "q4_k_s": lambda: "q5_k" if index < 4 else base,
        "q4_k_m": lambda: "q6_k" if _gets_more(index, shape.num_layers) else base,
        "q5_k_m": lambda: "q6_k" if _gets_more(index, shape.num_layers) else base,
    }
    chosen = rules[name]() if name in rules else base
    # What llama.cpp calls a 70B model is one of 80 layers whose heads share keys.
    if shape.num_layers == 80 and queries_per_key > 1 and chosen in ("q3_k", "q4_k"):
        return "q5_k"
    return chosen


def _down_type(name: str, index: int, num_layers: int) -> str:
    base = MIXTURES[name].base
    if name == "q2_k":
        return "q3_k"
    if name == "q3_k_m":
        return "q5_k" if index < num_layers // 16 else "q4_k"
    if name == "q3_k_l":
        return "q5_k"
    if name in ("q4_k_m", "q5_k_m"):
        return "q6_k" if _gets_more(index, num_layers) else base
    return "q5_k" if name == "q4_k_s" and index < num_layers // 8 else base


def _output_type(name: str, eight: bool) -> str:
    if eight:
        return "q5_k" if name in ("q2_k", "q3_k_s", "q3_k_m", "q4_k_s", "q4_k_m") else MIXTURES[name].base
    return {"q2_k": "q3_k", "q3_k_m": "q4_k", "q3_k_l": "q5_k"}.get(name, MIXTURES[name].base)
