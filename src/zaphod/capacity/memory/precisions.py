"""Ways to store a model, with their true cost in bits, scales included; knows no devices.

`weight_bytes` is what a file holds: each kind of parameter in its own format. Files of llama.cpp's mixtures (`q4_k_m`)
choose a format for each tensor; those rules stand in `mixtures`.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.capacity.memory.contents import layer_contents
from zaphod.capacity.memory.mixtures import BLOCK_BITS, MIXTURES, mixture_bytes
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Precision:
    """A way to store weights, or a cache."""

    name: str
    aliases: tuple[str, ...] = ()
    bits_per_weight: float
    """Of the large matrices, scales included; of a mixture, about."""
    kept_bits: float = 16
    """Of the input embedding and the head."""
    small_bits: float = 16
    """Of norms, biases and routers."""
    number_format: str
    """What is multiplied: `bf16`, `fp8`, `int8`, `fp4`; `int4-weights` where 4 bits are widened before."""
    is_mixture: bool = False
    """Of llama.cpp's block formats: a tensor's format goes by `mixtures`."""
    experts_only: bool = False
    """In a model with experts, only theirs are stored so; the other matrices are as the embedding is."""
    source: str


_GGUF = "GGML block formats (ggml-common.h)"
_ALL = (
    Precision(
        name="fp32",
        aliases=("float32", "f32"),
        bits_per_weight=32,
        kept_bits=32,
        small_bits=32,
        number_format="fp32",
        source="IEEE 754 binary32",
    ),
    Precision(
        name="bf16",
        aliases=("bfloat16", "fp16", "float16", "f16", "half"),
        bits_per_weight=16,
        number_format="bf16",
        source="IEEE 754 binary16; bfloat16 has 8 exponent and 7 fraction bits",
    ),
    Precision(
        name="fp8",
        aliases=("f8", "fp8_e4m3", "fp8-e4m3", "fp8-block", "float8"),
        bits_per_weight=8,
        number_format="fp8",
        source="arXiv 2209.05433; a scale for each matrix, channel or block of 128 x 128 adds under 0.1 %",
    ),
    Precision(
        name="int8",
        aliases=("w8a8", "int8-per-channel", "i8"),
        bits_per_weight=8,
        number_format="int8",
        source="arXiv 2211.10438; a scale for each output channel adds under 0.1 %",
    ),
    Precision(
        name="int8-fp32",
        aliases=("int8+fp32 scales", "int8+fp32", "grok-1-int8"),
        bits_per_weight=8,
        kept_bits=32,
        small_bits=32,
        number_format="int8-weights",
        source="xai-org/grok-1: int8 matrices with scales, all else in float32",
    ),
    Precision(
        name="packed-int8",
        bits_per_weight=8.5,
        kept_bits=8.5,
        small_bits=32,
        number_format="int8",
        source="our packed files: a float16 scale for each 32 weights, small tensors in float32",
    ),
    Precision(
        name="packed-int4",
        bits_per_weight=4.5,
        kept_bits=8.5,
        small_bits=32,
        number_format="int8",
        source="our packed files: a float16 scale for each 32 weights, embedding and head in 8.5 bits",
    ),
    Precision(
        name="int4",
        aliases=("int4-g128", "awq", "gptq", "w4a16", "q4f16", "i4"),
        bits_per_weight=4 + 16 / 128 + 4 / 128,
        number_format="int4-weights",
        source="arXiv 2306.00978: for each 128 weights a 16-bit scale and a 4-bit zero point",
    ),
    Precision(
        name="int4-g32",
        aliases=("gptq-g32", "awq-g32"),
        bits_per_weight=4 + 16 / 32 + 4 / 32,
        number_format="int4-weights",
        source="arXiv 2210.17323: for each 32 weights a 16-bit scale and a 4-bit zero point",
    ),
    Precision(
        name="mxfp4",
        bits_per_weight=4 + 8 / 32,
        number_format="fp4",
        experts_only=True,
        source="OCP Microscaling Formats 1.0: an 8-bit exponent for each 32 weights; gpt-oss stores its experts so",
    ),
    Precision(
        name="nvfp4",
        aliases=("fp4", "w4a4"),
        bits_per_weight=4 + 8 / 16,
        number_format="fp4",
        source="arXiv 2509.25149: an fp8 scale for each 16 weights and one for the tensor",
    ),
    Precision(
        name="nf4",
        aliases=("bnb-nf4", "bnb-4bit", "nf4-dq"),
        bits_per_weight=4 + 8 / 64 + 32 / (64 * 256),
        number_format="int4-weights",
        source="arXiv 2305.14314, double quantisation: an 8-bit scale for each 64 weights, theirs for each 256",
    ),
    *(
        Precision(
            name=name,
            aliases={"q3_k_m": ("q3_k", "q2_k-q4_0"), "q4_k_m": ("q4_k",), "q5_k_m": ("q5_k",)}.get(name, ()),
            bits_per_weight=mixture.typical_bits,
            kept_bits=BLOCK_BITS[mixture.head],
            small_bits=32,
            is_mixture=True,
            number_format="int8-weights" if mixture.base == "q8_0" else "int4-weights",
            source=f"{_GGUF}; llama.cpp's llama-quant.cpp",
        )
        for name, mixture in MIXTURES.items()
    ),
)

PRECISIONS: Mapping[str, Precision] = {each.name: each for each in _ALL}


def precision(name: str) -> Precision:
    """The precision of that name or alias, in any case. Raises `ConfigError`, which names the nearest."""
    known = _by_alias()
    if name.lower() in known:
        return known[name.lower()]
    nearest = difflib.get_close_matches(name.lower(), known, n=1)
    raise ConfigError(
        f"There is no precision {name!r}.",
        f"Known are {', '.join(PRECISIONS)}.",
        f"Did you mean {nearest[0]!r}?" if nearest else "Choose one of them.",
    )


@functools.cache
def _by_alias() -> Mapping[str, Precision]:
    return {alias: each for each in _ALL for alias in (each.name, *each.aliases)}


def weight_bytes(shape: ModelShape, precision_name: str) -> float:
    """Bytes of all weights as a file holds them. Raises `ConfigError` where the precision is unknown."""
    return stored_bytes(shape, precision(precision_name))


def stored_bytes(shape: ModelShape, kept: Precision) -> float:
    """The same of a precision at hand."""
    if kept.is_mixture:
        return mixture_bytes(shape, kept.name)
    layers = sum(layer.count * layer_bytes(shape, index, kept) for index, layer in enumerate(shape.layers))
    vocabularies = shape.embedding_parameters * (1 if shape.ties_embeddings else 2)
    return layers + (vocabularies * kept.kept_bits + shape.num_other_parameters * kept.small_bits) / 8


def layer_bytes(shape: ModelShape, index: int, kept: Precision) -> float:
    """Bytes of one layer of the kind `shape.layers[index]`, which is no mixture's."""
    contents = layer_contents(shape, shape.layers[index])
    expert_bits, other_bits = matrix_bits(shape, kept)
    matrices = contents.experts * expert_bits + (contents.matrices - contents.experts) * other_bits
    return (matrices + contents.small * kept.small_bits) / 8


def matrix_bits(shape: ModelShape, kept: Precision) -> tuple[float, float]:
    """Mean bits of the experts' matrices, and of the other matrices in the layers (F6)."""
    if not kept.is_mixture:
        others = kept.kept_bits if kept.experts_only and shape.num_sparse_layers else kept.bits_per_weight
        return kept.bits_per_weight, others
    numbers = sum(layer.count * layer_contents(shape, layer).matrices for layer in shape.layers)
    small = sum(layer.count * layer_contents(shape, layer).small for layer in shape.layers) + shape.num_other_parameters
    vocabularies = kept.kept_bits + (0 if shape.ties_embeddings else embedding_bits(shape, kept))
    rest = small * kept.small_bits + shape.embedding_parameters * vocabularies
    mean = (8 * mixture_bytes(shape, kept.name) - rest) / numbers
    return mean, mean


def embedding_bits(shape: ModelShape, kept: Precision) -> float:
    """Of the input embedding: the head's where they are tied, and a mixture's base where they are not."""
    if kept.is_mixture and not shape.ties_embeddings:
        return BLOCK_BITS[MIXTURES[kept.name].base]
    return kept.kept_bits
