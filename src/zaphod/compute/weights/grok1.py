"""The official Grok-1 checkpoint `ckpt-0`: which file holds which tensor; knows names and bytes, not the network.

The release is 770 pickles `tensor{i:05d}_000` in the sorted order of the official parameter tree, so that layer 10
comes before layer 2. Weights are int8 [..., in, out] with bfloat16 scales [..., G, out], one for each of G blocks of
input rows; the embedding [V, D], the norms [D] and the routers [D, E] are float32. Names are the official ones
(`transformer/decoder_layer_3/moe/linear/w`). Source: xai-org/grok-1, checkpoint.py and model.py, and the sizes of the
published files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from zaphod.compute.quant import Int8
from zaphod.compute.quant.tensor import EncodedTensor, QuantFormat, Shape
from zaphod.compute.weights.checkpoint import TensorInfo
from zaphod.compute.weights.mapped import HoldsNoFiles, existing, find_tokenizer_files, map_array, read_config
from zaphod.compute.weights.pickle_arrays import StoredArray, locate_arrays
from zaphod.compute.weights.raw_format import format_of_dtype
from zaphod.core.errors import CorruptFileError, MissingTensorError, UnsafeFileError, WeightsError


class _Slot(NamedTuple):
    """One of the tensors that come in a fixed order: its name, its rank, and its file's size in the release."""

    name: str
    rank: int
    release_bytes: int


_HEAD_SLOTS = (
    _Slot("language_model/in_out_embed/embeddings", 2, 3_221_225_637),
    _Slot("language_model/rms_norm/scale", 1, 24_727),
)
_LAYER_SLOTS = (
    _Slot("moe/linear/w", 3, 1_611_137_347),
    _Slot("moe/linear_1/w", 3, 1_611_399_491),
    _Slot("moe/linear_v/w", 3, 1_611_137_347),
    _Slot("multi_head_attention/key/w", 2, 6_293_814),
    _Slot("multi_head_attention/linear/w", 2, 37_847_359),
    _Slot("multi_head_attention/query/w", 2, 37_761_334),
    _Slot("multi_head_attention/value/w", 2, 6_293_814),
    _Slot("rms_norm/scale", 1, 24_727),
    _Slot("rms_norm_1/scale", 1, 24_727),
    _Slot("rms_norm_2/scale", 1, 24_727),
    _Slot("rms_norm_3/scale", 1, 24_727),
    _Slot("router/w", 2, 196_770),
)
_RELEASE_EMBEDDING_SHAPE = (131_072, 6_144)
_RELEASE_LAYERS = 64
_MAX_LAYERS = 8_333
"""File numbers have five digits."""
_CHECKPOINT_FOLDERS = ("ckpt-0", "ckpt")


class FileProblem(NamedTuple):
    """Something wrong with one file of a checkpoint."""

    file: str
    problem: str


def official_slots(num_layers: int) -> list[_Slot]:
    """Name, rank and release size of every file in order, for a model of so many layers."""
    slots = list(_HEAD_SLOTS)
    for layer in sorted(range(num_layers), key=str):
        prefix = f"transformer/decoder_layer_{layer}/"
        slots += [slot._replace(name=prefix + slot.name) for slot in _LAYER_SLOTS]
    return slots


def find_official_folder(path: Path) -> Path | None:
    """The folder of tensor files, given it or the folder around it; None where `path` is no official checkpoint."""
    for folder in (path, *(path / name for name in _CHECKPOINT_FOLDERS)):
        if folder.is_dir() and any(_is_tensor_file(name.name) for name in folder.glob("tensor*")):
            return folder
    return None


class OfficialGrok1(HoldsNoFiles):
    """An official Grok-1 checkpoint of any size, given its folder or the folder around `ckpt-0`.

    Raises:
        WeightsError: there are no tensor files, or they are the pieces of several hosts.
        MissingTensorError: files are missing.
    """

    file_format = "grok-1"

    def __init__(self, path: Path) -> None:
        self.path = path
        folder = find_official_folder(existing(path))
        if folder is None:
            raise WeightsError(
                f"{path} holds no files tensor00000_000, tensor00001_000, …",
                "An official Grok-1 checkpoint is a folder ckpt-0 of such files.",
                "Give the folder ckpt-0, or the folder around it.",
            )
        self._folder = folder
        self._beside = (folder, folder.parent) if folder.name in _CHECKPOINT_FOLDERS else (folder,)
        num_files = _count_files(folder)
        self._located: dict[str, Mapping[str, StoredArray]] = {}
        self._slots = official_slots(self._num_layers(num_files))
        self._index = {slot.name: index for index, slot in enumerate(self._slots)}

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """config.json of the checkpoint's folder, if somebody put one there: the release has none."""
        return read_config(*self._beside)

    @property
    def tokenizer_files(self) -> Mapping[str, Path]:
        return find_tokenizer_files(*self._beside)

    def names(self) -> Sequence[str]:
        return [slot.name for slot in self._slots]

    def info(self, name: str) -> TensorInfo:
        arrays = self._arrays(name)
        shape = next(iter(arrays.values())).spec.shape
        num_bytes = sum(array.spec.num_bytes for array in arrays.values())
        return TensorInfo(name=name, shape=shape, format=self._format(name), num_bytes=num_bytes)

    def tensor(self, name: str) -> EncodedTensor:
        """One tensor, [..., in, out] as in the file; see `Checkpoint.tensor`. Its arrays may be unaligned."""
        path = self._file(name)
        parts = {
            part: map_array(path, array.offset, array.spec, order="F" if array.fortran_order else "C")
            for part, array in self._arrays(name).items()
        }
        return EncodedTensor(self.info(name).shape, self._format(name), parts)

    def integrity(self) -> list[FileProblem]:
        """What is wrong with the files, judged by their names, pickle programs and sizes; their values are not read."""
        return [*self._unexpected_files(), *(problem for slot in self._slots for problem in self._file_problems(slot))]

    def _unexpected_files(self) -> Iterator[FileProblem]:
        for path in sorted(self._folder.glob("tensor*")):
            if not _is_tensor_file(path.name):
                yield FileProblem(path.name, "is not a file of the release; a download may be unfinished")

    def _file_problems(self, slot: _Slot) -> Iterator[FileProblem]:
        path = self._file(slot.name)
        try:
            self._format(slot.name)
        except (CorruptFileError, UnsafeFileError) as error:
            yield FileProblem(path.name, error.found)
        size = path.stat().st_size
        if self._is_release and size != slot.release_bytes:
            yield FileProblem(path.name, f"has {size} bytes; the published file has {slot.release_bytes}")

    @cached_property
    def _is_release(self) -> bool:
        embedding = locate_arrays(self._folder / _file_name(0)).get("values")
        return embedding is not None and embedding.spec.shape == _RELEASE_EMBEDDING_SHAPE

    def _num_layers(self, num_files: int) -> int:
        """The number of layers. It decides every name, so an incomplete folder must not pass for a smaller model."""
        num_layers = self._declared_layers()
        if num_layers is None:
            num_layers = -(-max(num_files - len(_HEAD_SLOTS), 1) // len(_LAYER_SLOTS))
        wanted = len(_HEAD_SLOTS) + len(_LAYER_SLOTS) * num_layers
        if num_files < wanted:
            _refuse_missing(self._folder, range(num_files, wanted))
        if num_files > wanted:
            raise MissingTensorError(
                f"{self._folder} has files up to {_file_name(num_files - 1)}.",
                f"A model of {num_layers} layers has {wanted} files.",
                "Remove the surplus files, or mend config.json.",
            )
        return num_layers

    def _declared_layers(self) -> int | None:
        """The number of layers that config.json gives, or that the release is known to have."""
        declared = self.metadata.get("num_hidden_layers")
        if declared is None:
            return _RELEASE_LAYERS if self._is_release else None
        if type(declared) is not int or not 0 < declared <= _MAX_LAYERS:
            raise CorruptFileError(f"config.json says num_hidden_layers {declared!r}.", "A whole number is wanted.")
        return declared

    def _file(self, name: str) -> Path:
        if name not in self._index:
            raise MissingTensorError(f"{self.path} has no tensor '{name}'.", f"It has {len(self._slots)} others.")
        return self._folder / _file_name(self._index[name])

    def _arrays(self, name: str) -> Mapping[str, StoredArray]:
        if name not in self._located:
            path = self._file(name)
            arrays = locate_arrays(path)
            _check_rank(path, self._slots[self._index[name]], arrays)
            self._located[name] = arrays
        return self._located[name]

    def _format(self, name: str) -> QuantFormat:
        arrays = self._arrays(name)
        if "values" in arrays:
            return _plain_format(self._file(name), arrays["values"])
        return _quantised_format(self._file(name), arrays["weight"], arrays["scales"])


def _file_name(index: int) -> str:
    return f"tensor{index:05d}_000"


def _is_tensor_file(name: str) -> bool:
    return re.fullmatch(r"tensor\d{5}_\d{3}", name) is not None


def _count_files(folder: Path) -> int:
    """The number of tensor files. Raises `MissingTensorError` naming those that are missing in between."""
    names = {path.name for path in folder.glob("tensor*") if _is_tensor_file(path.name)}
    if pieces := sorted(name for name in names if not name.endswith("_000")):
        raise WeightsError(
            f"{folder} holds {pieces[0]}, the piece of another host.",
            "The release has one piece, 000, of each tensor.",
            "Fetch the official release; checkpoints cut for several hosts are not read.",
        )
    count = 1 + max(int(name[6:11]) for name in names)
    if missing := [index for index in range(count) if _file_name(index) not in names]:
        _refuse_missing(folder, missing)
    return count


def _refuse_missing(folder: Path, indices: Sequence[int]) -> NoReturn:
    shown = ", ".join(_file_name(index) for index in indices[:8])
    more = f" and {len(indices) - 8} more" if len(indices) > 8 else ""
    raise MissingTensorError(
        f"{folder} lacks {shown}{more}.",
        f"A Grok-1 checkpoint has {len(_HEAD_SLOTS)} files and {len(_LAYER_SLOTS)} for each layer.",
        "Finish the download.",
    )


def _check_rank(path: Path, slot: _Slot, arrays: Mapping[str, StoredArray]) -> None:
    for array in arrays.values():
        if len(array.spec.shape) != slot.rank:
            raise CorruptFileError(
                f"{path} holds an array of shape {list(array.spec.shape)}.",
                f"By its number it is {slot.name}, which has {slot.rank} dimensions.",
                "The files do not belong together, or some were renamed.",
            )


def _plain_format(path: Path, array: StoredArray) -> QuantFormat:
    if array.spec.dtype == np.int8:
        raise CorruptFileError(f"{path} holds int8 weights without scales.", "Weights are float32 or int8 with scales.")
    return format_of_dtype(array.spec.dtype)


def _quantised_format(path: Path, weight: StoredArray, scales: StoredArray) -> QuantFormat:
    *lead, width_in, width_out = weight.spec.shape
    num_blocks = scales.spec.shape[-2]
    wanted: Shape = (*lead, num_blocks, width_out)
    fits = width_in > 0 and num_blocks > 0 and width_in % num_blocks == 0 and scales.spec.shape == wanted
    if not fits or weight.spec.dtype != np.int8 or scales.spec.dtype == np.int8:
        raise CorruptFileError(
            f"{path} holds {weight.spec.dtype} weights {list(weight.spec.shape)} with {scales.spec.dtype} "
            f"scales {list(scales.spec.shape)}.",
            "Int8 weights [..., in, out] have scales [..., blocks, out], and the blocks divide the inputs evenly.",
            "Fetch the file again.",
        )
    block_size = None if num_blocks == 1 else width_in // num_blocks
    return Int8(block_size=block_size, scale_dtype=scales.spec.dtype.name, input_axis=-2)
