"""Checkpoints that any number of ranks can write and any other number can read; knows tensors by name, not training.

step-00000120/        one checkpoint, complete as soon as it has this name
    *.distcp          what each rank held, in the format of torch.distributed.checkpoint
    .metadata         which part of which tensor is where
    rest.pt           what is no tensor of the model, written by the first rank
step-00000150.partial one that was being written when the program ended; the next one sweeps it away

Every rank must see the same folder. Only open checkpoints that you trust: `.metadata` is a pickle.
"""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import Metadata, TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from zaphod.core.errors import CorruptFileError, MissingTensorError
from zaphod.training.parallel.ranks import ALONE, Ranks

_COMPLETE = re.compile(r"step-\d{8}(-\d{4})?")
_REST = "rest.pt"


class CheckpointFolder:
    """The checkpoints of one run, of which the newest are kept.

    Args:
        path: created with the first checkpoint.
        ranks: those who write and read together.
        num_kept: older ones are removed once a newer one is complete.
    """

    def __init__(self, path: Path, ranks: Ranks = ALONE, num_kept: int = 1) -> None:
        self.path, self.ranks, self.num_kept = path, ranks, num_kept

    def newest(self) -> Path | None:
        """The newest complete checkpoint."""
        return max(self._complete(), default=None)

    def save(self, step: int, tensors: Mapping[str, Tensor], rest: dict[str, Any]) -> Path:
        """Write a checkpoint; a crash at any time leaves the one before it.

        Args:
            step: its number.
            tensors: what this rank holds, as `Deal.described` gives it.
            rest: of plain values and small tensors; the first rank's is kept.
        """
        final = self.path / self._free_name(step)
        unfinished = final.with_suffix(".partial")
        if self.ranks.rank == 0:
            self._sweep()
            unfinished.mkdir(parents=True)
        self.ranks.barrier()  # nobody looks for a free name from here on
        with alone_is_meant():
            save(dict(tensors), storage_writer=FileSystemWriter(unfinished), no_dist=self.ranks.size == 1)
        if self.ranks.rank == 0:
            torch.save(rest, unfinished / _REST)
            _synchronise(unfinished / _REST)
            self._finish(unfinished, final)
        self.ranks.barrier()
        return final

    def load(self, tensors: Mapping[str, Tensor]) -> dict[str, Any] | None:
        """Fill this rank's tensors, in place, from the newest checkpoint; its `rest`, or None if there is none.

        Raises:
            MissingTensorError: the checkpoint lacks a tensor, or has it in another shape.
        """
        folder = self.newest()
        if folder is None:
            return None
        _check(folder, tensors)
        with alone_is_meant():
            load(dict(tensors), storage_reader=FileSystemReader(folder), no_dist=self.ranks.size == 1)
        return read_rest(folder)

    def _complete(self) -> list[Path]:
        if not self.path.exists():
            return []
        return sorted(path for path in self.path.iterdir() if _COMPLETE.fullmatch(path.name))

    def _sweep(self) -> None:
        for unfinished in self.path.glob("step-*.partial"):
            shutil.rmtree(unfinished)

    def _finish(self, unfinished: Path, final: Path) -> None:
        """Give the checkpoint its name, then remove those that are too old."""
        unfinished.rename(final)
        _synchronise(self.path)
        for old in self._complete()[: -self.num_kept]:
            # Renamed first: a folder that is half removed must not look complete.
            shutil.rmtree(old.rename(old.with_suffix(".old.partial")))

    def _free_name(self, step: int) -> str:
        """Of a checkpoint of this step; one that is there stays until the new one is complete."""
        name, others = f"step-{step:08d}", 0
        while (self.path / name).exists():
            others += 1
            name = f"step-{step:08d}-{others:04d}"
        return name


def read_rest(checkpoint: Path) -> dict[str, Any]:
    """What was saved beside the tensors.

    Raises:
        CorruptFileError: it is not there, or unreadable.
    """
    try:
        rest: dict[str, Any] = torch.load(checkpoint / _REST, weights_only=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise CorruptFileError(
            f"{checkpoint / _REST} cannot be read ({error}).", "It is part of every checkpoint.", "Use an older one."
        ) from error
    return rest


def tensor_shapes(checkpoint: Path) -> dict[str, tuple[int, ...]]:
    """Whole shape of each tensor, however many ranks wrote it.

    Raises:
        CorruptFileError: the metadata is not there, or unreadable.
    """
    return {name: tuple(stored.size) for name, stored in stored_tensors(checkpoint).items()}


def stored_tensors(checkpoint: Path) -> dict[str, TensorStorageMetadata]:
    """What is known of each tensor: shape, number format and the pieces it is stored in."""
    try:
        metadata: Metadata = FileSystemReader(checkpoint).read_metadata()
    except Exception as error:  # a pickle can fail in any way
        raise CorruptFileError(
            f"{checkpoint} is no readable checkpoint ({error}).",
            "A folder that torch.distributed.checkpoint wrote.",
            "Name a folder `step-…` of a run.",
        ) from error
    return {
        name: stored
        for name, stored in metadata.state_dict_metadata.items()
        if isinstance(stored, TensorStorageMetadata)
    }


def _check(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    shapes = tensor_shapes(folder)
    for name, tensor in tensors.items():
        if shapes.get(name) != tuple(tensor.shape):
            raise MissingTensorError(
                f"{folder} has {name} of shape {shapes[name]}." if name in shapes else f"{folder} has no {name}.",
                f"The run needs it in shape {tuple(tensor.shape)}.",
                "Resume with the settings of the run that wrote it, or begin in an empty folder.",
            )


@contextmanager
def alone_is_meant() -> Iterator[None]:
    """PyTorch warns that one process saves alone, even when told so."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled, unavailable or uninitialized")
        yield


def _synchronise(path: Path) -> None:
    """Make sure that it is on the disk and not only on its way."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
