"""GGUF files of random weights in the shapes of Grok-1 and Qwen3-MoE, so that anyone can repeat a measurement.

The switches of the maths are those of the released models; widths and depths are smaller. All matrices, the embedding
and the head among them, have the one type asked for, as llama.cpp's quantiser makes them with `--pure`; norms and
routers are float32. The memory needed is that of one expert, or of the embedding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zaphod.compute.quant import FLOAT32, EncodedTensor
from zaphod.compute.quant.tensor import FloatArray, Shape
from zaphod.compute.weights import PlannedTensor
from zaphod.compute.weights.gguf_writer import GGUFWriter
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.core.tokenizers.gguf import PREFIX
from zaphod.core.tokenizers.patterns import bytes_to_spelling
from zaphod.model.config import ModelConfig
from zaphod.model.families import FAMILIES, preset
from zaphod.model.files.gguf import config_to_gguf
from zaphod.model.files.names import GGUF_LAYOUTS, their_names
from zaphod.model.shapes import is_kept_exact, parameter_shapes, part_of
from zaphod.study.benchmarks.random_codes import random_format, random_tensor

VOCAB_SIZE = 32768
CONTEXT_LENGTH = 16384
_PRESETS = {"grok": "grok-1", "qwen3moe": "qwen3-30b-a3b"}
# hidden size, layers, query heads, key/value heads, width of an expert. NOTE: llama.cpp computes a Grok only where
# heads times head size (128) are the hidden size. The 4B of qwen3moe has six layers of Qwen3-30B-A3B as they are.
_SIZES: Mapping[str, Mapping[str, tuple[int, int, int, int, int]]] = {
    "grok": {"0.3B": (768, 9, 6, 2, 1536), "1.2B": (1024, 22, 8, 2, 2048), "4B": (2048, 19, 16, 4, 4096)},
    "qwen3moe": {"0.3B": (512, 10, 8, 2, 128), "1.2B": (1024, 11, 16, 2, 256), "4B": (2048, 6, 32, 4, 768)},
}
ARCHITECTURES = tuple(_SIZES)
SIZES = ("0.3B", "1.2B", "4B")
# The logits of a trained model spread over some units; with random weights of unit gain they would be all alike.
_LOGIT_DEVIATION = 3.0
_ROUTER_GAIN = 4.0
_BRANCH_GAIN = 0.3
_NORMAL, _CONTROL, _UNUSED = 1, 3, 5


def random_config(architecture: str, size: str) -> ModelConfig:
    """The shape of a random model. Raises `ConfigError` for an unknown architecture or size."""
    if architecture not in _SIZES or size not in _SIZES[architecture]:
        raise ConfigError(
            f"There is no random model of architecture {architecture!r} and size {size!r}.",
            f"Architectures are {', '.join(ARCHITECTURES)}; sizes {', '.join(SIZES)}.",
            "Choose one of each.",
        )
    hidden, layers, heads, kv_heads, expert_size = _SIZES[architecture][size]
    big = preset(_PRESETS[architecture]).config
    assert big.moe is not None
    return dataclasses.replace(
        big,
        vocab_size=VOCAB_SIZE,
        hidden_size=hidden,
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=kv_heads,
        head_dim=128,
        context_length=CONTEXT_LENGTH,
        moe=dataclasses.replace(big.moe, expert_size=expert_size),
        pad_token_id=None,
        bos_token_id=None,
        eos_token_ids=(256,),
    )


def write_random_gguf(
    config: ModelConfig, type_name: str, out: Path, seed: int = 0, progress: Progress = SILENT
) -> Path:
    """Write a random model; one that was interrupted goes on where it stopped.

    Args:
        config: of a family that GGUF knows.
        type_name: `q8_0`, `q4_0` or `bf16`, of every matrix.
        out: the file.
        seed: the same seed gives the same bytes.
        progress: who is told how far it is.

    Raises:
        ConfigError: GGUF has no architecture or no type for it.
    """
    metadata = config_to_gguf(config, out.stem) | _vocabulary(config.vocab_size)
    plan = _plan(config, type_name)
    writer = GGUFWriter(out, list(plan.values()), metadata, source=f"random {seed} {type_name} {config!r}")
    with progress.step("writing", sum(tensor.num_bytes for tensor in plan.values())) as advance:
        for number, (name, tensor) in enumerate(plan.items()):
            if not writer.is_written(tensor.name):
                writer.write(tensor.name, _pieces(config, name, tensor, np.random.default_rng((seed, number))))
            advance(tensor.num_bytes)
    return writer.finish()[0]


def _plan(config: ModelConfig, type_name: str) -> dict[str, PlannedTensor]:
    """What is written, by our names."""
    architecture = FAMILIES[config.family].gguf_architecture
    assert architecture is not None, "config_to_gguf refuses such families"
    matrix_format, layout = random_format(type_name), GGUF_LAYOUTS[architecture]
    plan = {}
    for name, shape in parameter_shapes(config).items():
        rule, layer = layout.rules_for(name)[0]
        [theirs] = their_names(rule, layer, 0)
        plan[name] = PlannedTensor(theirs, shape, FLOAT32 if is_kept_exact(name, shape) else matrix_format)
    return plan


def _pieces(config: ModelConfig, name: str, tensor: PlannedTensor, rng: np.random.Generator) -> Iterator[EncodedTensor]:
    shape = tensor.shape
    if part_of(name) == "norms":
        yield EncodedTensor(shape, FLOAT32, {"values": _norm(config, name, shape, rng)})
        return
    stacked = len(shape) == 3
    deviation = _deviation(config, name, shape)
    for _ in range(shape[0] if stacked else 1):
        yield random_tensor(shape[1:] if stacked else shape, tensor.format, deviation, rng)


def _norm(config: ModelConfig, name: str, shape: Shape, rng: np.random.Generator) -> FloatArray:
    """Of a norm: near 1; those after a branch less, so that a branch changes the residual stream a little at a time.

    The last one has both signs: a head that is the embedding, too, would see little but the last token otherwise.
    """
    if name == "norm.weight":
        return (rng.standard_normal(shape) * _head_gain(config)).astype(np.float32)
    gain = _BRANCH_GAIN if ".post_" in name else 1.0
    return rng.normal(gain, gain / 10, shape).astype(np.float32)


def _deviation(config: ModelConfig, name: str, shape: Shape) -> float:
    """Of the weights: a matrix keeps the root mean square of what it is given.

    Routers decide clearly, as trained ones do: were the experts at the margin as important as the first, rounding would
    exchange them and the logits would be those of another model.
    """
    if part_of(name) == "embedding":
        return 1 / config.embedding_multiplier
    return float((_ROUTER_GAIN if part_of(name) == "routers" else 1.0) / shape[-1] ** 0.5)


def _head_gain(config: ModelConfig) -> float:
    """What the last norm multiplies by, so that logits have `_LOGIT_DEVIATION`."""
    name = "embedding.weight" if config.tie_embeddings else "head.weight"
    head = _deviation(config, name, (config.vocab_size, config.hidden_size))
    return float(_LOGIT_DEVIATION / (config.output_multiplier * head * config.hidden_size**0.5))


def _vocabulary(vocab_size: int) -> dict[str, Any]:
    """The 256 bytes, an end token, one merge, and unused tokens for the rest."""
    letters = [bytes_to_spelling(bytes([value])) for value in range(256)]
    tokens = [*letters, "<|end|>", "th"]
    padding = [f"[PAD{number}]" for number in range(len(tokens), vocab_size)]
    types = [_NORMAL] * 256 + [_CONTROL, _NORMAL] + [_UNUSED] * len(padding)
    return {
        PREFIX + "model": "gpt2",
        PREFIX + "pre": "gpt-2",
        PREFIX + "tokens": tokens + padding,
        PREFIX + "token_type": np.array(types, np.int32),
        PREFIX + "merges": ["t h"],
        PREFIX + "add_bos_token": False,
    }
