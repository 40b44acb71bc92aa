"""The operations of `reference` for training on CPUs: fewer passes over memory, own gradients; same meaning.

Each function falls back to `reference` for tensors that the native kernels do not take: another device or type than
float32 and bfloat16, adapters on experts, or no compiled kernels at all (said once in the log). Legend: as in
`reference`; a leading d marks a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import Function, once_differentiable

from zaphod.compute.kernels import reference
from zaphod.compute.kernels.native_training import TrainingKernels, training_kernels
from zaphod.compute.kernels.reference import Activation, LowRankExperts

# Logits that exist at one time, in numbers: they stay in the caches between the products before and after.
_LOGITS_AT_ONCE = 1 << 21
_LEAST_ROWS_AT_ONCE = 64


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory for this process, which training asks for again in the next step.

    Otherwise every large tensor is new memory whose pages the system must zero. Returns whether that is possible here
    (native kernels on glibc).
    """
    kernels = training_kernels()
    return kernels is not None and kernels.keep_freed_memory()


def rms_norm(x: Tensor, weight_D: Tensor, epsilon: float) -> Tensor:
    """`reference.rms_norm`."""
    kernels = _kernels_for(x)
    if kernels is None:
        return reference.rms_norm(x, weight_D, epsilon)
    return _RMSNorm.apply(kernels, x, weight_D, epsilon)  # type: ignore[no-any-return, no-untyped-call]


class _RMSNorm(Function):
    @staticmethod
    def forward(ctx: Any, kernels: TrainingKernels, x: Tensor, weight_D: Tensor, epsilon: float) -> Tensor:
        x, weight32_D = x.contiguous(), weight_D.float().contiguous()
        y, scales_N = kernels.norm(x, weight32_D, epsilon)
        ctx.kernels, ctx.weight_dtype = kernels, weight_D.dtype
        ctx.save_for_backward(x, weight32_D, scales_N)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        dx, dweight_D = ctx.kernels.norm_backward(dy.contiguous(), *ctx.saved_tensors)
        return None, dx, dweight_D.to(ctx.weight_dtype), None


def rotate(x_THK: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """`reference.rotate`."""
    kernels = _kernels_for(x_THK, of_float32=(cos, sin))
    if kernels is None:
        return reference.rotate(x_THK, cos, sin)
    return _Rotate.apply(kernels, x_THK, cos, sin)  # type: ignore[no-any-return, no-untyped-call]


class _Rotate(Function):
    @staticmethod
    def forward(ctx: Any, kernels: TrainingKernels, x_THK: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        cos, sin = cos.contiguous(), sin.contiguous()
        ctx.kernels = kernels
        ctx.save_for_backward(cos, sin)
        return kernels.turn(x_THK.contiguous(), cos, sin, 1.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        return None, ctx.kernels.turn(dy.contiguous(), *ctx.saved_tensors, -1.0), None, None


def attention(
    q_BTHK: Tensor,
    k_BSGK: Tensor,
    v_BSGK: Tensor,
    *,
    scale: float,
    cap: float | None = None,
    temperature_length: int | None = None,
    window: int | None = None,
) -> Tensor:
    """`reference.attention`; own kernels for whole sequences in bfloat16 that look at all that lies before."""
    kernels = _kernels_for(q_BTHK, k_BSGK, v_BSGK)
    is_plain = cap is None and temperature_length is None and (window is None or window >= k_BSGK.shape[1])
    is_whole = q_BTHK.shape[1] == k_BSGK.shape[1] and q_BTHK.shape[-1] % 16 == 0 and q_BTHK.dtype == torch.bfloat16
    if kernels is None or not is_plain or not is_whole:
        return reference.attention(
            q_BTHK, k_BSGK, v_BSGK, scale=scale, cap=cap, temperature_length=temperature_length, window=window
        )
    return _Attention.apply(kernels, q_BTHK, k_BSGK, v_BSGK, scale)  # type: ignore[no-any-return, no-untyped-call]


class _Attention(Function):
    @staticmethod
    def forward(
        ctx: Any, kernels: TrainingKernels, q_BTHK: Tensor, k_BTGK: Tensor, v_BTGK: Tensor, scale: float
    ) -> Tensor:
        q_BTHK, k_BTGK, v_BTGK = q_BTHK.contiguous(), k_BTGK.contiguous(), v_BTGK.contiguous()
        out, logs_BHT = kernels.attend(q_BTHK, k_BTGK, v_BTGK, scale)
        ctx.kernels, ctx.scale = kernels, scale
        ctx.save_for_backward(q_BTHK, k_BTGK, v_BTGK, out, logs_BHT)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dout: Tensor) -> tuple[Tensor | None, ...]:
        return None, *ctx.kernels.attend_backward(dout.contiguous(), *ctx.saved_tensors, ctx.scale), None


def gated_mlp(x_TD: Tensor, gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor, activation: Activation) -> Tensor:
    """`reference.gated_mlp`."""
    kernels = _kernels_for(x_TD, gate_FD, up_FD, down_DF)
    if kernels is None:
        return reference.gated_mlp(x_TD, gate_FD, up_FD, down_DF, activation)
    stacks = (gate_FD[None], up_FD[None], down_DF[None])
    return _GatedProducts.apply(kernels, x_TD, *stacks, None, [len(x_TD)], activation)  # type: ignore[no-any-return, no-untyped-call]


def experts(
    x_TD: Tensor,
    gate_EFD: Tensor,
    up_EFD: Tensor,
    down_EDF: Tensor,
    expert_ids_TK: Tensor,
    weights_TK: Tensor,
    activation: Activation,
    row_multiple: int = 1,
    adapters: Sequence[LowRankExperts] = (),
) -> Tensor:
    """`reference.experts`."""
    kernels = None if adapters else _kernels_for(x_TD, gate_EFD, up_EFD, down_EDF, of_float32=(weights_TK,))
    if kernels is None:
        return reference.experts(
            x_TD, gate_EFD, up_EFD, down_EDF, expert_ids_TK, weights_TK, activation, row_multiple, adapters
        )
    dealt = kernels.deal(expert_ids_TK, len(gate_EFD), row_multiple)
    x_PD, scales_P = _Gather.apply(kernels, x_TD, weights_TK, dealt.sources_P, dealt.places_TK)  # type: ignore[no-untyped-call]
    y_PD = _GatedProducts.apply(kernels, x_PD, gate_EFD, up_EFD, down_EDF, scales_P, dealt.ends, activation)  # type: ignore[no-untyped-call]
    return _Sum.apply(kernels, y_PD, dealt.sources_P, dealt.places_TK)  # type: ignore[no-any-return, no-untyped-call]


class _Gather(Function):
    """Tokens and their weights to the rows of their experts."""

    @staticmethod
    def forward(
        ctx: Any, kernels: TrainingKernels, x_TD: Tensor, weights_TK: Tensor, sources_P: Tensor, places_TK: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.kernels = kernels
        ctx.save_for_backward(places_TK)
        scales_P = torch.zeros(len(sources_P))
        scales_P[places_TK] = weights_TK
        return kernels.gather(x_TD.contiguous(), sources_P), scales_P

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dx_PD: Tensor, dscales_P: Tensor) -> tuple[Tensor | None, ...]:
        (places_TK,) = ctx.saved_tensors
        return None, ctx.kernels.sum_rows(dx_PD.contiguous(), places_TK), dscales_P[places_TK], None, None


class _Sum(Function):
    """Rows of the experts, already weighted, to the sums of their tokens."""

    @staticmethod
    def forward(ctx: Any, kernels: TrainingKernels, y_PD: Tensor, sources_P: Tensor, places_TK: Tensor) -> Tensor:
        ctx.kernels = kernels
        ctx.save_for_backward(sources_P)
        return kernels.sum_rows(y_PD, places_TK)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy_TD: Tensor) -> tuple[Tensor | None, ...]:
        (sources_P,) = ctx.saved_tensors
        return None, ctx.kernels.gather(dy_TD.contiguous(), sources_P), None, None


class _GatedProducts(Function):
    """Rows through the gated block of their expert, times the row's scale; `gated_mlp` is a single expert.

    The hidden rows are computed twice rather than kept, and their scale is taken there, so that no output is kept.
    """

    @staticmethod
    def forward(
        ctx: Any,
        kernels: TrainingKernels,
        x_PD: Tensor,
        gate_EFD: Tensor,
        up_EFD: Tensor,
        down_EDF: Tensor,
        scales_P: Tensor | None,
        ends: list[int],
        activation: Activation,
    ) -> Tensor:
        x_PD = x_PD.contiguous()
        gate_PF, up_PF = _products(x_PD, gate_EFD.mT, ends), _products(x_PD, up_EFD.mT, ends)
        hidden_PF = kernels.gated(gate_PF, up_PF, scales_P, activation)
        ctx.kernels, ctx.ends, ctx.activation = kernels, ends, activation
        ctx.save_for_backward(x_PD, gate_EFD, up_EFD, down_EDF, scales_P, gate_PF, up_PF)
        return _products(hidden_PF, down_EDF.mT, ends)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy_PD: Tensor) -> tuple[Any, ...]:
        x_PD, gate_EFD, up_EFD, down_EDF, scales_P, gate_PF, up_PF = ctx.saved_tensors
        ends, dy_PD, needed = ctx.ends, dy_PD.contiguous(), ctx.needs_input_grad
        dhidden_PF = _products(dy_PD, down_EDF, ends)
        dgate_PF, dup_PF, hidden_PF, dscales_P = ctx.kernels.gated_backward(
            dhidden_PF, gate_PF, up_PF, scales_P, ctx.activation
        )
        ddown_EDF = _weight_gradients(dy_PD, hidden_PF, ends) if needed[4] else None
        dgate_EFD = _weight_gradients(dgate_PF, x_PD, ends) if needed[2] else None
        dup_EFD = _weight_gradients(dup_PF, x_PD, ends) if needed[3] else None
        dx_PD = None
        if needed[1]:
            dx_PD = _products(dgate_PF, gate_EFD, ends)
            _products(dup_PF, up_EFD, ends, added_to=dx_PD)
        return None, dx_PD, dgate_EFD, dup_EFD, ddown_EDF, dscales_P, None, None


def _products(x_PI: Tensor, weight_EIO: Tensor, ends: list[int], added_to: Tensor | None = None) -> Tensor:
    """Each expert's rows times its matrix."""
    out = x_PI.new_empty(len(x_PI), weight_EIO.shape[-1]) if added_to is None else added_to
    begin = 0
    for weight_IO, end in zip(weight_EIO, ends, strict=True):
        if end > begin and added_to is None:
            torch.mm(x_PI[begin:end], weight_IO, out=out[begin:end])
        elif end > begin:
            out[begin:end].addmm_(x_PI[begin:end], weight_IO)
        begin = end
    return out


def _weight_gradients(dy_PO: Tensor, x_PI: Tensor, ends: list[int]) -> Tensor:
    """[E, O, I]: for each expert the sum of the outer products of its rows."""
    out = dy_PO.new_empty(len(ends), dy_PO.shape[1], x_PI.shape[1])
    begin = 0
    for out_OI, end in zip(out, ends, strict=True):
        if end > begin:
            torch.mm(dy_PO[begin:end].t(), x_PI[begin:end], out=out_OI)
        else:
            out_OI.zero_()
        begin = end
    return out


def linear_cross_entropy(
    x_RD: Tensor,
    head_VD: Tensor,
    targets_R: Tensor,
    *,
    weights_R: Tensor | None = None,
    multiplier: float = 1.0,
    cap: float | None = None,
) -> Tensor:
    """`reference.linear_cross_entropy`; all logits never exist at one time, and the weights get no gradient."""
    kernels = _kernels_for(x_RD, head_VD)
    if kernels is None or (weights_R is not None and weights_R.requires_grad):
        return reference.linear_cross_entropy(
            x_RD, head_VD, targets_R, weights_R=weights_R, multiplier=multiplier, cap=cap
        )
    weights_R = torch.ones(len(x_RD)) if weights_R is None else weights_R.float().contiguous()
    return _LinearCrossEntropy.apply(kernels, x_RD, head_VD, targets_R, weights_R, multiplier, cap)  # type: ignore[no-any-return, no-untyped-call]


class _LinearCrossEntropy(Function):
    """Computes the gradients with the loss, while a few rows' logits are there; backward only scales them."""

    @staticmethod
    def forward(
        ctx: Any,
        kernels: TrainingKernels,
        x_RD: Tensor,
        head_VD: Tensor,
        targets_R: Tensor,
        weights_R: Tensor,
        multiplier: float,
        cap: float | None,
    ) -> Tensor:
        x_RD, head_VD = x_RD.contiguous(), head_VD.contiguous()
        _, needs_x, needs_head, *_ = ctx.needs_input_grad
        dx_RD = torch.empty_like(x_RD) if needs_x else None
        dhead_VD = torch.zeros(head_VD.shape) if needs_head else None
        total = torch.zeros((), dtype=torch.float64)
        rows = max(_LEAST_ROWS_AT_ONCE, _LOGITS_AT_ONCE // len(head_VD))
        for begin in range(0, len(x_RD), rows):
            part = slice(begin, begin + rows)
            logits_RV, weights = x_RD[part] @ head_VD.t(), weights_R[part]
            given = weights if needs_x or needs_head else None
            losses_R = kernels.cross_entropy_(logits_RV, targets_R[part], given, multiplier, cap)
            total += (losses_R * weights).sum(dtype=torch.float64)
            if dx_RD is not None:
                torch.mm(logits_RV, head_VD, out=dx_RD[part])
            if dhead_VD is not None:
                kernels.accumulate_(dhead_VD, logits_RV.t() @ x_RD[part])
        ctx.save_for_backward(dx_RD, None if dhead_VD is None else dhead_VD.to(head_VD.dtype))
        return total.float()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dloss: Tensor) -> tuple[Tensor | None, ...]:
        dx_RD, dhead_VD = (None if saved is None else saved * dloss.to(saved.dtype) for saved in ctx.saved_tensors)
        return None, dx_RD, dhead_VD, None, None, None, None


def _kernels_for(*tensors: Tensor, of_float32: Sequence[Tensor] = ()) -> TrainingKernels | None:
    """The native kernels, if they take such tensors: all of one type, and others of float32."""
    first = tensors[0]
    takes = first.dtype in (torch.float32, torch.bfloat16) and all(
        x.dtype == first.dtype and x.device.type == "cpu" and type(x) in (Tensor, nn.Parameter) for x in tensors
    )
    takes = takes and all(x.dtype == torch.float32 for x in of_float32)
    return training_kernels() if takes else None
