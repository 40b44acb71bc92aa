"""A low-rank update of one weight, or of each matrix of a stack; knows the rule, not the weight's format.

LoRA (arXiv 2106.09685) adds scale · B (A x). DoRA (arXiv 2402.09353) also gives each output row a learnt length:
y = m / |W + scale B A| · (W x + scale B A x), the norm taken as a constant in the backward pass (section 4.3).
W + B A is never built: its rows' norms follow from W Aᵀ and A Aᵀ.
Legend: P rows of input, I inputs, O outputs, R rank, E experts.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zaphod.compute.kernels.routed import grouped_product
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.frozen import FrozenWeight


class LowRankUpdate(nn.Module):
    """A [R, I] and B [O, R], or a stack of both, and for DoRA the rows' lengths.

    Args:
        base: what is updated.
        config: rank, scale and kind.
        dtype: of A and B.
        generator: draws A.
    """

    lora_magnitude: nn.Parameter | None

    def __init__(
        self, base: FrozenWeight, config: AdaptationConfig, dtype: torch.dtype, generator: torch.Generator
    ) -> None:
        super().__init__()
        *stack, outs, ins = base.shape
        self.scale, self.dropout = config.scale, config.dropout
        # As peft begins: A as a linear layer's weights, uniform in ±1/sqrt(I), and B zero.
        a = torch.empty(*stack, config.rank, ins).uniform_(-(ins**-0.5), ins**-0.5, generator=generator)
        self.lora_A = nn.Parameter(a.to(dtype))
        self.lora_B = nn.Parameter(torch.zeros(*stack, outs, config.rank, dtype=dtype))
        self.lora_magnitude = None
        if config.is_decomposed:
            squares = torch.stack([base.matrix(i).float().square().sum(-1) for i in range(stack[0] if stack else 1)])
            self.register_buffer("base_squares", squares.view(*stack, outs), persistent=False)
            self.lora_magnitude = nn.Parameter(squares.view(*stack, outs).sqrt())

    def forward(self, x_PI: Tensor, ends_E: Tensor | None = None) -> Tensor:
        """scale · B (A x), [P, O]."""
        x_PI = F.dropout(x_PI, self.dropout, self.training)
        if ends_E is None:
            return F.linear(F.linear(x_PI, self.lora_A) * self.scale, self.lora_B)
        return grouped_product(grouped_product(x_PI, self.lora_A, ends_E) * self.scale, self.lora_B, ends_E)

    def row_factors(self, base: FrozenWeight) -> Tensor:
        """m / |W + scale B A| of each output row, [O] or [E, O], float32; the norm carries no gradient."""
        assert self.lora_magnitude is not None
        return self.lora_magnitude / self.row_norms(base)

    @torch.no_grad()
    def row_norms(self, base: FrozenWeight) -> Tensor:
        """|W + scale B A| of each output row, [O] or [E, O]."""
        learnt_a, (rank, ins) = self.lora_A, self.lora_A.shape[-2:]
        stack = torch.arange(1, len(learnt_a) + 1, dtype=torch.int32, device=learnt_a.device)
        ends_E = None if learnt_a.ndim == 2 else stack * rank
        wa = base.product(learnt_a.reshape(-1, ins), ends_E).view(*learnt_a.shape[:-1], -1).mT.float()
        a, b = learnt_a.float(), self.lora_B.float()
        gram = a @ a.mT
        crossed = (wa * b).sum(-1) * (2 * self.scale)
        squares: Tensor = self.base_squares + crossed + ((b @ gram) * b).sum(-1) * self.scale**2  # type: ignore[operator]
        return squares.clamp(min=1e-24).sqrt()

    @torch.no_grad()
    def delta(self, index: int = 0) -> Tensor:
        """scale · B A of one matrix in float32: for merging, never for training."""
        a, b = (part if part.ndim == 2 else part[index] for part in (self.lora_A, self.lora_B))
        return self.scale * (b.float() @ a.float())
