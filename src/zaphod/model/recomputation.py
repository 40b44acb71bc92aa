"""Activations thrown away in the forward pass and computed again in the backward pass; knows no layer's inside.

What a router chose is kept: chosen anew, an exact tie or noise could send a token elsewhere, and gradients would be
those of another function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor
from torch.utils.checkpoint import checkpoint

from zaphod.compute.kernels.reference import Routing

Recompute = Literal["none", "experts", "layer"]
"""What a layer computes twice: nothing, its feed-forward block, or all of itself."""

Part = Callable[[Tensor, list[Routing] | None, Routing | None], Tensor]
"""A part of the network: from its input, a list to append its routing to, and the routing to follow, to its output."""


def recomputed(part: Part, x_TD: Tensor, routing: list[Routing] | None, routing_given: Routing | None) -> Tensor:
    """The part's output; of its inside only the routing stays in memory. Appends to `routing` once.

    The part may draw no random numbers: those of the second pass would be others.
    """
    followed = routing_given
    is_first = True

    def run(x_TD: Tensor) -> Tensor:
        nonlocal followed, is_first
        own: list[Routing] = []
        out_TD = part(x_TD, own, followed)
        if is_first and own:
            is_first, followed = False, own[0]
            if routing is not None:
                routing.append(own[0])
        return out_TD

    out_TD: Tensor = checkpoint(run, x_TD, use_reentrant=False, preserve_rng_state=False)
    return out_TD
