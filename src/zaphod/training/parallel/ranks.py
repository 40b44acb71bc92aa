"""The processes that train one model together, as the training loop sees them; knows sums and flags, no network.

A rank computes its share of every batch. What is summed here is summed over all ranks, and every rank gets the same
result, so that all take the same decisions. The calls are collective: every rank makes the same ones in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from torch import Tensor

Part = TypeVar("Part")


class Ranks(Protocol):
    """Those who compute one training step together."""

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""

    @property
    def size(self) -> int:
        """Number of processes."""

    def share(self, parts: Sequence[Part]) -> list[Part]:
        """The parts of a step that this rank computes: as many as every other rank."""

    def totals(self, values: Tensor) -> Tensor:
        """Element by element, the sum over ranks: counts of the balance loss, losses, numbers of targets."""

    def maxima(self, values: Tensor) -> Tensor:
        """Element by element, the maximum over ranks."""

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on some rank."""

    def all(self, flag: bool) -> bool:
        """Whether the flag is set on every rank."""

    def barrier(self) -> None:
        """Wait until every rank is here."""


class OneRank:
    """A process that trains alone."""

    rank = 0
    size = 1

    def share(self, parts: Sequence[Part]) -> list[Part]:
        return list(parts)

    def totals(self, values: Tensor) -> Tensor:
        return values

    def maxima(self, values: Tensor) -> Tensor:
        return values

    def any(self, flag: bool) -> bool:
        return flag

    def all(self, flag: bool) -> bool:
        return flag

    def barrier(self) -> None:
        pass


ALONE: Ranks = OneRank()
