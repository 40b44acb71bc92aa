"""Keys and values of running sequences in one allocation; knows slots, not requests.

Contiguous for now: a sequence owns one block as long as the longest sequence, so its keys are a view, never gathered.
Legend: L layers, P slots, T new tokens, G key/value heads, K head size, S keys of a sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zaphod.engine.batch import Batch
from zaphod.model.attention import Span
from zaphod.model.config import ModelConfig


def cache_bytes(config: ModelConfig, num_slots: int, dtype: torch.dtype) -> int:
    """Bytes of keys and values for `num_slots` tokens."""
    return 2 * config.num_layers * num_slots * config.num_kv_heads * config.head_dim * dtype.itemsize


class KVCache:
    """Storage for `num_blocks` sequences of at most `block_size` tokens."""

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
        self._slots_T = batch.slot_mapping_T
        self._places: list[tuple[slice, slice]] = []
        row = 0
        places = zip(batch.query_lens_B, batch.context_lens_B, batch.block_tables_BN, strict=True)
        for query_len, context_len, blocks in places:
            assert len(blocks) == 1, "the contiguous cache holds a sequence in one block"
            first_slot = blocks[0] * cache.block_size
            self._places.append((slice(row, row + query_len), slice(first_slot, first_slot + context_len)))
            row += query_len

    def extend(self, layer: int, keys_TGK: Tensor, values_TGK: Tensor) -> Sequence[Span]:
        """Store the new keys and values of one layer; one span for each sequence."""
        keys_PGK, values_PGK = self._cache.keys_LPGK[layer], self._cache.values_LPGK[layer]
        keys_PGK[self._slots_T] = keys_TGK.to(keys_PGK.dtype)
        values_PGK[self._slots_T] = values_TGK.to(values_PGK.dtype)
        return [Span(rows, keys_PGK[slots][None], values_PGK[slots][None]) for rows, slots in self._places]
