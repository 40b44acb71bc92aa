"""What the training loop asks of the other processes of a run; knows sums, not how they travel.

A run of one process is `ALONE`. With several, each computes its share of a step's parts and everything that belongs to
the whole step (targets, expert loads, gradients, norms) is summed over all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

Gradients = dict[str, Tensor]


class Ranks(Protocol):
    """The processes of a run, seen from one of them."""

    @property
    def index(self) -> int:
        """Of this process; number 0 writes logs and checkpoints."""

    @property
    def count(self) -> int:
        """How many there are."""

    def sum(self, values: Tensor) -> Tensor:
        """Element by element over all processes; every process gets the result."""

    def sum_gradients(self, gradients: Gradients) -> Gradients:
        """Each gradient summed over the processes that hold a copy of its parameter."""

    def squared_norm(self, gradients: Mapping[str, Tensor]) -> float:
        """Of the gradients of the whole model, each parameter counted once."""


class Alone:
    """A run of one process."""

    index = 0
    count = 1

    def sum(self, values: Tensor) -> Tensor:
        return values

    def sum_gradients(self, gradients: Gradients) -> Gradients:
        return gradients

    def squared_norm(self, gradients: Mapping[str, Tensor]) -> float:
        return float(torch.stack([gradient.square().sum() for gradient in gradients.values()]).sum())


ALONE = Alone()
