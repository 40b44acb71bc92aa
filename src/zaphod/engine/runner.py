"""What the engine asks of a runner: from a batch to logits; knows no request, no sampling and no library of tensors.

Legend: R rows whose logits are wanted, V vocabulary, S rows whose hidden states are wanted, D width, L layers that have
experts, K experts chosen for a token.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from zaphod.engine.batch import Batch
from zaphod.model.adapters import Adapter


class Runner(Protocol):
    """One way to compute the network. Rooms above see nothing else of it."""

    vocab_size: int
    num_blocks: int
    """How many blocks the cache has."""
    block_size: int
    """Tokens a block holds."""
    max_len: int
    """Longest sequence, in tokens."""

    def forward(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Logits [R, V] of the batch's wanted rows; the cache is extended by its tokens.

        The array may be overwritten by the next pass. R may be 0: then only the cache is extended.
        """

    def hidden_states(self) -> npt.NDArray[np.float32]:
        """Hidden states [S, D] after the last norm, which the head multiplies, of the last batch's `state_rows_S`."""

    def experts(self) -> npt.NDArray[np.int32]:
        """Experts [R, L, K] that computed the rows of the last batch, if it asked; in the order of falling weight."""

    def load_adapter(self, name: str, adapter: Adapter) -> None:
        """Let sequences use an adapter.

        Raises:
            ConfigError: it does not fit the model, or the name is taken.
        """

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter that no sequence uses (`Engine.unload_adapter` sees to that).

        Raises:
            RequestError: there is no such adapter.
        """

    def adapter_id(self, name: str) -> int:
        """The number under which the runner knows an adapter, 0 or more; another one when it was loaded anew.

        Raises:
            RequestError: there is no such adapter.
        """
