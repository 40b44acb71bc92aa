"""Random-weight models in the Hugging Face layout, written tensor by tensor, so that any size can be made anywhere."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import ml_dtypes
import numpy as np

from zaphod.compute.quant import BFLOAT16, FLOAT32, EncodedTensor, QuantFormat
from zaphod.compute.weights import PlannedTensor
from zaphod.compute.weights.packed import PackedWriter
from zaphod.model.config import ModelConfig
from zaphod.model.families import preset
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.shapes import parameter_shapes


def mixtral_like(*, hidden: int, layers: int, expert_size: int) -> ModelConfig:
    """Mixtral with other dimensions: 8 experts, top-2, vocabulary 32,000."""
    big = preset("mixtral-8x7b").config
    assert big.moe is not None
    return dataclasses.replace(
        big,
        hidden_size=hidden,
        num_layers=layers,
        num_heads=hidden // 64,
        num_kv_heads=hidden // 256,
        head_dim=64,
        context_length=4096,
        moe=dataclasses.replace(big.moe, expert_size=expert_size),
    )


def write_random(config: ModelConfig, folder: Path, seed: int = 0) -> Path:
    """A Hugging Face folder (bfloat16 safetensors) of random weights for `config`; returns it."""
    packed = write_random_packed(config, folder.with_name(folder.name + "-packed"), seed)
    with open_model(packed) as weights:
        convert(weights, "safetensors", folder)
    shutil.rmtree(packed)
    return folder


def write_random_packed(
    config: ModelConfig, folder: Path, seed: int = 0, tokenizer_files: Mapping[str, Path] | None = None
) -> Path:
    """The same as a packed folder, with a vocabulary if files of one are given."""
    plan = [PlannedTensor(name, shape, _format(name)) for name, shape in parameter_shapes(config).items()]
    writer = PackedWriter(folder, plan, config.to_dict(), tokenizer_files or {})
    rng = np.random.default_rng(seed)
    for tensor in plan:
        writer.write(tensor.name, _pieces(tensor, rng))
    writer.finish()
    return folder


def _format(name: str) -> QuantFormat:
    return FLOAT32 if "norm" in name or "router" in name else BFLOAT16


def _pieces(tensor: PlannedTensor, rng: np.random.Generator) -> Iterator[EncodedTensor]:
    stacked = len(tensor.shape) == 3
    for _ in range(tensor.shape[0] if stacked else 1):
        shape = tensor.shape[1:] if stacked else tensor.shape
        values = rng.standard_normal(shape, dtype=np.float32) * (0.5 / np.sqrt(shape[-1]))
        if len(shape) == 1:
            values += 1
        dtype = np.float32 if tensor.format is FLOAT32 else ml_dtypes.bfloat16
        yield EncodedTensor(shape, tensor.format, {"values": values.astype(dtype)})
