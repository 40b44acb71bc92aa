"""How the numbers of a model are dealt over the ranks that train it, as loop and optimiser see it; knows no network.

Every number of the model is *held* by exactly one rank: that rank keeps its master and its moments, updates it, and
writes it into checkpoints. What each rank computes with is another matter: see `training.parallel.dealt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from zaphod.training.parallel.ranks import ALONE, Ranks

Gradients = dict[str, Tensor]


class Deal(Protocol):
    """Who holds which part of a model. Where a step needs other ranks, every rank must take it."""

    @property
    def ranks(self) -> Ranks:
        """Those the model is dealt to."""

    def held(self) -> dict[str, Tensor]:
        """What this rank holds of the trained parameters: views on the model's own numbers, by canonical name."""

    def gradients(self, loss: Tensor) -> Gradients:
        """Gradients of this rank's loss; to be summed over its parts, then given to `reduced`."""

    def reduced(self, gradients: Gradients) -> Gradients:
        """Sums over ranks, in float32, of what this rank holds."""

    def whole_shape(self, name: str) -> tuple[int, ...]:
        """Shape of the parameter of which this rank holds something."""

    def whole(self, name: str, piece: Tensor) -> Tensor:
        """The matrices, whole, whose rows this rank holds some of (`piece`)."""

    def piece(self, name: str, whole: Tensor) -> Tensor:
        """What this rank holds of the result of `whole`."""

    def publish(self) -> None:
        """After an update: the other ranks that compute with a parameter get its new values."""

    def described(self, pieces: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The pieces, each saying which part of the whole it is: what `training.checkpoint` saves and loads."""

    def max_rows(self) -> int:
        """Rows that the busiest rank's experts computed since the last call (0 where experts are not dealt)."""


class Undealt:
    """One process holds everything."""

    ranks = ALONE

    def __init__(self, model: nn.Module) -> None:
        self._trained = {name: p for name, p in model.named_parameters() if p.requires_grad}

    def held(self) -> dict[str, Tensor]:
        return {name: parameter.detach() for name, parameter in self._trained.items()}

    def gradients(self, loss: Tensor) -> Gradients:
        return dict(zip(self._trained, torch.autograd.grad(loss, list(self._trained.values())), strict=True))

    def reduced(self, gradients: Gradients) -> Gradients:
        return {name: gradient.float() for name, gradient in gradients.items()}

    def whole_shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._trained[name].shape)

    def whole(self, name: str, piece: Tensor) -> Tensor:
        return piece

    def piece(self, name: str, whole: Tensor) -> Tensor:
        return whole

    def publish(self) -> None:
        pass

    def described(self, pieces: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return dict(pieces)

    def max_rows(self) -> int:
        return 0
