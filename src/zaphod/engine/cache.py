"""Keys and values of all sequences in one PyTorch allocation; knows slots and block tables, not requests.

Legend: L layers, P slots, T new tokens, G key/value heads, K head size, S keys of a sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from zaphod.engine.batch import Batch, Int32Array
from zaphod.model.attention import Span
from zaphod.model.config import ModelConfig


def cache_bytes(config: ModelConfig, num_slots: int, dtype: torch.dtype) -> int:
    """Bytes of keys and values for `num_slots` tokens."""
    return 2 * config.num_layers * num_slots * config.num_kv_heads * config.head_dim * dtype.itemsize


class KVCache:
    """Storage for `num_blocks` blocks of `block_size` tokens."""

    def __init__(self, config: ModelConfig, *, num_blocks: int, block_size: int, dtype: torch.dtype) -> None:
        self.block_size = block_size
        shape = (config.num_layers, num_blocks * block_size, config.num_kv_heads, config.head_dim)
        self.keys_LPGK = torch.zeros(shape, dtype=dtype)
        self.values_LPGK = torch.zeros(shape, dtype=dtype)

    def for_batch(self, batch: Batch) -> BatchKeyValues:
        """The view of the cache that one forward pass reads and extends."""
        return BatchKeyValues(self, batch)


class BatchKeyValues:
    """`model.attention.KeyValues` over the cache for one batch."""

    def __init__(self, cache: KVCache, batch: Batch) -> None:
        self._cache = cache
        self._slots_T = torch.from_numpy(batch.slot_mapping_T)
        self._places: list[tuple[slice, slice | Tensor]] = []
        row = 0
        lengths = zip(batch.query_lens_B.tolist(), batch.context_lens_B.tolist(), strict=True)
        for (query_len, context_len), blocks_N in zip(lengths, batch.block_tables_BN, strict=True):
            place = _slots(blocks_N, context_len, cache.block_size)
            self._places.append((slice(row, row + query_len), place))
            row += query_len

    def extend(self, layer: int, keys_TGK: Tensor, values_TGK: Tensor) -> Sequence[Span]:
        """Store the new keys and values of one layer; one span for each sequence."""
        keys_PGK, values_PGK = self._cache.keys_LPGK[layer], self._cache.values_LPGK[layer]
        keys_PGK[self._slots_T] = keys_TGK.to(keys_PGK.dtype)
        values_PGK[self._slots_T] = values_TGK.to(values_PGK.dtype)
        return [Span(rows, keys_PGK[slots][None], values_PGK[slots][None]) for rows, slots in self._places]


def _slots(blocks_N: Int32Array, num_tokens: int, block_size: int) -> slice | Tensor:
    """Slots of a sequence's tokens: a slice, and so a view, where its blocks follow each other."""
    blocks_N = blocks_N[: -(-num_tokens // block_size)]
    first = int(blocks_N[0]) * block_size
    if (np.diff(blocks_N) == 1).all():
        return slice(first, first + num_tokens)
    slots_NS = blocks_N.astype(np.int64)[:, None] * block_size + np.arange(block_size)
    return torch.from_numpy(slots_NS.reshape(-1)[:num_tokens])
