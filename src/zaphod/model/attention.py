"""Grouped-query attention with its projections; does not know where keys and values are kept between passes.

Legend: T tokens of all sequences in one flat axis, B sequences, S keys of a sequence, D width, H query heads,
G key/value heads, K head size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from zaphod.compute.kernels import reference
from zaphod.compute.kernels.operations import Operations
from zaphod.model.config import ModelConfig
from zaphod.model.low_rank import TokenAdapters, adapted
from zaphod.model.norm import RMSNorm


class Span(NamedTuple):
    """Queries of B sequences of equal length with the keys they may look at; the queries are the last positions."""

    rows: slice
    """Which rows of the flat token axis are the queries, sequence after sequence."""
    keys_BSGK: Tensor
    """Keys at positions [0, S), already rotated."""
    values_BSGK: Tensor


class KeyValues(Protocol):
    """Where keys and values live between forward passes."""

    def extend(self, layer: int, keys_TGK: Tensor, values_TGK: Tensor) -> Sequence[Span]:
        """Store this pass's keys and values of one layer; return what its queries may look at."""


class WholeSequences:
    """Key/value store of a pass that holds whole sequences of equal length (training, scoring): nothing is kept."""

    def __init__(self, num_sequences: int) -> None:
        self.num_sequences = num_sequences

    def extend(self, layer: int, keys_TGK: Tensor, values_TGK: Tensor) -> Sequence[Span]:
        """The pass's own keys, cut into sequences."""
        shape = (self.num_sequences, -1, *keys_TGK.shape[1:])
        return (Span(slice(0, len(keys_TGK)), keys_TGK.view(shape), values_TGK.view(shape)),)


class Attention(nn.Module):
    """Projections, optional QK norms, rotary embedding and softmax attention of one layer."""

    operations: Operations = reference
    """See `Transformer.use`."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.head_dim = config.head_dim
        self.scale = config.softmax_scale
        self.cap = config.attention_softcap
        self.temperature_length = config.attention_temperature_length
        self.window = config.sliding_window
        query_size, kv_size = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, query_size, bias=config.qkv_bias)
        self.k_proj = nn.Linear(config.hidden_size, kv_size, bias=config.qkv_bias)
        self.v_proj = nn.Linear(config.hidden_size, kv_size, bias=config.qkv_bias)
        self.o_proj = nn.Linear(query_size, config.hidden_size, bias=config.attention_output_bias)
        self.norms_heads = config.qk_norm == "per_head"
        self.q_norm: RMSNorm | None = None
        self.k_norm: RMSNorm | None = None
        if config.qk_norm != "none":
            sizes = (config.head_dim, config.head_dim) if self.norms_heads else (query_size, kv_size)
            self.q_norm, self.k_norm = (RMSNorm(size, config.rms_norm_epsilon) for size in sizes)

    def forward(
        self,
        x_TD: Tensor,
        cos: Tensor,
        sin: Tensor,
        keys_values: KeyValues,
        adapters: TokenAdapters | None = None,
    ) -> Tensor:
        """Attention output [T, D]; `cos` and `sin` are `reference.rotation` of the tokens' positions."""
        q_TI, k_TI, v_TI = (
            adapted(adapters, f"{name}.weight", getattr(self, name)(x_TD), x_TD)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        q_THK, k_TGK = self._normed(q_TI, self.q_norm), self._normed(k_TI, self.k_norm)
        q_THK, k_TGK = self.operations.rotate(q_THK, cos, sin), self.operations.rotate(k_TGK, cos, sin)
        spans = keys_values.extend(self.layer, k_TGK, self._heads(v_TI))
        # NOTE: a split has one gradient for all its parts; every slice would have one of the whole tensor's size.
        sizes = [span.rows.stop - span.rows.start for span in spans]
        queries = (q_THK,) if len(spans) == 1 else torch.split(q_THK, sizes)
        parts = [self._attend(q, span) for q, span in zip(queries, spans, strict=True)]
        mixed_TI = parts[0] if len(parts) == 1 else torch.cat(parts)
        return adapted(adapters, "o_proj.weight", self.o_proj(mixed_TI), mixed_TI)

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(len(x), -1, self.head_dim)

    def _normed(self, x: Tensor, norm: RMSNorm | None) -> Tensor:
        if norm is None:
            return self._heads(x)
        return norm(self._heads(x)) if self.norms_heads else self._heads(norm(x))

    def _attend(self, q_THK: Tensor, span: Span) -> Tensor:
        out = self.operations.attention(
            q_THK.view(len(span.keys_BSGK), -1, *q_THK.shape[1:]),
            span.keys_BSGK,
            span.values_BSGK,
            scale=self.scale,
            cap=self.cap,
            temperature_length=self.temperature_length,
            window=self.window,
        )
        return out.reshape(len(q_THK), -1)
