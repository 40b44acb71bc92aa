"""Arrays that lie in files; knows bytes and folders, no file format.

Each array is a memory map of its own, so that its pages go when the array goes. Arrays are read-only, and may be
unaligned where a format does not align its data (official Grok-1 files do not).
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from zaphod.compute.quant.tensor import Array, PartSpec, Shape
from zaphod.core.errors import CorruptFileError, WeightsError

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
)
MAX_JSON_BYTES = 100_000_000


class HoldsNoFiles:
    """The closing half of a `Checkpoint` that opens a file only while it reads a header or maps an array."""

    def close(self) -> None:
        """Nothing is held open; tensors handed out stay valid."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def map_array(path: Path, offset: int, spec: PartSpec, *, order: Literal["C", "F"] = "C") -> Array:
    """An array that lies in a file, read when used. Raises `CorruptFileError` where the file is too short for it."""
    if spec.num_bytes == 0:
        return np.empty(spec.shape, spec.dtype, order)
    if path.stat().st_size < offset + spec.num_bytes:
        raise CorruptFileError(
            f"{path} ends before byte {offset + spec.num_bytes}, where one of its arrays ends.",
            "The file became shorter since it was opened.",
            "Fetch the file again.",
        )
    return np.memmap(path, dtype=spec.dtype, mode="r", offset=offset, shape=spec.shape, order=order)


def existing(path: Path) -> Path:
    """The path itself. Raises `WeightsError` where there is nothing."""
    if not path.exists():
        raise WeightsError(
            f"There is no file or folder at {path}.",
            "A model is a folder or a file of weights.",
            "Check the path, or fetch the model first.",
        )
    return path


def find_tokenizer_files(*folders: Path) -> dict[str, Path]:
    """Tokenizer files in the folders, by file name; an earlier folder wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        candidates = [folder / name for name in _TOKENIZER_FILES] + sorted(folder.glob("*.tok.json"))
        for path in candidates:
            if path.is_file():
                found.setdefault(path.name, path)
    return found


def read_config(*folders: Path) -> dict[str, Any]:
    """The content of the first config.json in the folders, or nothing. Raises `CorruptFileError`."""
    for folder in folders:
        path = folder / "config.json"
        if path.is_file():
            return read_json_object(path)
    return {}


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object. Raises `CorruptFileError`."""
    if path.stat().st_size > MAX_JSON_BYTES:
        raise CorruptFileError(f"{path} has {path.stat().st_size} bytes.", f"At most {MAX_JSON_BYTES} are read.")
    return parse_json_object(path.read_bytes(), str(path))


def parse_json_object(content: bytes, where: str) -> dict[str, Any]:
    """JSON text that holds an object without repeated keys. Raises `CorruptFileError`, naming `where` it was found."""
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(f"{where} is not valid JSON: {error}", remedy="Fetch the file again.") from error
    if not isinstance(value, dict):
        raise CorruptFileError(f"{where} holds a {type(value).__name__}.", "A JSON object is wanted.")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {repeated!a} is repeated")
    return value


def shape_problem(shape: object) -> str | None:
    """What is wrong with a shape that a file declares; None where it is a list or tuple of sane sizes."""
    if not isinstance(shape, list | tuple) or not all(type(size) is int for size in shape):
        return "is not a list of whole numbers"
    if len(shape) > _MAX_RANK:
        return f"has {len(shape)} dimensions, more than {_MAX_RANK}"
    if any(size < 0 for size in shape):
        return "has a negative size"
    if num_elements(tuple(size for size in shape if size)) > _MAX_ELEMENTS:
        return "has more elements than any file holds"
    return None


_MAX_RANK = 32
_MAX_ELEMENTS = 1 << 48


def num_elements(shape: Shape) -> int:
    """The product of the sizes, exact however large a hostile file makes them."""
    count = 1
    for size in shape:
        count *= size
    return count
