"""From a batch to logits; knows the network and the cache, not requests or sampling."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from zaphod.core.errors import CapacityError, ConfigError
from zaphod.core.limits import available_memory_bytes
from zaphod.core.units import format_bytes
from zaphod.engine.batch import Batch
from zaphod.engine.cache import KVCache, cache_bytes
from zaphod.model.transformer import Transformer


class Runner(Protocol):
    """One way to compute the network. Rooms above see nothing else of it."""

    vocab_size: int
    num_blocks: int
    """How many blocks of the cache there are."""
    block_size: int
    """Tokens a block holds."""
    max_len: int
    """Longest sequence, in tokens."""

    def forward(self, batch: Batch) -> Tensor:
        """Logits [R, V] float32 of the batch's wanted rows; the cache is extended by its tokens."""


class TorchRunner:
    """The PyTorch network on the CPU, in the dtype it was loaded with: the reference.

    Args:
        model: the network.
        num_sequences: how many sequences may run at one time; each reserves `max_len` tokens of cache.
        max_len: longest sequence, prompt and answer together; the model's context length by default.

    Raises:
        ConfigError: there is no sequence, or its length is not in [1, the model's context length].
        CapacityError: the cache does not fit into the memory that is free now.
    """

    def __init__(self, model: Transformer, *, num_sequences: int = 1, max_len: int | None = None) -> None:
        config = model.config
        self.model = model
        self.vocab_size = config.vocab_size
        self.num_blocks = num_sequences
        self.max_len = self.block_size = config.context_length if max_len is None else max_len
        _require_in_range("num_sequences", num_sequences, None)
        _require_in_range("max_len", self.max_len, config.context_length)
        dtype = model.embedding.weight.dtype
        _require_memory(cache_bytes(config, num_sequences * self.block_size, dtype), num_sequences, self.max_len)
        self.cache = KVCache(config, num_blocks=num_sequences, block_size=self.block_size, dtype=dtype)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Tensor:
        """Logits [R, V] float32 of the batch's wanted rows."""
        logits: Tensor = self.model(
            batch.token_ids_T, batch.positions_T, self.cache.for_batch(batch), rows_R=batch.logit_rows_R
        )
        return logits


def _require_in_range(name: str, value: int, highest: int | None) -> None:
    if value < 1 or (highest is not None and value > highest):
        raise ConfigError(
            f"{name} is {value}.",
            "It must be 1 or more." if highest is None else f"It must lie from 1 to {highest}, the model's context.",
            "Correct it, or leave it out for the default.",
        )


def _require_memory(needed_bytes: int, num_sequences: int, max_len: int) -> None:
    free_bytes = available_memory_bytes()
    if needed_bytes > free_bytes:
        raise CapacityError(
            f"Keys and values of {num_sequences} x {max_len} tokens take {format_bytes(needed_bytes)}.",
            f"{format_bytes(free_bytes)} are free on this machine.",
            f"Lower the context to {max(1, int(max_len * free_bytes / needed_bytes))} tokens"
            + (", or run fewer sequences." if num_sequences > 1 else "."),
        )
