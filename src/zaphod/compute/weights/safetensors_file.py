"""One safetensors file: eight bytes of header length, a JSON header, then the data; knows nothing of models or shards.

The reader trusts nothing: every size and offset is checked against the others and against the file before an array is
handed out. Format: https://github.com/huggingface/safetensors (README, "Format").
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import ml_dtypes
import numpy as np

from zaphod.compute.quant.tensor import Array, PartSpec
from zaphod.compute.weights.mapped import MAX_JSON_BYTES, map_array, num_elements, parse_json_object, shape_problem
from zaphod.compute.weights.partial_file import Place
from zaphod.core.errors import CorruptFileError, MissingTensorError

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype(np.uint8),
    "I8": np.dtype(np.int8),
    "U16": np.dtype(np.uint16),
    "I16": np.dtype(np.int16),
    "U32": np.dtype(np.uint32),
    "I32": np.dtype(np.int32),
    "U64": np.dtype(np.uint64),
    "I64": np.dtype(np.int64),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F32": np.dtype(np.float32),
    "F64": np.dtype(np.float64),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LENGTH_BYTES = 8
_DATA_ALIGNMENT_BYTES = 64


class SafetensorsFile:
    """The header of one file, and its arrays on demand.

    Attributes:
        path: the file.
        user_metadata: the strings under `__metadata__`.
        places: where each array lies (offsets from the start of the file), in the order of the header.

    Raises:
        CorruptFileError: the header contradicts the format, itself or the size of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        size = path.stat().st_size
        header, data_start = _read_header(path, size)
        self.user_metadata = _user_metadata(path, header.pop("__metadata__", {}))
        self.places = {name: _place(path, name, entry, data_start) for name, entry in header.items()}
        _check_cover(path, self.places, data_start, size)

    def array(self, name: str) -> Array:
        """One array, memory-mapped."""
        place = self.places[name]
        return map_array(self.path, place.offset, place.spec)


class Layout(NamedTuple):
    """What a file that is to be written begins with, and where its arrays will lie."""

    header: bytes
    places: Mapping[str, Place]
    total_bytes: int


def plan_layout(
    specs: Mapping[str, PartSpec], user_metadata: Mapping[str, str], alignment: int = _DATA_ALIGNMENT_BYTES
) -> Layout:
    """Header and places of a file that holds the arrays of `specs`.

    The header, filled up with spaces, is a multiple of `alignment` bytes and lists the arrays in the order given. The
    format allows no hole in the data, so arrays whose entries (rows, or matrices of a stack) have sizes of high powers
    of two come first: each entry then lies at a multiple of its own power, or of `alignment` if that is less.
    """

    def power(spec: PartSpec) -> int:
        entries = spec.shape[0] if len(spec.shape) > 1 else 1
        return math.gcd(alignment, spec.num_bytes // max(entries, 1))

    starts: dict[str, int] = {}
    data_bytes = 0
    for name in sorted(specs, key=lambda name: -power(specs[name])):
        starts[name] = data_bytes
        data_bytes += specs[name].num_bytes
    header = _header_bytes(specs, starts, user_metadata, alignment)
    places = {name: Place(len(header) + starts[name], spec) for name, spec in specs.items()}
    return Layout(header, places, len(header) + data_bytes)


def _header_bytes(
    specs: Mapping[str, PartSpec], starts: Mapping[str, int], user_metadata: Mapping[str, str], alignment: int
) -> bytes:
    entries: dict[str, Any] = {"__metadata__": dict(user_metadata)}
    for name, spec in specs.items():
        ends = [starts[name], starts[name] + spec.num_bytes]
        entries[name] = {"dtype": _NAMES[spec.dtype], "shape": list(spec.shape), "data_offsets": ends}
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(_LENGTH_BYTES + len(text)) % alignment)
    assert len(text) <= MAX_JSON_BYTES, "no reader would accept this header"
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text


def _read_header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if size < _LENGTH_BYTES or length > size - _LENGTH_BYTES:
            _refuse(path, f"has {size} bytes and declares a header of {length}: it is cut off, or no safetensors file")
        if length > MAX_JSON_BYTES:
            _refuse(path, f"declares a header of {length} bytes, more than {MAX_JSON_BYTES}")
        text = file.read(length)
    if not text.startswith(b"{"):
        _refuse(path, "has a header that does not begin with a brace")
    return parse_json_object(text, f"the header of {path}"), _LENGTH_BYTES + length


def _user_metadata(path: Path, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        _refuse(path, "has a __metadata__ that is not a table of strings")
    return value


def _place(path: Path, name: str, entry: object, data_start: int) -> Place:
    if not name.isprintable():
        _refuse(path, f"has a tensor named {name!a}")
    match entry:
        case {"dtype": str() as dtype_name, "shape": list() as shape, "data_offsets": [int() as start, int() as end]}:
            pass
        case _:
            _refuse(path, f"describes tensor '{name}' without dtype, shape and two data_offsets")
    if problem := shape_problem(shape):
        _refuse(path, f"gives tensor '{name}' a shape that {problem}")
    if dtype_name not in _DTYPES:
        _refuse(path, f"stores tensor '{name}' as {dtype_name!a}, not one of {', '.join(_DTYPES)}")
    spec = PartSpec(dtype=_DTYPES[dtype_name], shape=tuple(shape))
    wanted_bytes = num_elements(spec.shape) * spec.dtype.itemsize
    if end - start != wanted_bytes:
        _refuse(path, f"gives tensor '{name}' {end - start} bytes; {dtype_name} {shape} takes {wanted_bytes}")
    return Place(data_start + start, spec)


def _check_cover(path: Path, places: Mapping[str, Place], data_start: int, size: int) -> None:
    """The arrays must follow each other without hole or overlap and end where the file ends."""
    end = data_start
    for name, (offset, spec) in sorted(places.items(), key=lambda item: (item[1].offset, item[1].spec.num_bytes)):
        if offset != end:
            _refuse(path, f"has {'a hole before' if offset > end else 'an overlap at'} tensor '{name}'")
        end += spec.num_bytes
    if end != size:
        _refuse(path, f"has {size} bytes; its header describes {end}")


def _refuse(path: Path, what: str) -> NoReturn:
    raise CorruptFileError(f"{path} {what}.", "This is not a sound safetensors file.", "Fetch the file again.")


def gather(files: Iterable[SafetensorsFile]) -> dict[str, SafetensorsFile]:
    """Which file holds which tensor. Raises `MissingTensorError` where two files hold the same name."""
    holders: dict[str, SafetensorsFile] = {}
    for file in files:
        for name in file.places:
            if name in holders:
                refuse_repetition(name, holders[name].path, file.path)
            holders[name] = file
    return holders


def refuse_repetition(name: str, first: Path, second: Path) -> NoReturn:
    """Two files hold the same name, and nothing says which one is meant."""
    raise MissingTensorError(
        f"The tensor '{name}' is in {first.name} and again in {second.name}.",
        "Each tensor may occur once, except in tensor-parallel shards (…-TP-000.safetensors, …-TP-001.safetensors).",
        f"Move the file that does not belong out of {first.parent}.",
    )
