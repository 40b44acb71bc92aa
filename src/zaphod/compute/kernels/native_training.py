"""Training's native operations on tensors: checks, allocates, hands addresses over; knows no autograd and no network.

Tensors are contiguous, on the CPU, float32 or bfloat16. Legend: N rows, D columns, T tokens, H heads, K head size or
experts chosen per token, E experts, P rows after filling up.
"""

from __future__ import annotations

import functools
import logging
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from zaphod.compute.kernels import dispatch
from zaphod.compute.kernels.reference import Activation

_LOG = logging.getLogger(__name__)
_ELEMENTS = {torch.float32: 0, torch.bfloat16: 1}
_ACTIVATIONS: dict[Activation, int] = {"gelu_tanh": 0, "gelu_erf": 1, "silu": 2}


class Dealt(NamedTuple):
    """Assignments of tokens to experts, sorted by expert."""

    sources_P: Tensor
    """The token of each row, -1 where a row only fills up; int32."""
    places_TK: Tensor
    """The row of each assignment, int32."""
    ends: list[int]
    """Where each expert's rows end."""


class TrainingKernels:
    """The operations of one instruction set.

    Args:
        isa: its name; one of `dispatch.instruction_sets()`.
    """

    def __init__(self, isa: str) -> None:
        self._isa = isa
        self._native: Any = dispatch.native().training

    def norm(self, x: Tensor, weight_D: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        """`reference.rms_norm`, and 1 / rms of every row."""
        rows, cols = _rows(x)
        y, scales_N = torch.empty_like(x), torch.empty(rows)
        arguments = (_at(weight_D), rows, cols, epsilon, _at(y), _at(scales_N))
        self._native.norm(self._isa, _element(x), _at(x), *arguments)
        return y, scales_N

    def norm_backward(self, dy: Tensor, x: Tensor, weight_D: Tensor, scales_N: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of x and of the weight (float32)."""
        rows, cols = _rows(x)
        dx, dweight_D = torch.empty_like(x), torch.zeros(cols)
        arguments = (_at(weight_D), _at(scales_N), rows, cols, _at(dx), _at(dweight_D))
        self._native.norm_backward(self._isa, _element(x), _at(dy), _at(x), *arguments)
        return dx, dweight_D

    def turn(self, x_THK: Tensor, cos: Tensor, sin: Tensor, way: float) -> Tensor:
        """`reference.rotate`; with -1 as `way`, its inverse."""
        tokens, heads, size = x_THK.shape
        y = torch.empty_like(x_THK)
        arguments = (_at(cos), _at(sin), tokens, heads, size // 2, way, _at(y))
        self._native.turn(self._isa, _element(x_THK), _at(x_THK), *arguments)
        return y

    def gated(self, gate_ND: Tensor, up_ND: Tensor, scales_N: Tensor | None, activation: Activation) -> Tensor:
        """activate(gate) · up · scale of the row."""
        hidden = torch.empty_like(gate_ND)
        arguments = (_at(gate_ND), _at(up_ND), _at(scales_N), *_rows(gate_ND), _at(hidden))
        self._native.gated(self._isa, _element(gate_ND), _ACTIVATIONS[activation], *arguments)
        return hidden

    def gated_backward(
        self, dhidden_ND: Tensor, gate_ND: Tensor, up_ND: Tensor, scales_N: Tensor | None, activation: Activation
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Gradients of gate and up, `gated` once more, and the gradient of the scales."""
        dgate, dup, hidden = (torch.empty_like(gate_ND) for _ in range(3))
        dscales_N = None if scales_N is None else torch.empty_like(scales_N)
        inputs = (_at(dhidden_ND), _at(gate_ND), _at(up_ND), _at(scales_N), *_rows(gate_ND))
        outputs = (_at(dgate), _at(dup), _at(hidden), _at(dscales_N))
        self._native.gated_backward(self._isa, _element(gate_ND), _ACTIVATIONS[activation], *inputs, *outputs)
        return dgate, dup, hidden, dscales_N

    def deal(self, expert_ids_TK: Tensor, num_experts: int, row_multiple: int) -> Dealt:
        """Sort assignments by expert and fill every expert's rows up to a multiple of `row_multiple`."""
        ids_TK = expert_ids_TK.contiguous()
        most = ids_TK.numel() + num_experts * (row_multiple - 1)
        sources, places = torch.empty(most, dtype=torch.int32), torch.empty(ids_TK.shape, dtype=torch.int32)
        sizes = (ids_TK.numel(), ids_TK.shape[1], num_experts, row_multiple)
        ends: list[int] = self._native.deal(_at(ids_TK), *sizes, _at(sources), _at(places))
        return Dealt(sources[: ends[-1]], places, ends)

    def gather(self, x_ND: Tensor, sources_P: Tensor) -> Tensor:
        """Rows of x; zeros where the source is negative."""
        y = x_ND.new_empty(len(sources_P), x_ND.shape[1])
        self._native.gather(self._isa, _element(x_ND), _at(x_ND), len(x_ND), _at(sources_P), *y.shape, _at(y))
        return y

    def sum_rows(self, x_PD: Tensor, places_TK: Tensor) -> Tensor:
        """For each token the sum of its K rows, [T, D]."""
        y = x_PD.new_empty(len(places_TK), x_PD.shape[1])
        sizes = (*places_TK.shape, x_PD.shape[1])
        self._native.sum_rows(self._isa, _element(x_PD), _at(x_PD), len(x_PD), _at(places_TK), *sizes, _at(y))
        return y

    def cross_entropy_(
        self, x_RV: Tensor, targets_R: Tensor, weights_R: Tensor | None, multiplier: float, cap: float | None
    ) -> Tensor:
        """Losses [R] of the scaled and capped x; with weights, x becomes the gradient of their weighted sum."""
        losses_R = torch.empty(len(x_RV))
        arguments = (*x_RV.shape, multiplier, cap or 0.0, _at(losses_R))
        self._native.cross_entropy(
            self._isa, _element(x_RV), _at(x_RV), _at(targets_R.contiguous()), _at(weights_R), *arguments
        )
        return losses_R

    def added(self, x: Tensor, y: Tensor) -> Tensor:
        """x + y in float32."""
        sums = torch.empty_like(x, dtype=torch.float32)
        self._native.add(self._isa, _element(x), _at(x), _at(y), x.numel(), _at(sums))
        return sums

    def accumulate_(self, sums: Tensor, x: Tensor) -> None:
        """Float32 sums += x."""
        self._native.accumulate(self._isa, _element(x), _at(x), x.numel(), _at(sums))

    def adamw_(
        self,
        gradient: Tensor,
        master: Tensor,
        moments: tuple[Tensor, Tensor],
        copy: Tensor,
        *,
        rate: float,
        decay: float,
        betas: tuple[float, float],
        epsilon: float,
        step: int,
        scale: float,
    ) -> None:
        """One step of AdamW in one pass over memory; the copy of the float32 master has its own type.

        Args:
            scale: the gradient is multiplied by it.
            step: from 1.
        """
        numbers = (_at(gradient), gradient.numel(), _at(master), *map(_at, moments), _element(copy), _at(copy))
        unbias = tuple(1 - beta**step for beta in betas)
        settings = (rate, *betas, epsilon, decay, *unbias, scale)
        self._native.adamw(self._isa, _element(gradient), *numbers, *settings)

    def muon_direction_(self, gradient: Tensor, moment: Tensor, *, momentum: float, scale: float) -> Tensor:
        """Moves the float32 moment towards the scaled gradient; returns Nesterov's direction, bfloat16."""
        towards = torch.empty_like(gradient, dtype=torch.bfloat16)
        settings = (gradient.numel(), scale, momentum)
        self._native.muon_direction(self._isa, _element(gradient), _at(gradient), *settings, _at(moment), _at(towards))
        return towards

    def muon_move_(self, direction: Tensor, master: Tensor, copy: Tensor, *, kept: float, rate: float) -> None:
        """Float32 master = master · kept - bfloat16 direction · rate; the copy has its own type."""
        numbers = (_at(direction), master.numel(), kept, rate, _at(master))
        self._native.muon_move(self._isa, *numbers, _element(copy), _at(copy))

    def attend(self, q_BTHK: Tensor, k_BTGK: Tensor, v_BTGK: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        """Causal attention in bfloat16, and the logarithms of the softmax's sums [B, H, T]."""
        sizes = _attention_sizes(q_BTHK, k_BTGK)
        out, logs = torch.empty_like(q_BTHK), torch.empty(sizes[0], sizes[2], sizes[1])
        self._native.attend(self._isa, _at(q_BTHK), _at(k_BTGK), _at(v_BTGK), *sizes, scale, _at(out), _at(logs))
        return out, logs

    def attend_backward(
        self, dout: Tensor, q_BTHK: Tensor, k_BTGK: Tensor, v_BTGK: Tensor, out: Tensor, logs: Tensor, scale: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of queries, keys and values."""
        dq, dk, dv = (torch.empty_like(x) for x in (q_BTHK, k_BTGK, v_BTGK))
        inputs = (_at(x) for x in (q_BTHK, k_BTGK, v_BTGK, out, dout, logs))
        sizes = _attention_sizes(q_BTHK, k_BTGK)
        self._native.attend_backward(self._isa, *inputs, *sizes, scale, _at(dq), _at(dk), _at(dv))
        return dq, dk, dv

    def keep_freed_memory(self) -> bool:
        """See `fused.keep_freed_memory`."""
        return bool(self._native.keep_freed_memory())


@functools.cache
def training_kernels() -> TrainingKernels | None:
    """Those of the best instruction set; None, said once in the log, where nothing is compiled."""
    if dispatch.native_is_available():
        return TrainingKernels(dispatch.instruction_set())
    _LOG.warning("Training runs on plain PyTorch operations, which are slower. %s", dispatch.why_not())
    return None


def is_plain(x: Tensor) -> bool:
    """Whether native code can have this tensor's address: no subclass, contiguous, on the CPU, of a type it knows."""
    is_tensor = type(x) in (Tensor, nn.Parameter)
    return is_tensor and x.device.type == "cpu" and x.dtype in _ELEMENTS and x.is_contiguous()


def _element(x: Tensor) -> int:
    return _ELEMENTS[x.dtype]


def _rows(x: Tensor) -> tuple[int, int]:
    return (x.numel() // x.shape[-1] if x.shape[-1] else 0), x.shape[-1]


def _attention_sizes(q_BTHK: Tensor, k_BTGK: Tensor) -> tuple[int, int, int, int, int]:
    num_sequences, length, heads, size = q_BTHK.shape
    return num_sequences, length, heads, k_BTGK.shape[2], size


def _at(x: Tensor | None) -> int:
    """Where its numbers begin."""
    if x is None:
        return 0
    assert x.is_contiguous()
    return x.data_ptr()
