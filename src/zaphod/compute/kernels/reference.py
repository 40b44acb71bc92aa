"""The plain PyTorch definition of every operation; knows tensors, not models, weights or requests.

Fast paths are tested against these functions. Legend: T tokens, B sequences, S keys of a sequence, D width, H query
heads, G key/value heads, K head size (in attention) or experts chosen per token (in routing), E experts, A assignments
(T times the experts chosen), P rows after filling up, F width of an expert, R rank of an adapter, I inputs, O outputs.
Sums that decide something (norms, scores, routing) run in float32 whatever the tensors' dtype.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from zaphod.compute.kernels.routed import grouped_product, rows_by_expert, weighted_sum

Activation = Literal["gelu_tanh", "gelu_erf", "silu"]

# Rows of queries whose scores exist at one time in the general attention path: bounds memory at long prompts.
_QUERY_ROWS = 512


class Routing(NamedTuple):
    """One layer's routing decision."""

    logits_TE: Tensor
    """Router outputs after the soft cap, float32."""
    scores_TE: Tensor
    """Softmax or sigmoid of the logits over all experts, float32."""
    expert_ids_TK: Tensor
    """Chosen experts, best first, int64."""
    weights_TK: Tensor
    """What each chosen expert's output is multiplied by, float32."""


class LowRankPair(NamedTuple):
    """What an adapter adds to one product: b (a x)."""

    a: Tensor
    """[R, I], or [E, R, I] for a stack of experts."""
    b: Tensor
    """[O, R], or [E, O, R]; the adapter's scale is in it."""


class LowRankExperts(NamedTuple):
    """One adapter's parts for the experts of a layer."""

    is_mine_T: Tensor
    """Which tokens it applies to."""
    gate: LowRankPair | None
    up: LowRankPair | None
    down: LowRankPair | None


def softcap(x: Tensor, cap: float | None) -> Tensor:
    """cap·tanh(x / cap); `x` itself where `cap` is None."""
    return x if cap is None else torch.tanh(x / cap) * cap


def rms_norm(x: Tensor, weight_D: Tensor, epsilon: float) -> Tensor:
    """x / rms(x) · weight over the last axis, computed in float32 (arXiv 1910.07467; xai-org/grok-1 model.py)."""
    x32 = x.float()
    scale = torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + epsilon)
    return (x32 * scale * weight_D.float()).to(x.dtype)


def activate(x: Tensor, activation: Activation) -> Tensor:
    """The gate's nonlinearity, element by element."""
    if activation == "silu":
        return F.silu(x)
    return F.gelu(x, approximate="tanh" if activation == "gelu_tanh" else "none")


def rope_frequencies(head_dim: int, theta: float) -> Tensor:
    """Radians per position of each of the K/2 rotated pairs, float32 (arXiv 2104.09864)."""
    return theta ** -(torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)


def yarn_frequencies(
    head_dim: int, theta: float, *, factor: float, original_length: int, beta_fast: float, beta_slow: float
) -> Tensor:
    """RoPE frequencies stretched by YaRN: slow pairs divided by `factor`, fast pairs kept (arXiv 2309.00071)."""

    def pair_that_turns(num_rotations: float) -> float:
        return head_dim * math.log(original_length / (num_rotations * 2 * math.pi)) / (2 * math.log(theta))

    low = max(0, math.floor(pair_that_turns(beta_fast)))
    high = min(head_dim - 1, math.ceil(pair_that_turns(beta_slow)))
    pairs = torch.arange(head_dim // 2, dtype=torch.float32)
    stretched_share = ((pairs - low) / max(high - low, 0.001)).clamp(0, 1)
    plain = rope_frequencies(head_dim, theta)
    return plain / factor * stretched_share + plain * (1 - stretched_share)


def rotation(positions_T: Tensor, frequencies: Tensor, magnitude: float = 1.0) -> tuple[Tensor, Tensor]:
    """cos and sin, each [T, 1, K/2] float32, for `rotate`."""
    angles = positions_T.float()[:, None, None] * frequencies
    return angles.cos() * magnitude, angles.sin() * magnitude


def rotate(x_THK: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding in the half-split layout: element i is paired with element i + K/2."""
    first, second = x_THK.float().chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(x_THK.dtype)


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
    """Causal grouped-query attention; the queries are the last T of the S positions. Returns [B, T, H, K].

    Args:
        scale: multiplies q·k.
        cap: soft cap on the scaled scores, before the mask.
        temperature_length: scores of a query at position p > length are multiplied by log(p)/log(length) after the cap
            (SGLang's Grok-2).
        window: a query sees itself and the `window - 1` positions before it.
    """
    length, num_keys = q_BTHK.shape[1], k_BSGK.shape[1]
    q, k, v = (x.transpose(1, 2) for x in (q_BTHK, k_BSGK, v_BSGK))
    windowed = window is not None and window < num_keys
    if cap is not None or temperature_length is not None:
        out = _capped_attention(q, k, v, scale, cap, temperature_length, window if windowed else None)
    elif windowed:
        mask = _visible(num_keys - length, num_keys, num_keys, window, q.device)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale, enable_gqa=True)
    elif length == num_keys or length == 1:
        out = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1, scale=scale, enable_gqa=True)
    else:
        mask = _visible(num_keys - length, num_keys, num_keys, None, q.device)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale, enable_gqa=True)
    return out.transpose(1, 2)


def _visible(first: int, last: int, num_keys: int, window: int | None, device: torch.device) -> Tensor:
    """[last - first, num_keys] bool: which keys the queries at positions [first, last) see."""
    queries = torch.arange(first, last, device=device)[:, None]
    keys = torch.arange(num_keys, device=device)[None, :]
    seen = keys <= queries
    return seen if window is None else seen & (keys > queries - window)


def _capped_attention(
    q_BHTK: Tensor,
    k_BGSK: Tensor,
    v_BGSK: Tensor,
    scale: float,
    cap: float | None,
    temperature_length: int | None,
    window: int | None,
) -> Tensor:
    num_sequences, num_heads, length, head_dim = q_BHTK.shape
    num_groups, num_keys = k_BGSK.shape[1:3]
    q = q_BHTK.view(num_sequences, num_groups, num_heads // num_groups, length, head_dim).float() * scale
    k, v = k_BGSK[:, :, None].float(), v_BGSK[:, :, None].float()
    rows = []
    for start in range(0, length, _QUERY_ROWS):
        stop = min(start + _QUERY_ROWS, length)
        first = num_keys - length + start
        scores = softcap(q[..., start:stop, :] @ k.transpose(-1, -2), cap)
        if temperature_length is not None:
            positions = torch.arange(first, first + stop - start, device=q.device).clamp(min=temperature_length)
            scores = scores * (positions.float().log() / math.log(temperature_length))[:, None]
        seen = _visible(first, first + stop - start, num_keys, window, q.device)
        rows.append(scores.masked_fill(~seen, -torch.inf).softmax(-1) @ v)
    return torch.cat(rows, dim=-2).view(num_sequences, num_heads, length, head_dim).to(q_BHTK.dtype)


def route(
    logits_TE: Tensor,
    *,
    top_k: int,
    score: Literal["softmax", "sigmoid"] = "softmax",
    softmax_after_top_k: bool = False,
    renormalise: bool = False,
    scale: float = 1.0,
    logit_softcap: float | None = None,
    selection_bias_E: Tensor | None = None,
    num_groups: int = 1,
    num_groups_kept: int = 1,
    group_score: Literal["max", "top2_sum"] = "top2_sum",
    chosen_TK: Tensor | None = None,
    offset_TE: Tensor | None = None,
) -> Routing:
    """Choose `top_k` experts for each token. Equal scores go to the lower expert number, on every device.

    The bias, the groups and `offset_TE` (added to the logits) take part in choosing only; weights come from the
    unbiased scores (arXiv 2412.19437, §2.1.2). With experts already `chosen_TK` nothing is chosen: scores and weights
    alone are computed, and are differentiable as ever.
    """
    logits_TE = softcap(logits_TE.float(), logit_softcap)
    scores_TE = _scores(logits_TE, score)
    ids_TK = chosen_TK
    if ids_TK is None:
        # Scores grow with logits, and logits do not underflow: choose by them unless a bias must be added.
        choice_TE = logits_TE.detach() if offset_TE is None else logits_TE.detach() + offset_TE
        if selection_bias_E is not None:
            choice_TE = scores_TE.detach() if offset_TE is None else _scores(choice_TE, score)
            choice_TE = choice_TE + selection_bias_E.float()
        if num_groups_kept < num_groups:
            choice_TE = _keep_groups(choice_TE, num_groups, num_groups_kept, group_score)
        ids_TK = choice_TE.sort(dim=-1, descending=True, stable=True).indices[:, :top_k]
    if softmax_after_top_k:
        weights_TK = logits_TE.gather(1, ids_TK).softmax(-1)
    else:
        weights_TK = scores_TE.gather(1, ids_TK)
    if renormalise:
        weights_TK = weights_TK / weights_TK.sum(-1, keepdim=True).clamp(min=1e-20)
    return Routing(logits_TE, scores_TE, ids_TK, weights_TK * scale if scale != 1.0 else weights_TK)


def _scores(logits_TE: Tensor, score: Literal["softmax", "sigmoid"]) -> Tensor:
    return logits_TE.softmax(-1) if score == "softmax" else logits_TE.sigmoid()


def _keep_groups(choice_TE: Tensor, num_groups: int, num_kept: int, group_score: str) -> Tensor:
    grouped = choice_TE.view(len(choice_TE), num_groups, -1)
    best = grouped.topk(min(2, grouped.shape[-1]) if group_score == "top2_sum" else 1, dim=-1).values.sum(-1)
    kept = best.sort(dim=-1, descending=True, stable=True).indices[:, :num_kept]
    keep = torch.zeros_like(best, dtype=torch.bool).scatter(1, kept, True)
    return grouped.masked_fill(~keep[:, :, None], -torch.inf).view_as(choice_TE)


def kept_assignments(routing: Routing, capacity: int) -> Tensor:
    """Which assignments stay, [T, K] bool, if an expert takes at most `capacity` tokens: the largest weights."""
    ids_A, weights_A = routing.expert_ids_TK.reshape(-1), routing.weights_TK.detach().reshape(-1)
    by_weight_A = weights_A.argsort(descending=True, stable=True)
    order_A = by_weight_A[ids_A[by_weight_A].argsort(stable=True)]
    sizes_E = ids_A.bincount(minlength=routing.logits_TE.shape[1])
    starts_E = sizes_E.cumsum(0) - sizes_E
    ranks_A = torch.arange(len(ids_A), device=ids_A.device) - starts_E[ids_A[order_A]]
    return (
        torch.empty_like(ids_A, dtype=torch.bool)
        .scatter_(0, order_A, ranks_A < capacity)
        .view_as(routing.expert_ids_TK)
    )


def gated_mlp(x_TD: Tensor, gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor, activation: Activation) -> Tensor:
    """down(activate(gate(x)) · up(x)), [T, D]."""
    return F.linear(activate(F.linear(x_TD, gate_FD), activation) * F.linear(x_TD, up_FD), down_DF)


def add_low_rank(y_TO: Tensor, x_TI: Tensor, rows: Tensor, pair: LowRankPair) -> Tensor:
    """y with b (a x) added to the given rows: LoRA, unmerged (arXiv 2106.09685)."""
    return y_TO.index_add(0, rows, F.linear(F.linear(x_TI[rows], pair.a), pair.b))


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
    """Weighted sum of each token's chosen gated experts, [T, D]; tokens are sorted by expert once.

    With a `row_multiple`, every expert's rows are filled up to a multiple of it. Training on CPUs does so, because
    oneDNN compiles a bfloat16 product anew for each number of rows, and experts see another number in every step.
    Adapters change the experts' products for their own tokens.
    """
    rows = rows_by_expert(expert_ids_TK, len(gate_EFD), row_multiple)
    masks = [part.is_mine_T[rows.sources_P] for part in adapters]

    def product(x_PI: Tensor, weight_EOI: Tensor, pairs: list[LowRankPair | None]) -> Tensor:
        y_PO = grouped_product(x_PI, weight_EOI, rows.ends_E)
        for is_mine_P, pair in zip(masks, pairs, strict=True):
            if pair is not None:
                low_PO = grouped_product(grouped_product(x_PI, pair.a, rows.ends_E), pair.b, rows.ends_E)
                y_PO = torch.where(is_mine_P[:, None], y_PO + low_PO, y_PO)
        return y_PO

    x_PD = x_TD[rows.sources_P]
    gate_PF = activate(product(x_PD, gate_EFD, [part.gate for part in adapters]), activation)
    hidden_PF = gate_PF * product(x_PD, up_EFD, [part.up for part in adapters])
    return weighted_sum(product(hidden_PF, down_EDF, [part.down for part in adapters]), rows, weights_TK)


def linear_cross_entropy(
    x_RD: Tensor,
    head_VD: Tensor,
    targets_R: Tensor,
    *,
    weights_R: Tensor | None = None,
    multiplier: float = 1.0,
    cap: float | None = None,
) -> Tensor:
    """Sum over rows of weight (or 1) · -log softmax(softcap(multiplier · x headᵀ))[target], float32."""
    logits_RV = softcap(F.linear(x_RD, head_VD).float() * multiplier, cap)
    if weights_R is None:
        return F.cross_entropy(logits_RV, targets_R, reduction="sum")
    return (F.cross_entropy(logits_RV, targets_R, reduction="none") * weights_R).sum()
