"""Adapters applied to the tokens of a pass; knows which rows each adapter has, not where either comes from.

Legend: T tokens of all sequences in one flat axis, I inputs, O outputs, R rank, E experts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from zaphod.compute.kernels import reference
from zaphod.compute.kernels.reference import LowRankExperts, LowRankPair
from zaphod.model.adapters import Adapter

Pairs = Mapping[str, LowRankPair]


class AdaptedRows(NamedTuple):
    """One adapter and the tokens it applies to."""

    rows: Tensor
    """Rows of the flat token axis, int64."""
    pairs: Pairs
    """By the canonical name of the weight."""


class TokenAdapters:
    """The adapters of a pass, as one part of the network sees them.

    Args:
        groups: each adapter of the pass with its tokens.
        prefix: what the names of this part's weights begin with.
    """

    def __init__(self, groups: Sequence[AdaptedRows], prefix: str = "") -> None:
        self._groups = groups
        self._prefix = prefix

    def add(self, name: str, y_TO: Tensor, x_TI: Tensor) -> Tensor:
        """The product y = W x with every adapter's part for W added to its rows."""
        for rows, pairs in self._groups:
            pair = pairs.get(self._prefix + name)
            if pair is not None:
                y_TO = reference.add_low_rank(y_TO, x_TI, rows, pair)
        return y_TO

    def of_experts(self, num_tokens: int) -> list[LowRankExperts]:
        """What `reference.experts` adds, for those adapters that have parts for this stack."""
        parts: list[LowRankExperts] = []
        for rows, pairs in self._groups:
            gate, up, down = (pairs.get(f"{self._prefix}{name}") for name in ("gate", "up", "down"))
            if gate is not None or up is not None or down is not None:
                is_mine_T = torch.zeros(num_tokens, dtype=torch.bool, device=rows.device).index_fill(0, rows, True)
                parts.append(LowRankExperts(is_mine_T, gate, up, down))
        return parts

    def within(self, part: str) -> TokenAdapters:
        """The same adapters for the weights whose names go on with `part`."""
        return TokenAdapters(self._groups, f"{self._prefix}{part}.")


def adapted(adapters: TokenAdapters | None, name: str, y_TO: Tensor, x_TI: Tensor) -> Tensor:
    """`TokenAdapters.add` where there are adapters."""
    return y_TO if adapters is None else adapters.add(name, y_TO, x_TI)


def within(adapters: TokenAdapters | None, part: str) -> TokenAdapters | None:
    """`TokenAdapters.within` where there are adapters."""
    return None if adapters is None else adapters.within(part)


def adapter_pairs(adapter: Adapter, dtype: torch.dtype) -> Pairs:
    """An adapter as tensors."""
    return {
        name: LowRankPair(torch.from_numpy(part.a).to(dtype), torch.from_numpy(part.b).to(dtype))
        for name, part in adapter.parts.items()
    }
