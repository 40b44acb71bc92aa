"""Our packed form: one safetensors file with the parts of encoded tensors, ready to be mapped; knows no kernel.

In version 2 matrices may be tiled (`compute/quant/tiled.py`): their bytes are the kernels' memory layout. Tiles lie at
multiples of 64 bytes, and of a page where their size allows it. Version 1, without tiles, is read too.

`packed.safetensors` holds one entry a part: `NAME` where a tensor has one part, `NAME::PART` where it has several. Its
`__metadata__` has the strings `format` ("zaphod-packed"), `version`, `config` (JSON), `formats` (JSON, tensor name to
format name) and `shapes` (JSON, tensor name to logical shape). Any safetensors library can open it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from zaphod.compute.quant import format_named
from zaphod.compute.quant.tensor import EncodedTensor, PartSpec, QuantFormat, Shape
from zaphod.compute.weights.checkpoint import TensorInfo
from zaphod.compute.weights.mapped import (
    HoldsNoFiles,
    existing,
    find_tokenizer_files,
    parse_json_object,
    shape_problem,
)
from zaphod.compute.weights.partial_file import PartialFile
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.compute.weights.safetensors_file import SafetensorsFile, plan_layout
from zaphod.compute.weights.safetensors_writer import refuse_other_weights, write_beside
from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError

PACKED_NAME = "packed.safetensors"
FORMAT_MARK = "zaphod-packed"
_VERSION = "2"
_VERSIONS_READ = ("1", "2")
_PAGE_BYTES = 4096


class _Entry(NamedTuple):
    shape: Shape
    format: QuantFormat


class FilePlace(NamedTuple):
    """A run of bytes in a file."""

    path: Path
    offset: int
    num_bytes: int


class PackedCheckpoint(HoldsNoFiles):
    """A packed model, given its folder or its file.

    Raises:
        CorruptFileError: the file is not a sound packed model of a version that we know.
    """

    file_format = "packed"

    def __init__(self, path: Path) -> None:
        self.path = path
        file_path = path / PACKED_NAME if existing(path).is_dir() else path
        self._folder = file_path.parent
        self._file = SafetensorsFile(existing(file_path))
        header = self._file.user_metadata
        if header.get("format") != FORMAT_MARK or header.get("version") not in _VERSIONS_READ:
            self._refuse(f"is marked {header.get('format')!r} version {header.get('version')!r}")
        self.metadata: Mapping[str, Any] = self._table("config")
        self._entries = self._read_entries()

    @property
    def tokenizer_files(self) -> Mapping[str, Path]:
        return find_tokenizer_files(self._folder)

    def names(self) -> Sequence[str]:
        return list(self._entries)

    def info(self, name: str) -> TensorInfo:
        entry = self._entry(name)
        return TensorInfo(
            name=name, shape=entry.shape, format=entry.format, num_bytes=entry.format.num_bytes(entry.shape)
        )

    def tensor(self, name: str) -> EncodedTensor:
        entry = self._entry(name)
        stored = _stored_names(name, entry.format.part_specs(entry.shape))
        return EncodedTensor(
            entry.shape, entry.format, {part: self._file.array(stored_as) for part, stored_as in stored.items()}
        )

    def places(self, name: str) -> Mapping[str, FilePlace]:
        """Where each part of a tensor lies; the entries of a stack follow one another without a gap."""
        entry = self._entry(name)
        stored = {
            part: self._file.places[at]
            for part, at in _stored_names(name, entry.format.part_specs(entry.shape)).items()
        }
        return {part: FilePlace(self._file.path, at.offset, at.spec.num_bytes) for part, at in stored.items()}

    def _entry(self, name: str) -> _Entry:
        if name not in self._entries:
            raise MissingTensorError(f"{self.path} has no tensor '{name}'.", f"It has {len(self._entries)} others.")
        return self._entries[name]

    def _table(self, key: str) -> dict[str, Any]:
        text = self._file.user_metadata.get(key, "")
        return parse_json_object(text.encode(), f"'{key}' in the header of {self._file.path}")

    def _read_entries(self) -> dict[str, _Entry]:
        formats, shapes = self._table("formats"), self._table("shapes")
        if formats.keys() != shapes.keys():
            self._refuse("lists other tensors under 'formats' than under 'shapes'")
        entries = {name: self._read_entry(name, formats[name], shapes[name]) for name in formats}
        specs = part_specs(entries)
        if specs != {name: place.spec for name, place in self._file.places.items()}:
            wrong = sorted(specs.keys() ^ self._file.places.keys()) or [
                name for name, place in self._file.places.items() if specs[name] != place.spec
            ]
            self._refuse(f"holds '{wrong[0]}' otherwise than its list of formats says")
        return entries

    def _read_entry(self, name: str, format_name: object, shape: object) -> _Entry:
        if not isinstance(shape, list) or shape_problem(shape) or 0 in shape or not isinstance(format_name, str):
            self._refuse(f"gives tensor '{name}' no sound shape or no format")
        try:
            entry = _Entry(tuple(shape), format_named(format_name))
            entry.format.part_specs(entry.shape)
        except ConfigError as error:
            raise CorruptFileError(
                f"{self._file.path}: tensor '{name}': {error.found}", error.wanted, "Convert the model again."
            ) from error
        return entry

    def _refuse(self, what: str) -> NoReturn:
        raise CorruptFileError(
            f"{self._file.path} {what}.",
            f"A packed model is marked {FORMAT_MARK!r} version {' or '.join(map(repr, _VERSIONS_READ))} and lists each "
            "tensor's format and shape.",
            "Convert the model again.",
        )


class PackedWriter:
    """A packed model being written; a `CheckpointWriter`.

    Args:
        folder: where to write; it may hold an earlier or interrupted packed model, but no other weights.
        plan: every tensor, in the order in which `names()` shall list them.
        config: the model's hyper-parameters, kept in the file as JSON.
        tokenizer_files: files to be copied beside the weights, by name.
        source: what the data comes from; an interrupted result from another source is not resumed.

    Raises:
        ConfigError: the folder already holds other weights, or a shape does not suit its format.
    """

    def __init__(
        self,
        folder: Path,
        plan: Sequence[PlannedTensor],
        config: Mapping[str, Any],
        tokenizer_files: Mapping[str, Path],
        *,
        source: str = "",
    ) -> None:
        self._folder = folder
        self._tokenizer_files = tokenizer_files
        refuse_other_weights(folder, {PACKED_NAME})
        specs = part_specs({t.name: _Entry(t.shape, t.format) for t in plan})
        layout = plan_layout(specs, _header(plan, config), _PAGE_BYTES)
        places = {
            tensor.name: {
                part: layout.places[stored_as]
                for part, stored_as in _stored_names(tensor.name, tensor.format.part_specs(tensor.shape)).items()
            }
            for tensor in plan
        }
        self._file = PartialFile(
            folder / PACKED_NAME,
            header=layout.header,
            tensors=plan,
            places=places,
            total_bytes=layout.total_bytes,
            source=source,
        )

    def is_written(self, name: str) -> bool:
        return self._file.is_written(name)

    def write(self, name: str, pieces: Iterable[EncodedTensor]) -> None:
        self._file.write(name, pieces)

    def finish(self) -> list[Path]:
        """See `CheckpointWriter.finish`. The weights come last: with them the folder is complete."""
        self._file.check_complete()
        beside = write_beside(self._folder, self._tokenizer_files, {})
        return [self._file.publish(), *beside]


def is_packed(path: Path) -> bool:
    """Whether a safetensors file is a packed model. Raises `CorruptFileError` where it is no safetensors file."""
    return SafetensorsFile(path).user_metadata.get("format") == FORMAT_MARK


def part_specs(entries: Mapping[str, _Entry]) -> dict[str, PartSpec]:
    """Every stored array by the name that it has in the file."""
    specs: dict[str, PartSpec] = {}
    for name, entry in entries.items():
        parts = entry.format.part_specs(entry.shape)
        specs |= {stored_as: parts[part] for part, stored_as in _stored_names(name, parts).items()}
    return specs


def _stored_names(name: str, parts: Mapping[str, PartSpec]) -> dict[str, str]:
    return {part: name if len(parts) == 1 else f"{name}::{part}" for part in parts}


def _header(plan: Sequence[PlannedTensor], config: Mapping[str, Any]) -> dict[str, str]:
    return {
        "format": FORMAT_MARK,
        "version": _VERSION,
        "config": json.dumps(dict(config)),
        "formats": json.dumps({tensor.name: tensor.format.name for tensor in plan}),
        "shapes": json.dumps({tensor.name: list(tensor.shape) for tensor in plan}),
    }
