"""What a writer of weights promises: the whole layout first, the data after; knows no file format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zaphod.compute.quant.tensor import EncodedTensor, QuantFormat, Shape


@dataclass(frozen=True)
class PlannedTensor:
    """A tensor that is going to be written: all that a file's header needs to know of it."""

    name: str
    shape: Shape
    format: QuantFormat

    @property
    def num_bytes(self) -> int:
        return self.format.num_bytes(self.shape)


class CheckpointWriter(Protocol):
    """A file (or folder) of weights being written.

    It takes the complete plan when it is made, then each tensor's data in any order. Until `finish` nothing exists
    under the final name; a writer made again with the same plan goes on where an interrupted one stopped.
    """

    def is_written(self, name: str) -> bool:
        """Whether an earlier, interrupted run (or this one) has already stored this tensor."""

    def write(self, name: str, pieces: Iterable[EncodedTensor]) -> None:
        """Store one planned tensor: one whole, or the entries of its leading axis one after another.

        Raises:
            WeightsError: the pieces are not of the planned shape, format and number.
        """

    def finish(self) -> list[Path]:
        """Make everything durable and move it to its final name. Returns the files, weights first.

        Raises:
            WeightsError: planned tensors were not written.
        """
