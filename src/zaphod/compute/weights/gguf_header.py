"""The header of one GGUF file: version, key-value pairs, where each tensor lies; knows no models and no splits.

The reader trusts nothing: every count, length and offset is checked against the size of the file before it is used.
Source of the format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from zaphod.compute.quant import GGML_TYPES
from zaphod.compute.quant.tensor import QuantFormat, Shape
from zaphod.compute.weights.gguf_values import HeaderReader
from zaphod.compute.weights.mapped import num_elements, shape_problem
from zaphod.core.errors import ConfigError, CorruptFileError, WeightsError

MAGIC = b"GGUF"
DEFAULT_ALIGNMENT_BYTES = 32
ALIGNMENT_KEY = "general.alignment"
MAX_RANK = 4

_VERSIONS = (2, 3)
_FIXED_BYTES = 24
_MIN_TENSOR_BYTES = 8 + 1 + 4 + 4 + 8
# The largest vocabularies take some twenty million; a limit keeps a hostile file from filling memory and time.
MAX_HEADER_BYTES = 1 << 26
# Grok-2 has under a thousand tensors; 60 layers of 384 experts, each expert's a tensor of its own, some 70 thousand.
MAX_TENSORS = 1 << 18
MAX_PAIRS = 1 << 16
_UNREAD_TYPES: Mapping[int, str] = {
    9: "q8_1",
    15: "q8_k",
    16: "iq2_xxs",
    17: "iq2_xs",
    18: "iq3_xxs",
    19: "iq1_s",
    20: "iq4_nl",
    21: "iq3_s",
    22: "iq2_s",
    23: "iq4_xs",
    24: "i8",
    25: "i16",
    26: "i32",
    27: "i64",
    28: "f64",
    29: "iq1_m",
    34: "tq1_0",
    35: "tq2_0",
    39: "mxfp4",
}


class StoredTensor(NamedTuple):
    """What the header says of one tensor: logical shape ([out, in]), GGML's type number, first byte in the file."""

    name: str
    shape: Shape
    type_number: int
    offset: int

    def format(self, path: Path) -> QuantFormat:
        """The format of the values. Raises `WeightsError` where Zaphod does not know how to read it."""
        if self.type_number in GGML_TYPES:
            return GGML_TYPES[self.type_number]
        known_as = _UNREAD_TYPES.get(self.type_number, "unknown")
        raise WeightsError(
            f"{path}: the tensor '{self.name}' is of GGML's type {self.type_number} ({known_as}).",
            f"Zaphod reads {', '.join(format.name for format in GGML_TYPES.values())}.",
            "Fetch another quantization of this model.",
        )


class GGUFFile:
    """The header of one file.

    Attributes:
        path: the file.
        metadata: the key-value pairs; numbers, booleans and text, or lists of these.
        tensors: where each tensor lies, in the order of the header.

    Raises:
        CorruptFileError: the header contradicts the format, itself or the size of the file.
        WeightsError: a GGUF file of a kind that is not read: big-endian, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        size = path.stat().st_size
        if size < _FIXED_BYTES:
            raise CorruptFileError(f"{path} has {size} bytes.", "A GGUF file has more.", "Fetch the file again.")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            reader = HeaderReader(path, content, min(size, MAX_HEADER_BYTES))
            _check_version(reader)
            num_tensors, num_pairs = (
                _count(reader, "tensors", MAX_TENSORS),
                _count(reader, "key-value pairs", MAX_PAIRS),
            )
            self.metadata = reader.pairs(num_pairs)
            tensors = _read_tensors(reader, num_tensors, _alignment_bytes(reader, self.metadata))
        self.tensors = {tensor.name: tensor for tensor in tensors}
        _check_places(reader, self.tensors.values(), size)


def _check_version(reader: HeaderReader) -> None:
    if (magic := reader.take(4, "bytes of a mark")) != MAGIC:
        reader.refuse(f"begins with {magic!r}, not {MAGIC!r}")
    version = reader.uint32("a version")
    if version in _VERSIONS:
        return
    if version & 0xFFFF == 0 and version:
        found, remedy = "is a big-endian GGUF file", "Fetch the little-endian version of this model."
    else:
        found, remedy = f"is a GGUF file of version {version}", "Fetch a newer conversion of this model."
    raise WeightsError(f"{reader.path} {found}.", "Versions 2 and 3 are read, little-endian.", remedy)


def _count(reader: HeaderReader, what: str, limit: int) -> int:
    count = reader.uint64("a count")
    if count > limit:
        reader.refuse(f"declares {count} {what}, more than {limit}")
    return count


def _alignment_bytes(reader: HeaderReader, metadata: Mapping[str, object]) -> int:
    value = metadata.get(ALIGNMENT_KEY, DEFAULT_ALIGNMENT_BYTES)
    if type(value) is not int or value <= 0 or value & (value - 1):
        reader.refuse(f"has {str(value)[:80]!r} as {ALIGNMENT_KEY}, which is no power of two")
    return value


def _read_tensors(reader: HeaderReader, count: int, alignment_bytes: int) -> list[StoredTensor]:
    reader.require(count, _MIN_TENSOR_BYTES, "tensors")
    tensors: dict[str, StoredTensor] = {}
    for index in range(count):
        tensor = _read_tensor(reader, index)
        if tensor.name in tensors:
            reader.refuse(f"has the tensor '{tensor.name:.80}' twice")
        if tensor.offset % alignment_bytes:
            reader.refuse(f"puts '{tensor.name:.80}' at {tensor.offset}, no multiple of {alignment_bytes}")
        tensors[tensor.name] = tensor
    data_start = aligned(reader.position, alignment_bytes)
    return [tensor._replace(offset=data_start + tensor.offset) for tensor in tensors.values()]


def _read_tensor(reader: HeaderReader, index: int) -> StoredTensor:
    """One entry; its offset is still the distance from the start of the data."""
    name = reader.name(f"a name of tensor {index}")
    rank = reader.uint32("a number of dimensions")
    if rank > MAX_RANK:
        reader.refuse(f"gives tensor '{name:.80}' {rank} dimensions, more than {MAX_RANK}")
    # The file lists the innermost axis first.
    shape = tuple(reversed([reader.uint64("a dimension") for _ in range(rank)]))
    if problem := shape_problem(shape):
        reader.refuse(f"gives tensor '{name:.80}' a shape that {problem}")
    return StoredTensor(name, shape, reader.uint32("a type"), reader.uint64("an offset"))


def _check_places(reader: HeaderReader, tensors: Iterable[StoredTensor], size: int) -> None:
    """No tensor may reach beyond the file or into another. Of unknown types only the first byte is known."""
    ends = sorted((tensor.offset, tensor.offset + _num_bytes(reader, tensor), tensor.name) for tensor in tensors)
    previous_end = 0
    for start, end, name in ends:
        if end > size:
            reader.refuse(f"has {size} bytes; its tensor '{name:.80}' ends at {end}")
        if start < previous_end:
            reader.refuse(f"has an overlap at tensor '{name:.80}'")
        previous_end = end


def _num_bytes(reader: HeaderReader, tensor: StoredTensor) -> int:
    if tensor.type_number not in GGML_TYPES:
        return min(1, num_elements(tensor.shape))
    try:
        return GGML_TYPES[tensor.type_number].num_bytes(tensor.shape)
    except ConfigError as error:
        reader.refuse(f"has a tensor '{tensor.name:.80}' that cannot be: {error.found}")


def aligned(offset: int, alignment_bytes: int) -> int:
    """The first multiple of the alignment that is not below `offset`."""
    return -(-offset // alignment_bytes) * alignment_bytes
