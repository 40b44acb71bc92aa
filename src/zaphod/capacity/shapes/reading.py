"""From what a user names to a model's shape: preset, well-known model, config.json, or the headers of weights.

Reads no weights and knows no machines.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from zaphod.capacity.shapes.files import shape_of_files
from zaphod.capacity.shapes.huggingface import shape_of_hf
from zaphod.capacity.shapes.known import find_shape
from zaphod.capacity.shapes.own import shape_of_config
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig
from zaphod.model.fetching.references import BUILTIN, BUILTIN_FOLDER

__all__ = ["read_shape", "shape_of_config", "shape_of_hf"]

_MAX_JSON_BYTES = 1 << 24
_FILE_SUFFIXES = (".json", ".gguf", ".safetensors")


def read_shape(reference: str) -> ModelShape:
    """The shape of the model that `reference` names.

    Args:
        reference: a preset or a well-known model (any case, with or without the organisation and suffixes such as
            `-Instruct-2507`), `builtin`, a config.json, a model's folder, a .safetensors or a .gguf file.

    Raises:
        ConfigError: nothing has that name, or what it names does not say what the model is made of.
        WeightsError: the file is unsound (see `compute.weights`).
    """
    if not reference.strip():
        raise ConfigError("No model is named.", "A name or a path is wanted.", "Try grok-1, or a config.json.")
    path = Path(reference).expanduser()
    if path.suffix in _FILE_SUFFIXES and not path.exists():
        raise ConfigError(f"There is no file {reference}.", "A path must exist.", "Check the path.")
    if path.is_file() and path.suffix == ".json" and not path.name.endswith(".safetensors.index.json"):
        return _of_json(path)
    if path.exists() and (beside := _config_beside(path)).is_file():
        return _of_json(beside)
    if reference == BUILTIN:
        path = BUILTIN_FOLDER
    if path.exists():
        return shape_of_files(path)
    return find_shape(reference)


def _config_beside(path: Path) -> Path:
    """Where the config.json of a folder, or of a safetensors file, would lie."""
    if path.is_dir():
        return path / "config.json"
    return path.parent / "config.json" if path.suffix in (".safetensors", ".json") else path / "none"


def _of_json(path: Path) -> ModelShape:
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise ConfigError(f"{path} has {path.stat().st_size} bytes.", "A config.json has less.", "Give a config.json.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}.", "", "Give a config.json.") from error
    own = data.get("zaphod_config", data if "family" in data else None) if isinstance(data, dict) else None
    if isinstance(own, dict):
        return shape_of_config(ModelConfig.from_dict(own), source=str(path))
    shape = shape_of_hf(data, str(path))
    return dataclasses.replace(shape, name=path.parent.name) if path.name == "config.json" else shape
