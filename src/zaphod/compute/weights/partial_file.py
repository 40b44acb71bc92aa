"""One output file that appears whole or not at all, and can be resumed; knows offsets and parts, no file format.

The data goes to `NAME.partial` and each finished tensor's name to a journal `NAME.partial.json`, whose first line is
a hash of the layout. A tensor is noted only after its bytes are on the disk, so that a kill or a power cut costs at
most the tensor that was being written. A journal of another layout (or none) means starting anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zaphod.compute.quant.tensor import Array, EncodedTensor, PartSpec, Shape
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.core.errors import WeightsError


class Place(NamedTuple):
    """Where one part of a tensor lies: its first byte in the file, and its dtype and shape."""

    offset: int
    spec: PartSpec


class PartialFile:
    """A file of known header, layout and size whose tensors are written in any order.

    Args:
        path: the final name; its folder is created.
        header: the bytes from offset 0.
        tensors: the tensors that lie in this file.
        places: for each tensor's name, the place of each of its parts.
        total_bytes: the size of the finished file.
        source: what the data comes from. A partial file of another source is not resumed, only begun anew.
    """

    def __init__(
        self,
        path: Path,
        *,
        header: bytes,
        tensors: Sequence[PlannedTensor],
        places: Mapping[str, Mapping[str, Place]],
        total_bytes: int,
        source: str = "",
    ) -> None:
        self.path = path
        self._tensors = {tensor.name: tensor for tensor in tensors}
        assert len(self._tensors) == len(tensors)
        assert self._tensors.keys() == places.keys()
        self._places = places
        self._data_path = path.with_name(path.name + ".partial")
        self._journal_path = path.with_name(path.name + ".partial.json")
        layout_hash = _layout_hash(header, tensors, places, total_bytes, source)
        self._written = self._resume_or_begin(layout_hash, header, total_bytes)

    def _resume_or_begin(self, layout_hash: str, header: bytes, total_bytes: int) -> set[str]:
        written = _journal_names(self._journal_path, layout_hash)
        if written is not None and self._holds_data(total_bytes, is_complete=written >= self._tensors.keys()):
            # Written afresh: a line that the interruption cut off must not swallow the next name.
            self._begin_journal(layout_hash, [name for name in self._tensors if name in written])
            return written & self._tensors.keys()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._journal_path.unlink(missing_ok=True)
        with self._data_path.open("wb") as data:
            data.write(header)
            data.truncate(total_bytes)
            _sync(data.fileno())
        self._begin_journal(layout_hash, [])
        return set()

    def _holds_data(self, total_bytes: int, *, is_complete: bool) -> bool:
        """Whether the data that a journal speaks of is there: unfinished, or already under its final name."""
        path = self.path if is_complete and not self._data_path.exists() else self._data_path
        return path.is_file() and path.stat().st_size == total_bytes

    def _begin_journal(self, layout_hash: str, names: Sequence[str]) -> None:
        write_whole(self._journal_path, "".join(json.dumps(line) + "\n" for line in [layout_hash, *names]).encode())

    def is_written(self, name: str) -> bool:
        return name in self._written

    def write(self, name: str, pieces: Iterable[EncodedTensor]) -> None:
        """Store one tensor; see `CheckpointWriter.write`."""
        assert not self.is_written(name), f"{name} is already written; ask is_written first"
        with self._data_path.open("r+b") as data:
            self._write_pieces(data.fileno(), self._tensors[name], pieces)
            _sync(data.fileno())
        with self._journal_path.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(name) + "\n")
        self._written.add(name)

    def _write_pieces(self, fd: int, tensor: PlannedTensor, pieces: Iterable[EncodedTensor]) -> None:
        wanted = tensor.shape[0] if tensor.shape else 1
        num_entries = 0
        for piece in pieces:
            shape = tuple(piece.shape)
            is_whole = shape == tensor.shape and num_entries == 0
            if piece.format.name != tensor.format.name or not (is_whole or shape == tensor.shape[1:]):
                raise _misfit(tensor, f"a piece of shape {list(shape)} in {piece.format.name}")
            first = num_entries
            num_entries += wanted if is_whole else 1
            if num_entries > wanted:
                raise _misfit(tensor, f"more than {wanted} pieces")
            self._write_parts(fd, tensor, piece, first)
        if num_entries != wanted:
            raise _misfit(tensor, f"{num_entries} of {wanted} pieces")

    def _write_parts(self, fd: int, tensor: PlannedTensor, piece: EncodedTensor, first: int) -> None:
        """Write one piece whose first entry of the leading axis is `first`."""
        for part, (offset, spec) in self._places[tensor.name].items():
            array = piece.parts[part]
            is_whole = tuple(piece.shape) == tensor.shape
            wanted: Shape = spec.shape if is_whole else spec.shape[1:]
            if array.dtype != spec.dtype or array.shape != wanted:
                raise _misfit(tensor, f"part '{part}' as {array.dtype} {list(array.shape)}")
            entry_bytes = spec.num_bytes // spec.shape[0] if spec.shape and spec.shape[0] else spec.num_bytes
            _write_array(fd, offset + first * entry_bytes, array)

    def missing(self) -> list[str]:
        """Names of the tensors that are not written yet, in file order."""
        return [name for name in self._tensors if name not in self._written]

    def check_complete(self) -> None:
        """Raise `WeightsError` where planned tensors are missing."""
        if missing := self.missing():
            raise WeightsError(
                f"{self.path.name}: {len(missing)} planned tensors were not written: {', '.join(missing[:5])}",
                "A file is published only when it is complete.",
                "Run the same command again; it goes on where it stopped.",
            )

    def publish(self) -> Path:
        """Give the complete file its final name. Raises `WeightsError` where planned tensors are missing."""
        self.rename()
        self.forget()
        return self.path

    def rename(self) -> None:
        """Publish, but keep the journal, so that a run that is interrupted among several files knows this one."""
        self.check_complete()
        if self._data_path.exists():
            os.replace(self._data_path, self.path)
            sync_folder(self.path.parent)

    def forget(self) -> None:
        """Remove the journal of a published file."""
        self._journal_path.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> Path:
    """Write a small file so that it appears whole or not at all. Returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        _sync(file.fileno())
    os.replace(partial, path)
    sync_folder(path.parent)
    return path


def sync_folder(folder: Path) -> None:
    """Make the renames inside `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        _sync(fd)
    finally:
        os.close(fd)


def _sync(fd: int) -> None:
    os.fsync(fd)


def _write_array(fd: int, offset: int, array: Array) -> None:
    # bfloat16 arrays offer no buffer, hence the view as bytes; os.pwrite writes at most 2 GiB a call on Linux.
    remaining = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    while remaining:
        count = os.pwrite(fd, remaining[: 1 << 30], offset)
        remaining = remaining[count:]
        offset += count


def _layout_hash(
    header: bytes,
    tensors: Sequence[PlannedTensor],
    places: Mapping[str, Mapping[str, Place]],
    total_bytes: int,
    source: str,
) -> str:
    rows = [
        [t.name, t.shape, t.format.name, [[part, place.offset] for part, place in places[t.name].items()]]
        for t in tensors
    ]
    import hashlib  # only writing needs it

    digest = hashlib.sha256(header)
    digest.update(json.dumps([rows, total_bytes, source]).encode())
    return digest.hexdigest()


def _journal_names(path: Path, layout_hash: str) -> set[str] | None:
    """The finished tensors that a journal of this layout lists; None where there is no such journal."""
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    # A line without its line break was cut off by the interruption: that tensor counts as not written.
    whole = [line.strip() for line in lines if line.endswith("\n")]
    if not whole or whole[0] != json.dumps(layout_hash):
        return None
    try:
        return {str(json.loads(line)) for line in whole[1:]}
    except ValueError:
        return None


def _misfit(tensor: PlannedTensor, got: str) -> WeightsError:
    return WeightsError(
        f"{tensor.name}: {got}.",
        f"The plan says shape {list(tensor.shape)} in {tensor.format.name}, whole or entry by entry.",
    )
