"""A tiny random sparse model and a tokenizer of bytes for tests, ours and the user's: real code paths, no files."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from zaphod.core.tokenizers import ByteTokenizer
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer

__all__ = ["TINY_CONFIG", "ByteTokenizer", "tiny_model"]

TINY_CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=259,
    hidden_size=32,
    num_layers=3,
    num_heads=4,
    num_kv_heads=2,
    head_dim=8,
    context_length=64,
    moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2, renormalise=True), expert_size=48),
    tie_embeddings=True,
)
"""Vocabulary of `ByteTokenizer` (256 bytes and three special tokens)."""


def tiny_model(seed: int = 0, **changes: Any) -> Transformer:
    """A `Transformer` of `TINY_CONFIG` with `changes` applied, its float32 weights drawn from `seed`."""
    model = Transformer(dataclasses.replace(TINY_CONFIG, **changes))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            scale = 1.0 if parameter.dim() == 1 else 1.5 * parameter.shape[-1] ** -0.5
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.2 * noise if parameter.dim() == 1 else scale * noise)
    return model.requires_grad_(False).eval()
