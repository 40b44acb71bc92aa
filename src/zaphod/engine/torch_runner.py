"""The PyTorch network as a runner; the only file of the engine, with its cache, that imports PyTorch.

Legend: T tokens, R rows whose logits are wanted, V vocabulary, S rows whose hidden states are wanted, D width,
L layers that have experts, K experts chosen for a token.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zaphod.compute.kernels.reference import Routing
from zaphod.core.errors import CapacityError, ConfigError
from zaphod.core.limits import available_memory_bytes
from zaphod.core.units import format_bytes
from zaphod.engine.adapters import AdapterNumbers
from zaphod.engine.batch import Batch
from zaphod.engine.cache import KVCache, cache_bytes
from zaphod.model.adapters import Adapter
from zaphod.model.low_rank import AdaptedRows, Pairs, TokenAdapters, adapter_pairs
from zaphod.model.transformer import Transformer

DEFAULT_BLOCK_SIZE = 32


class TorchRunner:
    """The PyTorch network on the CPU, in the dtype it was loaded with: the reference.

    Args:
        model: the network.
        max_len: longest sequence, prompt and answer together; the model's context length by default.
        block_size: tokens a block of the cache holds.
        num_blocks: blocks of the cache, shared by all sequences; enough for one of `max_len` by default.

    Raises:
        ConfigError: a size is below 1, or the length beyond the model's context length.
        CapacityError: the cache does not fit into the memory that is free now.
    """

    def __init__(
        self,
        model: Transformer,
        *,
        max_len: int | None = None,
        block_size: int = DEFAULT_BLOCK_SIZE,
        num_blocks: int | None = None,
    ) -> None:
        config = model.config
        self.model = model
        self.vocab_size = config.vocab_size
        self.max_len = config.context_length if max_len is None else max_len
        _require_in_range("max_len", self.max_len, config.context_length)
        _require_in_range("block_size", block_size, None)
        self.block_size = block_size
        self.num_blocks = -(-self.max_len // block_size) if num_blocks is None else num_blocks
        _require_in_range("num_blocks", self.num_blocks, None)
        dtype = model.embedding.weight.dtype
        _require_memory(cache_bytes(config, self.num_blocks * block_size, dtype), self.num_blocks * block_size)
        self.cache = KVCache(config, num_blocks=self.num_blocks, block_size=block_size, dtype=dtype)
        self._adapter_numbers = AdapterNumbers()
        self._adapters: dict[int, Pairs] = {}
        self._states_SD = torch.empty(0, config.hidden_size)
        self._experts_RLK = torch.empty(0, 0, 0, dtype=torch.int32)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Logits [R, V] of the batch's wanted rows."""
        states: list[Tensor] | None = None if batch.state_rows_S is None else []
        routing: list[Routing] | None = [] if batch.reports_experts else None
        logits_RV: Tensor = self.model(
            torch.from_numpy(batch.token_ids_T).long(),
            torch.from_numpy(batch.positions_T).long(),
            self.cache.for_batch(batch),
            rows_R=torch.from_numpy(batch.logit_rows_R).long(),
            routing=routing,
            states=states,
            adapters=self._token_adapters(batch),
        )
        self._keep(batch, states, routing)
        return logits_RV.numpy()

    def hidden_states(self) -> npt.NDArray[np.float32]:
        """See `Runner.hidden_states`."""
        return self._states_SD.numpy()

    def experts(self) -> npt.NDArray[np.int32]:
        """See `Runner.experts`."""
        return self._experts_RLK.numpy()

    def load_adapter(self, name: str, adapter: Adapter) -> None:
        """Let requests ask for an adapter. Raises `ConfigError` where the name is taken or it is another model's."""
        adapter.require_fit(self.model.config)
        self._adapters[self._adapter_numbers.add(name)] = adapter_pairs(adapter, self.model.embedding.weight.dtype)

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter that no sequence uses. Raises `RequestError` where it is not loaded."""
        del self._adapters[self._adapter_numbers.remove(name)]

    def adapter_id(self, name: str) -> int:
        """See `Runner.adapter_id`."""
        return self._adapter_numbers.number(name)

    def _keep(self, batch: Batch, states: list[Tensor] | None, routing: list[Routing] | None) -> None:
        self._states_SD, self._experts_RLK = self._states_SD[:0], self._experts_RLK[:0]
        if states is not None and batch.state_rows_S is not None:
            self._states_SD = states[0][torch.from_numpy(batch.state_rows_S).long()].float()
        if routing is not None:
            rows_R = torch.from_numpy(batch.logit_rows_R).long()
            layers = [_by_weight(layer.expert_ids_TK[rows_R], layer.weights_TK[rows_R]) for layer in routing]
            self._experts_RLK = torch.stack(layers, 1) if layers else torch.empty(len(rows_R), 0, 0, dtype=torch.int32)

    def _token_adapters(self, batch: Batch) -> TokenAdapters | None:
        adapter_ids_T = np.repeat(batch.adapter_ids_B, batch.query_lens_B)
        present = [int(number) for number in np.unique(batch.adapter_ids_B) if number >= 0]
        if unknown := [number for number in present if number not in self._adapters]:
            raise ValueError(f"the batch names adapters that are not loaded: {unknown}")
        if not present:
            return None
        return TokenAdapters(
            [
                AdaptedRows(torch.from_numpy(np.flatnonzero(adapter_ids_T == number)), self._adapters[number])
                for number in present
            ]
        )


def _by_weight(ids_RK: Tensor, weights_RK: Tensor) -> Tensor:
    """Experts in the order of falling weight; a selection bias chooses them in another one."""
    return ids_RK.gather(1, weights_RK.sort(dim=1, descending=True, stable=True).indices).int()


def _require_in_range(name: str, value: int, highest: int | None) -> None:
    if value < 1 or (highest is not None and value > highest):
        raise ConfigError(
            f"{name} is {value}.",
            "It must be 1 or more." if highest is None else f"It must lie from 1 to {highest}, the model's context.",
            "Correct it, or leave it out for the default.",
        )


def _require_memory(needed_bytes: int, num_tokens: int) -> None:
    free_bytes = available_memory_bytes()
    if needed_bytes > free_bytes:
        raise CapacityError(
            f"Keys and values of {num_tokens} tokens take {format_bytes(needed_bytes)}.",
            f"{format_bytes(free_bytes)} are free on this machine.",
            f"Lower the context to {max(1, int(num_tokens * free_bytes / needed_bytes))} tokens.",
        )
