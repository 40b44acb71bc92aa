"""Tokens laid out expert after expert, and back; knows indices and grouped products, not what is multiplied.

Legend: T tokens, K experts chosen per token, E experts, A assignments, P rows after filling up, D width, I inputs,
O outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class RoutedRows(NamedTuple):
    """Where each expert's rows lie."""

    sources_P: Tensor
    """The token of each row."""
    ends_E: Tensor
    """Each expert's rows end here, int32."""
    places_TK: Tensor
    """The row of each assignment."""


def rows_by_expert(expert_ids_TK: Tensor, num_experts: int, row_multiple: int = 1) -> RoutedRows:
    """Sorted once by expert; each expert's rows are filled up to a multiple of `row_multiple`.

    See `reference.experts` for why. Rows that fill up repeat token 0; nobody reads what comes of them, so they get no
    gradient.
    """
    num_tokens, num_chosen = expert_ids_TK.shape
    ids_A = expert_ids_TK.reshape(-1)
    order_A = ids_A.argsort(stable=True)
    sizes_E = ids_A.bincount(minlength=num_experts)
    sources_P, places_A = order_A // num_chosen, torch.arange(len(order_A), device=order_A.device)
    ends_E = sizes_E.cumsum(0)
    if row_multiple > 1:
        filled_E = (sizes_E + row_multiple - 1) // row_multiple * row_multiple
        shift_E = (filled_E.cumsum(0) - filled_E) - (ends_E - sizes_E)
        places_A, ends_E = places_A + shift_E[ids_A[order_A]], filled_E.cumsum(0)
        sources_P = sources_P.new_zeros(int(ends_E[-1])).index_copy(0, places_A, sources_P)
    places_TK = torch.empty_like(order_A).scatter_(0, order_A, places_A).view(num_tokens, num_chosen)
    return RoutedRows(sources_P, ends_E.to(torch.int32), places_TK)


def weighted_sum(y_PD: Tensor, rows: RoutedRows, weights_TK: Tensor) -> Tensor:
    """Each token's outputs, weighted and summed in float32, [T, D]."""
    return (y_PD[rows.places_TK].float() * weights_TK[:, :, None]).sum(1).to(y_PD.dtype)


def grouped_product(x_PI: Tensor, weight_EOI: Tensor, ends_E: Tensor) -> Tensor:
    """Rows [ends[e-1], ends[e]) of x times weight[e] transposed."""
    per_16_bytes = 16 // x_PI.element_size()
    short_in, short_out = -x_PI.shape[-1] % per_16_bytes, -weight_EOI.shape[-2] % per_16_bytes
    if short_in or short_out:  # NOTE: grouped_mm refuses rows that are no multiple of 16 bytes
        out = weight_EOI.shape[-2]
        x_PI, weight_EOI = F.pad(x_PI, (0, short_in)), F.pad(weight_EOI, (0, short_in, 0, short_out))
        return F.grouped_mm(x_PI, weight_EOI.transpose(-2, -1), offs=ends_E)[:, :out].contiguous()
    return F.grouped_mm(x_PI, weight_EOI.transpose(-2, -1), offs=ends_E)
