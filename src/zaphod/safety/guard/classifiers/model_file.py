"""A trained model's file: written once, and checked whenever it is read; knows no training and no text.

It is a safetensors file with int8 weights, one for each place of the table, and metadata. Reading needs no library: 8
bytes give the length of a JSON header, which gives each tensor's type, shape and place. Nothing in it is ever run.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import CorruptFileError, WeightsError
from zaphod.safety.guard.classifiers.ngrams import HASHING, LENGTHS, TABLE_SIZE

FORMAT = "zaphod-ngram-1"
MAX_FILE_BYTES = 2_000_000
_NUMBERS = ("scale", "intercept", "slope", "shift", "threshold")


@dataclass(frozen=True, kw_only=True)
class NgramModel:
    """Everything that a score needs.

    Args:
        task: what it tells apart.
        version: goes up when the data or the training change.
        weights: one for each place of the table, int8.
        scale: what a weight is multiplied with.
        intercept: added to each score.
        slope, shift: from scores to probabilities.
        threshold: the probability from which on something counts as found.
        data_digest: of the examples it was trained on.
    """

    task: str
    version: int
    weights: npt.NDArray[np.int8]
    scale: float
    intercept: float
    slope: float
    shift: float
    threshold: float
    data_digest: str

    @property
    def digest(self) -> str:
        """SHA-256 of the weights and of everything else, 64 hexadecimal digits."""
        about = json.dumps(_metadata(self), sort_keys=True).encode()
        return hashlib.sha256(about + self.weights.tobytes()).hexdigest()


def write_model(model: NgramModel, path: Path) -> None:
    """Write it; the same model gives the same bytes."""
    metadata = _metadata(model) | {"digest": model.digest}
    tensor = {"dtype": "I8", "shape": [len(model.weights)], "data_offsets": [0, len(model.weights)]}
    header = json.dumps({"__metadata__": metadata, "weights": tensor}, sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + model.weights.tobytes())


def read_model(path: Path) -> NgramModel:
    """Read and check it.

    Raises:
        CorruptFileError: its bytes contradict its format or its digest.
        WeightsError: it is whole, and made for another version of this program.
    """
    data = path.read_bytes()
    header = _header(data, path)
    metadata, tensor = header.get("__metadata__"), header.get("weights")
    weights = np.frombuffer(data, np.int8)[-TABLE_SIZE:]
    shape = {"dtype": "I8", "shape": [TABLE_SIZE], "data_offsets": [0, TABLE_SIZE]}
    header_bytes = struct.unpack_from("<Q", data)[0] + 8
    if not isinstance(metadata, dict) or tensor != shape or len(data) != header_bytes + TABLE_SIZE:
        raise _corrupt(path, f"does not hold one table of {TABLE_SIZE} int8 weights and metadata.")
    made_with = (metadata.get("format"), metadata.get("hashing"), metadata.get("lengths"))
    if made_with != (FORMAT, HASHING, str(LENGTHS)):
        raise WeightsError(
            f"{path.name} was made for {made_with}.",
            f"This version reads {(FORMAT, HASHING, str(LENGTHS))}.",
            "Build it anew: python -m zaphod.safety.guard.classifiers.train toxicity (or injection)",
        )
    model = _model(metadata, weights, path)
    if metadata.get("digest") != model.digest:
        raise _corrupt(path, "has other contents than those its digest was made of.")
    return model


def _metadata(model: NgramModel) -> dict[str, str]:
    """As safetensors wants it: texts only. Numbers are written so that they come back as they were."""
    numbers = {name: float(getattr(model, name)).hex() for name in _NUMBERS}
    about = {"task": model.task, "version": str(model.version), "data_digest": model.data_digest}
    return {"format": FORMAT, "hashing": HASHING, "lengths": str(LENGTHS)} | about | numbers


def _model(metadata: dict[str, Any], weights: npt.NDArray[np.int8], path: Path) -> NgramModel:
    try:
        numbers = {name: float.fromhex(metadata[name]) for name in _NUMBERS}
        version = int(metadata["version"])
    except (KeyError, TypeError, ValueError) as error:
        raise _corrupt(path, f"lacks a number or has one that is none: {error}.") from error
    if not all(math.isfinite(number) for number in numbers.values()):
        raise _corrupt(path, "has numbers that are not finite.")
    return NgramModel(
        task=str(metadata.get("task")),
        version=version,
        weights=weights,
        data_digest=str(metadata.get("data_digest")),
        **numbers,
    )


def _header(data: bytes, path: Path) -> dict[str, Any]:
    if len(data) < 8 or len(data) > MAX_FILE_BYTES:
        raise _corrupt(path, f"has {len(data)} bytes.")
    (length,) = struct.unpack_from("<Q", data)
    if length > len(data) - 8:
        raise _corrupt(path, f"announces a header of {length} bytes.")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise _corrupt(path, "has a header that is not JSON.") from error
    if not isinstance(header, dict):
        raise _corrupt(path, "has a header that is not an object.")
    return header


def _corrupt(path: Path, what: str) -> CorruptFileError:
    return CorruptFileError(
        f"{path.name} {what}",
        f"A model is a safetensors file of less than {MAX_FILE_BYTES} bytes with the digest of its contents.",
        "Install Zaphod again, or build the file anew: python -m zaphod.safety.guard.classifiers.train",
    )
