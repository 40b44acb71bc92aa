"""Hugging Face checkpoints: a safetensors file or a folder of them; knows which file holds a tensor, not its meaning.

Folders come in four layouts: with an index (`model.safetensors.index.json`), one `model.safetensors`, shards without an
index, and Grok-2's tensor-parallel files (see `tensor_parallel`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.weights.checkpoint import TensorInfo
from zaphod.compute.weights.mapped import HoldsNoFiles, existing, find_tokenizer_files, read_config, read_json_object
from zaphod.compute.weights.raw_format import format_of_dtype
from zaphod.compute.weights.safetensors_file import SafetensorsFile, gather
from zaphod.compute.weights.tensor_parallel import Holders, gather_ranks, is_tensor_parallel
from zaphod.core.errors import CorruptFileError, MissingTensorError, UnsafeFileError, WeightsError

INDEX_NAME = "model.safetensors.index.json"
_SINGLE_NAME = "model.safetensors"
_NUMBERED = re.compile(r"(.*)-\d+-of-(\d{1,6})\.safetensors")
_PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


class SafetensorsCheckpoint(HoldsNoFiles):
    """Tensors as Hugging Face repositories store them, with config.json and tokenizer files beside.

    Args:
        path: a file, a folder, or the index file of a folder.

    Raises:
        UnsafeFileError: the folder holds only pickled weights.
        MissingTensorError: a shard is missing, or two files hold a tensor of the same name.
        CorruptFileError: a header or the index is unsound.
    """

    file_format = "safetensors"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = path if existing(path).is_dir() else path.parent
        self._holders = _find_holders(path)

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """config.json beside the weights, or nothing."""
        return read_config(self._folder)

    @property
    def tokenizer_files(self) -> Mapping[str, Path]:
        return find_tokenizer_files(self._folder)

    def names(self) -> Sequence[str]:
        return list(self._holders)

    def info(self, name: str) -> TensorInfo:
        spec = self._only_holder(name).places[name].spec
        return TensorInfo(name=name, shape=spec.shape, format=format_of_dtype(spec.dtype), num_bytes=spec.num_bytes)

    def tensor(self, name: str) -> EncodedTensor:
        return _encoded(self._only_holder(name), name)

    def num_shards(self, name: str) -> int:
        """In how many tensor-parallel slices a tensor is stored; 1 where it is whole."""
        return len(self._files(name))

    def shards(self, name: str) -> list[EncodedTensor]:
        """The slices of a tensor in rank order, all of one shape; the tensor itself where it is whole.

        Along which axis they join depends on the tensor, and is not said by the files.
        """
        return [_encoded(file, name) for file in self._files(name)]

    def _files(self, name: str) -> Sequence[SafetensorsFile]:
        if name not in self._holders:
            raise MissingTensorError(f"{self.path} has no tensor '{name}'.", f"It has {len(self._holders)} others.")
        return self._holders[name]

    def _only_holder(self, name: str) -> SafetensorsFile:
        files = self._files(name)
        if len(files) > 1:
            raise MissingTensorError(
                f"'{name}' is cut into {len(files)} slices, {files[0].path.name} to {files[-1].path.name}.",
                "A whole tensor was asked for.",
                "Read the slices with shards() and join them along the axis that the model knows.",
            )
        return files[0]


def _encoded(file: SafetensorsFile, name: str) -> EncodedTensor:
    spec = file.places[name].spec
    return EncodedTensor(spec.shape, format_of_dtype(spec.dtype), {"values": file.array(name)})


def _find_holders(path: Path) -> Holders:
    if path.is_file() and path.name != INDEX_NAME:
        return _whole([path])
    folder = path if path.is_dir() else path.parent
    paths = sorted(folder.glob("*.safetensors"))
    if any(is_tensor_parallel(file) for file in paths):
        return gather_ranks(paths)
    if (folder / INDEX_NAME).is_file():
        return _indexed(folder / INDEX_NAME)
    if (folder / _SINGLE_NAME).is_file():
        return _whole([folder / _SINGLE_NAME])
    if not paths:
        _refuse_folder(folder)
    _check_shard_numbers(paths)
    return _whole(paths)


def _whole(paths: Sequence[Path]) -> Holders:
    holders = gather(SafetensorsFile(path) for path in paths)
    return {name: [file] for name, file in holders.items()}


def _indexed(index_path: Path) -> Holders:
    """Tensors in the shards that the index lists. What the index says of each must be true."""
    weight_map = read_json_object(index_path).get("weight_map")
    if not isinstance(weight_map, dict) or not all(_is_file_name(file) for file in weight_map.values()):
        raise CorruptFileError(
            f"{index_path} has no weight_map from tensor names to names of files beside it.",
            remedy="Fetch the file again.",
        )
    files = sorted(set(weight_map.values()))
    if missing := [file for file in files if not (index_path.parent / file).is_file()]:
        _refuse_missing(index_path.parent, missing)
    holders = _whole([index_path.parent / file for file in files])
    for name, file in weight_map.items():
        if name not in holders or holders[name][0].path.name != file:
            raise MissingTensorError(
                f"{index_path} says that '{name}' is in {file}; it is not.",
                "Index and shards must agree.",
                "Fetch the index and the shards again, from one release.",
            )
    return holders


def _is_file_name(value: object) -> bool:
    """Whether it names a file beside the index, and not one elsewhere on the disk."""
    return isinstance(value, str) and value not in ("", ".", "..") and not set(value) & set("/\\\0")


def _check_shard_numbers(paths: Sequence[Path]) -> None:
    """Where names count themselves (`model-00001-of-00003`), all of them must be there."""
    present = {path.name for path in paths}
    series = {match.groups() for name in present if (match := _NUMBERED.fullmatch(name))}
    missing = [
        name
        for stem, total in sorted(series)
        for number in range(1, int(total) + 1)
        if (name := f"{stem}-{number:0{len(total)}d}-of-{total}.safetensors") not in present
    ]
    if missing:
        _refuse_missing(paths[0].parent, missing)


def _refuse_missing(folder: Path, names: Sequence[str]) -> NoReturn:
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    raise MissingTensorError(f"{folder} lacks {shown}.", "All shards are needed.", "Finish the download.")


def _refuse_folder(folder: Path) -> NoReturn:
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLE_SUFFIXES)
    if pickled:
        raise UnsafeFileError(
            f"{folder} holds weights only as pickles ({pickled[0]}), which can run code when they are read.",
            "Weights are read from safetensors, GGUF or the official Grok-1 files.",
            "Fetch a safetensors version of this model, or convert it in an environment that you can throw away.",
        )
    raise WeightsError(
        f"{folder} holds no .safetensors files.",
        "A model is a folder of safetensors, a GGUF file, a packed model or an official ckpt-0.",
        "Check the path.",
    )
