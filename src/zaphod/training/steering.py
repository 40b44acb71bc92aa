"""What moves the choice of experts in a training step beside the router: noise and domains; knows numbers only.

Legend: T tokens, E experts.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor

from zaphod.training.batches import Batch
from zaphod.training.domains import DomainPrior

Offsets = Callable[[int], Tensor | None]


def offsets(
    part: Batch, num_experts: int, *, noise_std: float, prior: DomainPrior | None, seed: str | None
) -> Offsets | None:
    """What a part's routers add to their logits for choosing, layer by layer; a function of the seed alone.

    Args:
        part: whose tokens are routed.
        num_experts: of a layer.
        noise_std: of normal noise (noisy top-k gating, arXiv 1701.06538, eq. 4, with a fixed deviation, and for the
            choice alone).
        prior: of the documents' domains.
        seed: names the run, the step and the part; None outside training: no noise, and all domains are told.
    """
    has_domains = prior is not None and part.domain_ids_T is not None
    if not (noise_std or has_domains):
        return None
    told_TE = None
    if prior is not None and part.domain_ids_T is not None:
        told_TE = prior.offset(part.domain_ids_T, None if seed is None else f"{seed}/domains")

    def of_layer(layer: int) -> Tensor | None:
        if not noise_std:
            return told_TE
        generator = torch.Generator().manual_seed(random.Random(f"{seed}/{layer}").getrandbits(62))
        noise_TE = torch.randn(len(part.token_ids_T), num_experts, generator=generator) * noise_std
        return noise_TE if told_TE is None else told_TE + noise_TE

    return of_layer
