"""Writes one GGUF file of version 3; knows the layout, not which keys and tensor names a loader wants."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from zaphod.compute.quant import GGML_TYPES
from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.weights.gguf_header import (
    ALIGNMENT_KEY,
    DEFAULT_ALIGNMENT_BYTES,
    MAGIC,
    MAX_HEADER_BYTES,
    MAX_PAIRS,
    MAX_RANK,
    MAX_TENSORS,
    aligned,
)
from zaphod.compute.weights.gguf_values import GGUFValue, pair_bytes, string_bytes
from zaphod.compute.weights.partial_file import PartialFile, Place
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.core.errors import ConfigError

_VERSION = 3
_MAX_NAME_BYTES = 63
"""llama.cpp keeps names in 64 bytes, the last of them zero."""

_TYPE_NUMBERS = {format.name: number for number, format in GGML_TYPES.items()}


class GGUFWriter:
    """A GGUF file being written; a `CheckpointWriter`.

    Args:
        file: the final name.
        plan: every tensor by its name in the file, in file order; shapes [out, in] or [expert, out, in].
        metadata: the key-value pairs, in file order. Python numbers take the usual types (UINT32 before INT32, UINT64
            and INT64; FLOAT32); where a loader wants another one, give a NumPy value or array of that dtype.
        source: what the data comes from; an interrupted result from another source is not resumed.

    Raises:
        ConfigError: GGUF cannot hold a tensor or a value as planned.
    """

    def __init__(
        self, file: Path, plan: Sequence[PlannedTensor], metadata: Mapping[str, GGUFValue], *, source: str = ""
    ) -> None:
        for tensor in plan:
            _check_tensor(tensor)
        starts, data_bytes = _starts(plan)
        header = _header_bytes(plan, starts, metadata)
        places = {
            tensor.name: {
                part: Place(len(header) + starts[tensor.name], spec)
                for part, spec in tensor.format.part_specs(tensor.shape).items()
            }
            for tensor in plan
        }
        self._file = PartialFile(
            file, header=header, tensors=plan, places=places, total_bytes=len(header) + data_bytes, source=source
        )

    def is_written(self, name: str) -> bool:
        return self._file.is_written(name)

    def write(self, name: str, pieces: Iterable[EncodedTensor]) -> None:
        self._file.write(name, pieces)

    def finish(self) -> list[Path]:
        return [self._file.publish()]


def _check_tensor(tensor: PlannedTensor) -> None:
    if tensor.format.name not in _TYPE_NUMBERS:
        raise ConfigError(
            f"{tensor.name} is planned as {tensor.format.name}.",
            f"A GGUF file holds {', '.join(_TYPE_NUMBERS)}.",
            "Choose one of these, or convert to the packed form.",
        )
    if len(tensor.shape) > MAX_RANK:
        raise ConfigError(f"{tensor.name} has {len(tensor.shape)} axes.", f"GGUF tensors have at most {MAX_RANK}.")
    if not tensor.name.isprintable() or not 0 < len(tensor.name.encode()) <= _MAX_NAME_BYTES:
        raise ConfigError(
            f"The tensor name {tensor.name[:100]!a} is empty, unprintable or too long.",
            f"GGUF loaders take {_MAX_NAME_BYTES} bytes.",
        )


def _starts(plan: Sequence[PlannedTensor]) -> tuple[dict[str, int], int]:
    """Where each tensor begins within the data, and the size of the data; each tensor is padded, the last one too."""
    starts: dict[str, int] = {}
    end = 0
    for tensor in plan:
        starts[tensor.name] = end
        end = aligned(end + tensor.num_bytes, DEFAULT_ALIGNMENT_BYTES)
    return starts, end


def _header_bytes(plan: Sequence[PlannedTensor], starts: Mapping[str, int], metadata: Mapping[str, GGUFValue]) -> bytes:
    if ALIGNMENT_KEY in metadata:
        raise ConfigError(
            f"The metadata has {ALIGNMENT_KEY}.", f"Files are aligned to {DEFAULT_ALIGNMENT_BYTES} bytes."
        )
    if len(plan) > MAX_TENSORS or len(metadata) > MAX_PAIRS:
        raise ConfigError(
            f"{len(plan)} tensors and {len(metadata)} keys are planned.",
            f"A GGUF file of at most {MAX_TENSORS} tensors and {MAX_PAIRS} keys is read again.",
        )
    fixed = MAGIC + struct.pack("<IQQ", _VERSION, len(plan), len(metadata))
    pairs = (pair_bytes(key, value) for key, value in metadata.items())
    infos = (_info_bytes(tensor, starts[tensor.name]) for tensor in plan)
    header = b"".join((fixed, *pairs, *infos))
    if len(header) > MAX_HEADER_BYTES:
        raise ConfigError(f"The header takes {len(header)} bytes.", f"At most {MAX_HEADER_BYTES} are read again.")
    return header.ljust(aligned(len(header), DEFAULT_ALIGNMENT_BYTES), b"\0")


def _info_bytes(tensor: PlannedTensor, start: int) -> bytes:
    # The file lists the innermost axis first.
    rank = len(tensor.shape)
    numbers = (rank, *reversed(tensor.shape), _TYPE_NUMBERS[tensor.format.name], start)
    return string_bytes(tensor.name) + struct.pack(f"<I{rank}QIQ", *numbers)
