"""What one forward pass needs, as one argument; knows slots and positions, not requests.

Legend: T tokens of all sequences in one flat axis, B sequences, N blocks of the longest table, R rows whose logits are
wanted, S rows whose hidden states are. A slot holds one token's keys and values. A sequence's slots are those of its
blocks, in order; block b covers the slots [b · block_size, (b + 1) · block_size).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """New tokens of B sequences, sequence after sequence on the flat axis."""

    token_ids_T: Int32Array
    positions_T: Int32Array
    """Position of each token in its own sequence."""
    slot_mapping_T: npt.NDArray[np.int64]
    """Where each token's keys and values go."""
    query_lens_B: Int32Array
    """New tokens of each sequence; they sum to T."""
    context_lens_B: Int32Array
    """Tokens each sequence holds after this pass, the new ones included."""
    block_tables_BN: Int32Array
    """Blocks of each sequence, in order; what lies behind its last one is 0 and never looked at."""
    logit_rows_R: Int32Array
    """Rows of T whose logits are wanted, in order; none where the pass only reads the beginning of prompts."""
    adapter_ids_B: Int32Array
    """Adapter of each sequence, -1 for none."""
    state_rows_S: Int32Array | None = None
    """Rows of T whose hidden states after the last norm are wanted, in order; None where nobody wants any."""
    reports_experts: bool = False
    """Whether it is wanted which experts computed the rows R."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One sequence's share of a batch: new tokens that follow `num_cached` tokens already held in `blocks`."""

    token_ids: Sequence[int]
    num_cached: int
    blocks: Sequence[int] | Int32Array
    num_logits: int = 1
    """Logits are wanted of this many of the last new tokens."""
    adapter_id: int = -1
    wants_states: bool = False
    """Hidden states are wanted of all new tokens."""


def assemble(sequences: Sequence[Scheduled], block_size: int, *, reports_experts: bool = False) -> Batch:
    """The batch that appends each sequence's new tokens.

    Raises:
        IndexError: a sequence has no block for one of its tokens.
    """
    if len(sequences) == 1:
        return _assemble_one(sequences[0], block_size, reports_experts)
    query_lens_B = np.array([len(sequence.token_ids) for sequence in sequences], np.int32)
    num_cached_B = np.array([sequence.num_cached for sequence in sequences], np.int32)
    last_rows_B = np.cumsum(query_lens_B, dtype=np.int32)
    token_ids = [token_id for sequence in sequences for token_id in sequence.token_ids]
    sequence_T = np.repeat(np.arange(len(sequences), dtype=np.int32), query_lens_B)
    positions_T = np.arange(len(token_ids), dtype=np.int32) + (num_cached_B + query_lens_B - last_rows_B)[sequence_T]
    block_tables_BN = _block_tables(sequences, block_size)
    logit_rows = [
        row
        for sequence, end in zip(sequences, last_rows_B.tolist(), strict=True)
        for row in range(end - sequence.num_logits, end)
    ]
    return Batch(
        token_ids_T=np.array(token_ids, np.int32),
        positions_T=positions_T,
        slot_mapping_T=_slots(block_tables_BN[sequence_T, positions_T // block_size], positions_T, block_size),
        query_lens_B=query_lens_B,
        context_lens_B=num_cached_B + query_lens_B,
        block_tables_BN=block_tables_BN,
        logit_rows_R=np.array(logit_rows, np.int32),
        adapter_ids_B=np.array([sequence.adapter_id for sequence in sequences], np.int32),
        state_rows_S=_state_rows(sequences, sequence_T),
        reports_experts=reports_experts,
    )


def _assemble_one(sequence: Scheduled, block_size: int, reports_experts: bool) -> Batch:
    """The common case of one answer at a time, with a third of the steps."""
    num_new, num_cached = len(sequence.token_ids), sequence.num_cached
    positions_T = np.arange(num_cached, num_cached + num_new, dtype=np.int32)
    block_tables_BN = _block_tables((sequence,), block_size)
    return Batch(
        token_ids_T=np.array(sequence.token_ids, np.int32),
        positions_T=positions_T,
        slot_mapping_T=_slots(block_tables_BN[0, positions_T // block_size], positions_T, block_size),
        query_lens_B=np.array((num_new,), np.int32),
        context_lens_B=np.array((num_cached + num_new,), np.int32),
        block_tables_BN=block_tables_BN,
        logit_rows_R=np.arange(num_new - sequence.num_logits, num_new, dtype=np.int32),
        adapter_ids_B=np.array((sequence.adapter_id,), np.int32),
        state_rows_S=np.arange(num_new, dtype=np.int32) if sequence.wants_states else None,
        reports_experts=reports_experts,
    )


def _state_rows(sequences: Sequence[Scheduled], sequence_T: Int32Array) -> Int32Array | None:
    wants_states_B = np.array([sequence.wants_states for sequence in sequences], np.bool_)
    return np.flatnonzero(wants_states_B[sequence_T]).astype(np.int32) if wants_states_B.any() else None


def _block_tables(sequences: Sequence[Scheduled], block_size: int) -> Int32Array:
    counts = [-(-(sequence.num_cached + len(sequence.token_ids)) // block_size) for sequence in sequences]
    tables_BN = np.zeros((len(sequences), max(counts, default=0)), np.int32)
    for row_N, sequence, count in zip(tables_BN, sequences, counts, strict=True):
        if count > len(sequence.blocks):
            raise IndexError(f"{count} blocks are needed, {len(sequence.blocks)} are held")
        row_N[:count] = sequence.blocks[:count]
    return tables_BN


def _slots(blocks_T: Int32Array, positions_T: Int32Array, block_size: int) -> npt.NDArray[np.int64]:
    return blocks_T.astype(np.int64) * block_size + positions_T % block_size
