"""What one forward pass needs, as one argument; knows slots and positions, not requests.

Legend: T tokens of all sequences in one flat axis, B sequences, N blocks of a sequence, R rows whose logits are wanted.
A slot holds one token's keys and values. A sequence's slots are those of its blocks, in order; block b covers the slots
[b · block_size, (b + 1) · block_size).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Batch:
    """New tokens of B sequences, sequence after sequence on the flat axis."""

    token_ids_T: Tensor
    """int64."""
    positions_T: Tensor
    """int64, position of each token in its own sequence."""
    slot_mapping_T: Tensor
    """int64, where each token's keys and values go."""
    query_lens_B: tuple[int, ...]
    """New tokens of each sequence; they sum to T."""
    context_lens_B: tuple[int, ...]
    """Tokens each sequence holds after this pass, the new ones included."""
    block_tables_BN: tuple[tuple[int, ...], ...]
    """Blocks of each sequence, in order."""
    logit_rows_R: Tensor
    """int64, rows of T whose logits are wanted."""


@dataclass(frozen=True)
class Scheduled:
    """One sequence's share of a batch: new tokens that follow `num_cached` tokens already held in `blocks`."""

    token_ids: list[int]
    num_cached: int
    blocks: tuple[int, ...]


def assemble(sequences: list[Scheduled], block_size: int) -> Batch:
    """The batch that appends each sequence's new tokens and asks for the logits of its last one."""
    token_ids: list[int] = []
    positions: list[int] = []
    slots: list[int] = []
    last_rows: list[int] = []
    for sequence in sequences:
        new = range(sequence.num_cached, sequence.num_cached + len(sequence.token_ids))
        token_ids += sequence.token_ids
        positions += new
        slots += [sequence.blocks[p // block_size] * block_size + p % block_size for p in new]
        last_rows.append(len(token_ids) - 1)
    return Batch(
        token_ids_T=torch.tensor(token_ids),
        positions_T=torch.tensor(positions),
        slot_mapping_T=torch.tensor(slots),
        query_lens_B=tuple(len(sequence.token_ids) for sequence in sequences),
        context_lens_B=tuple(sequence.num_cached + len(sequence.token_ids) for sequence in sequences),
        block_tables_BN=tuple(sequence.blocks for sequence in sequences),
        logit_rows_R=torch.tensor(last_rows),
    )
