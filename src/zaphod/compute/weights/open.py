"""Opens weights of any format, told apart by their content; knows the formats' marks, not their insides."""

from __future__ import annotations

import re
from pathlib import Path

from zaphod.compute.weights.checkpoint import Checkpoint
from zaphod.compute.weights.gguf import GGUFCheckpoint
from zaphod.compute.weights.grok1 import OfficialGrok1, find_official_folder
from zaphod.compute.weights.mapped import existing
from zaphod.compute.weights.packed import PACKED_NAME, PackedCheckpoint, is_packed
from zaphod.compute.weights.safetensors import INDEX_NAME, SafetensorsCheckpoint
from zaphod.core.errors import UnsafeFileError, WeightsError

_PICKLE_MARKS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a model's weights; headers are read, values are not.

    Args:
        path: a folder (official Grok-1, packed, safetensors, GGUF, tried in this order) or a file of weights.

    Raises:
        WeightsError: there is nothing at `path`, or no weights of a known format.
        UnsafeFileError: the weights are pickles of a kind that is not read.
        CorruptFileError, MissingTensorError: see the readers.
    """
    return _open_folder(path) if existing(path).is_dir() else _open_file(path)


def _open_folder(folder: Path) -> Checkpoint:
    if find_official_folder(folder) is not None:
        return OfficialGrok1(folder)
    if (folder / PACKED_NAME).is_file():
        return PackedCheckpoint(folder)
    gguf_paths = sorted(folder.glob("*.gguf"))
    if gguf_paths and not any(folder.glob("*.safetensors")):
        return GGUFCheckpoint(_only_model(gguf_paths))
    return SafetensorsCheckpoint(folder)


def _open_file(path: Path) -> Checkpoint:
    with path.open("rb") as file:
        head = file.read(4)
    if path.name == INDEX_NAME:
        return SafetensorsCheckpoint(path)
    if head == b"GGUF":
        return GGUFCheckpoint(path)
    if head.startswith(_PICKLE_MARKS):
        raise UnsafeFileError(
            f"{path} is a pickle, which can run code when it is read.",
            "Weights are read from safetensors, GGUF or the official Grok-1 files.",
            "For the official Grok-1 give the folder ckpt-0; otherwise fetch a safetensors version of the model.",
        )
    return PackedCheckpoint(path) if is_packed(path) else SafetensorsCheckpoint(path)


def _only_model(paths: list[Path]) -> Path:
    """The one GGUF model of a folder: a file, or the first of a split one."""
    firsts = [path for path in paths if not re.search(r"-of-\d+\.gguf$", path.name)]
    firsts += [path for path in paths if re.search(r"-0*1-of-\d+\.gguf$", path.name)]
    if len(firsts) != 1:
        raise WeightsError(
            f"{paths[0].parent} holds {len(firsts)} GGUF models: {', '.join(path.name for path in paths[:5])}.",
            "One is wanted.",
            "Give the path of one file; of a split model, the first.",
        )
    return firsts[0]
