"""Reads models of one GGUF file or of a split one; knows names and places, not what the keys mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.weights.checkpoint import TensorInfo
from zaphod.compute.weights.gguf_header import GGUFFile, StoredTensor
from zaphod.compute.weights.mapped import HoldsNoFiles, existing, map_array
from zaphod.core.errors import CorruptFileError, MissingTensorError, WeightsError

_SPLIT_NAME = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)


class GGUFCheckpoint(HoldsNoFiles):
    """A GGUF model, given its file; of a split model, any of its files.

    Shapes are logical, [out, in] and [expert, out, in]. A tensor of a type that is not known does no harm until it is
    asked for: then `info` and `tensor` raise `WeightsError`.

    Raises:
        CorruptFileError: a file contradicts the format, its size, its name, or the other files of the split.
        MissingTensorError: files of the split are missing, or a tensor is in two of them.
        WeightsError: the file is big-endian, or of a version that is not read.
    """

    file_format = "gguf"

    def __init__(self, path: Path) -> None:
        self.path = path
        if existing(path).is_dir():
            raise WeightsError(f"{path} is a folder.", "A GGUF model is a file.", "Give the path of the file.")
        files = [GGUFFile(part) for part in _part_paths(path)]
        _check_split(files)
        self.metadata: Mapping[str, Any] = files[0].metadata
        self.tokenizer_files: Mapping[str, Path] = {}
        self._holders = _gather(files)

    def names(self) -> Sequence[str]:
        return list(self._holders)

    def info(self, name: str) -> TensorInfo:
        file, stored = self._entry(name)
        format = stored.format(file.path)
        return TensorInfo(name=name, shape=stored.shape, format=format, num_bytes=format.num_bytes(stored.shape))

    def tensor(self, name: str) -> EncodedTensor:
        file, stored = self._entry(name)
        format = stored.format(file.path)
        [(part, spec)] = format.part_specs(stored.shape).items()
        return EncodedTensor(stored.shape, format, {part: map_array(file.path, stored.offset, spec)})

    def _entry(self, name: str) -> tuple[GGUFFile, StoredTensor]:
        if name not in self._holders:
            raise MissingTensorError(f"{self.path} has no tensor '{name}'.", f"It has {len(self._holders)} others.")
        file = self._holders[name]
        return file, file.tensors[name]


def _part_paths(path: Path) -> list[Path]:
    """All files of the model that `path` belongs to, as its name tells. Raises `MissingTensorError`."""
    match = _SPLIT_NAME.fullmatch(path.name)
    if match is None:
        return [path]
    count = int(match["count"])
    if not 1 <= int(match["number"]) <= count:
        raise CorruptFileError(f"{path.name} is no part of {count}.", remedy="Restore the original name of the file.")
    names = [f"{match['stem']}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]
    missing = [name for name in names if not (path.parent / name).is_file()]
    if missing:
        shown = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
        raise MissingTensorError(f"{path.parent} lacks {shown}.", "All parts are needed.", "Finish the download.")
    return [path.parent / name for name in names]


def _check_split(files: Sequence[GGUFFile]) -> None:
    """What the files say of the split must agree with their names and with their tensors."""
    for index, file in enumerate(files):
        count, number = file.metadata.get("split.count", 0), file.metadata.get("split.no", 0)
        if count != len(files) and (len(files) > 1 or count not in (0, 1)):
            _refuse_part(file, f"says that the model has {count} parts; by the names of its files it has {len(files)}")
        if number != index:
            _refuse_part(file, f"says that it is part {number}, counted from 0; by its name it is {index}")
    total = sum(len(file.tensors) for file in files)
    declared = files[0].metadata.get("split.tensors.count", total)
    if declared != total:
        _refuse_part(files[0], f"says that the parts hold {declared} tensors; they hold {total}")


def _refuse_part(file: GGUFFile, what: str) -> NoReturn:
    raise CorruptFileError(
        f"{file.path} {what:.300}.",
        "Parts are named STEM-00001-of-0000N.gguf, as they were split.",
        "Restore the original names, or fetch all parts again from one release.",
    )


def _gather(files: Sequence[GGUFFile]) -> dict[str, GGUFFile]:
    """Which file holds which tensor."""
    holders: dict[str, GGUFFile] = {}
    for file in files:
        for name in file.tensors:
            if name in holders:
                raise MissingTensorError(
                    f"The tensor '{name:.80}' is in {holders[name].path.name} and again in {file.path.name}.",
                    "Each tensor may occur once.",
                    "Fetch all parts again from one release.",
                )
            holders[name] = file
    return holders
