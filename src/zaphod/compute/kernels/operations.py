"""What a network may ask of a set of operations; `reference` and `fused` both offer it.

Each means what the function of its name in `reference` says. Layers are told which set to use, so that a pass that is
repeated computes the same numbers whether gradients are on or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from zaphod.compute.kernels.reference import Activation, LowRankExperts


class Operations(Protocol):
    """Modules are sets of operations too."""

    def rms_norm(self, x: Tensor, weight_D: Tensor, epsilon: float) -> Tensor: ...

    def rotate(self, x_THK: Tensor, cos: Tensor, sin: Tensor) -> Tensor: ...

    def attention(
        self,
        q_BTHK: Tensor,
        k_BSGK: Tensor,
        v_BSGK: Tensor,
        *,
        scale: float,
        cap: float | None = None,
        temperature_length: int | None = None,
        window: int | None = None,
    ) -> Tensor: ...

    def gated_mlp(
        self, x_TD: Tensor, gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor, activation: Activation
    ) -> Tensor: ...

    def experts(
        self,
        x_TD: Tensor,
        gate_EFD: Tensor,
        up_EFD: Tensor,
        down_EDF: Tensor,
        expert_ids_TK: Tensor,
        weights_TK: Tensor,
        activation: Activation,
        row_multiple: int = 1,
        adapters: Sequence[LowRankExperts] = (),
    ) -> Tensor: ...

    def linear_cross_entropy(
        self,
        x_RD: Tensor,
        head_VD: Tensor,
        targets_R: Tensor,
        *,
        weights_R: Tensor | None = None,
        multiplier: float = 1.0,
        cap: float | None = None,
    ) -> Tensor: ...
