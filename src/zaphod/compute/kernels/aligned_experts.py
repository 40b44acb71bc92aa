"""`reference.experts` with every expert's rows filled up to a multiple of 64; for training on CPUs, where shapes vary.

oneDNN compiles a kernel for each shape of a bfloat16 product, and experts see another number of tokens in every step:
with 3072 tokens and 8 experts of 384 x 192, whole training steps on two busy cores, in turns, ran at 3.1k and 3.0k
tokens/s with filled rows and at 2.5k and 2.3k without (a cache large enough for all shapes grew past 10 GB).

Legend: see `reference`; P filled rows.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from zaphod.compute.kernels.reference import Activation, activate

_ROWS = 64


def aligned_experts(
    x_TD: Tensor,
    gate_EFD: Tensor,
    up_EFD: Tensor,
    down_EDF: Tensor,
    expert_ids_TK: Tensor,
    weights_TK: Tensor,
    activation: Activation,
) -> Tensor:
    """The same sums as `reference.experts`; D and F must be multiples of 16 bytes."""
    num_tokens, num_chosen = expert_ids_TK.shape
    ids_A = expert_ids_TK.reshape(-1)
    order_A = ids_A.argsort(stable=True)
    sizes_E = ids_A.bincount(minlength=len(gate_EFD))
    filled_E = (sizes_E + _ROWS - 1) // _ROWS * _ROWS
    ends_E = filled_E.cumsum(0)
    shift_E = (ends_E - filled_E) - (sizes_E.cumsum(0) - sizes_E)
    places_A = torch.arange(len(order_A), device=order_A.device) + shift_E[ids_A[order_A]]
    # Rows that fill up repeat token 0; nobody reads their output, so they get no gradient.
    sources_P = torch.zeros(int(ends_E[-1]), dtype=torch.int64, device=order_A.device)
    sources_P[places_A] = order_A // num_chosen
    ends_E = ends_E.to(torch.int32)
    x_PD = x_TD[sources_P]
    gate_PF = F.grouped_mm(x_PD, gate_EFD.mT, offs=ends_E)
    hidden_PF = activate(gate_PF, activation) * F.grouped_mm(x_PD, up_EFD.mT, offs=ends_E)
    y_PD = F.grouped_mm(hidden_PF, down_EDF.mT, offs=ends_E)
    y_TKD = y_PD[torch.empty_like(order_A).scatter_(0, order_A, places_A)].view(num_tokens, num_chosen, -1)
    return (y_TKD.float() * weights_TK[:, :, None]).sum(1).to(x_TD.dtype)
