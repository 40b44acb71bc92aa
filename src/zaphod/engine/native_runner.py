"""The compiled network as a runner: weights, cache and passes on the CPU; knows no request and no file."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from zaphod.compute.kernels import dispatch
from zaphod.core.errors import ConfigError
from zaphod.engine.adapters import AdapterNumbers
from zaphod.engine.batch import Batch
from zaphod.engine.tuning import CHUNK_BYTES
from zaphod.model.adapters import Adapter
from zaphod.model.config import ModelConfig
from zaphod.model.native import NativeWeights, network_options, rope_frequencies
from zaphod.model.native_adapters import pack_adapter

CacheDtype = Literal["float16", "bfloat16", "float32", "int8"]

BLOCK_SIZE = 32
"""Tokens a block of the cache holds."""

MAX_PASS_TOKENS = 512
"""Tokens that scratch memory is kept for; longer batches are computed in several passes."""

_STORES: dict[str, int] = {"float32": 0, "float16": 1, "bfloat16": 2, "int8": 3}


class NativeRunner:
    """The network in C++. The same request gives the same bits, whatever runs beside it and however it is cut.

    Args:
        weights: the network's weights, see `model.native.load_native`.
        num_threads: threads that compute, the caller's included.
        max_len: longest sequence, prompt and answer together; the model's context length by default.
        num_blocks: blocks of the cache, shared by all sequences; enough for one of `max_len` by default.
        cache_dtype: how keys and values are kept; what is computed with them is float32.
        chunk_bytes: weights that a thread takes at one time, see `zaphod tune`; no bit depends on it.

    Raises:
        ConfigError: a size is below 1, the length beyond the model's context length, or the kernels are missing.
    """

    block_size = BLOCK_SIZE

    def __init__(
        self,
        weights: NativeWeights,
        *,
        num_threads: int = 1,
        max_len: int | None = None,
        num_blocks: int | None = None,
        cache_dtype: CacheDtype = "float16",
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        config = weights.config
        self._config = config
        self._adapter_numbers = AdapterNumbers()
        self.vocab_size = config.vocab_size
        self.max_len = config.context_length if max_len is None else max_len
        if not 1 <= self.max_len <= config.context_length:
            raise ConfigError(
                f"max_len is {self.max_len}.",
                f"It must lie from 1 to {config.context_length}, the model's context.",
                "Correct it, or leave it out for the default.",
            )
        self.num_blocks = -(-self.max_len // BLOCK_SIZE) if num_blocks is None else num_blocks
        self.num_threads = num_threads
        self.weight_bytes = weights.num_bytes
        self._network = dispatch.native().Network(
            network_options(config),
            dict(weights.matrices),
            dict(weights.vectors),
            rope_frequencies(config),
            _STORES[cache_dtype],
            BLOCK_SIZE,
            self.num_blocks,
            MAX_PASS_TOKENS,
            num_threads,
            chunk_bytes,
        )

    @property
    def scratch_bytes(self) -> int:
        """Memory beside weights and cache."""
        return int(self._network.scratch_bytes)

    @property
    def instruction_set(self) -> str:
        """What the kernels run on."""
        return str(self._network.instruction_set)

    def forward(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Logits [R, V] of the batch's wanted rows; the array is overwritten by the next pass."""
        logits_RV: npt.NDArray[np.float32] = self._network.forward(
            batch.token_ids_T,
            batch.positions_T,
            batch.slot_mapping_T,
            batch.query_lens_B,
            batch.context_lens_B,
            batch.block_tables_BN,
            batch.logit_rows_R,
            batch.adapter_ids_B,
            batch.state_rows_S,
            batch.reports_experts,
        )
        return logits_RV

    def hidden_states(self) -> npt.NDArray[np.float32]:
        """See `Runner.hidden_states`; a copy."""
        return np.array(self._network.states())

    def experts(self) -> npt.NDArray[np.int32]:
        """See `Runner.experts`; a copy."""
        return np.array(self._network.experts())

    def load_adapter(self, name: str, adapter: Adapter) -> None:
        """Let requests ask for an adapter. Raises `ConfigError` where the name is taken or it is another model's."""
        adapter.require_fit(self._config)
        self._adapter_numbers.require_free(name)
        matrices = pack_adapter(adapter)
        self._network.load_adapter(self._adapter_numbers.add(name), matrices)

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter that no sequence uses. Raises `RequestError` where it is not loaded."""
        self._network.unload_adapter(self._adapter_numbers.remove(name))

    def adapter_id(self, name: str) -> int:
        """See `Runner.adapter_id`."""
        return self._adapter_numbers.number(name)


def cache_bytes(config: ModelConfig, num_tokens: int, cache_dtype: CacheDtype = "float16") -> int:
    """Memory for keys and values of `num_tokens` tokens, in whole blocks."""
    block_bytes = dispatch.native().cache_block_bytes(
        _STORES[cache_dtype], config.head_dim, BLOCK_SIZE, config.num_kv_heads
    )
    return int(block_bytes) * config.num_layers * -(-num_tokens // BLOCK_SIZE)
