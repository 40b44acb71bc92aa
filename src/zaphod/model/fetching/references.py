"""What a user may write where a model is wanted, and which files it means; knows neither formats nor downloads.

./folder, file.gguf     files of this machine
builtin                 the model that comes with the package
grok-1                  a preset: a shape without weights
org/name, org/name@rev  a repository of the Hugging Face Hub that was pulled before; `hf://` may stand in front
"""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zaphod.core.configuration import Settings
from zaphod.core.errors import ConfigError, WeightsError
from zaphod.model.config import ModelConfig
from zaphod.model.families import PRESETS, Preset
from zaphod.model.fetching.hub import cached_folder, parse_hub_name
from zaphod.model.files.huggingface import config_from_huggingface

BUILTIN = "builtin"
BUILTIN_FOLDER = Path(__file__).parents[1] / "builtin"


@dataclass(frozen=True, kw_only=True)
class ModelReference:
    """A model as it was named, and where it lies."""

    text: str
    kind: Literal["path", "builtin", "preset", "hub"]
    path: Path | None = None
    """Folder or file of the weights; None for a preset."""
    preset: Preset | None = None

    def weights_path(self) -> Path:
        """Where the weights lie.

        Raises:
            ConfigError: a preset has no weights.
        """
        if self.path is None:
            raise ConfigError(
                f"{self.text} names a preset, which is a shape without weights.",
                "This command needs the weights of a model.",
                "Give the folder that holds them; `zaphod pull` fetches models.",
            )
        return self.path


def resolve(reference: str, settings: Settings) -> ModelReference:
    """The model that `reference` names. Nothing is downloaded.

    Raises:
        ConfigError: nothing has that name.
        DownloadError: it is a Hub repository that was not pulled, or not to its end.
        WeightsError: this installation lacks its built-in model.
    """
    if reference == BUILTIN:
        return _builtin()
    path = Path(reference).expanduser()
    if path.exists() and not reference.startswith("hf://"):
        return ModelReference(text=reference, kind="path", path=path)
    if reference in PRESETS:
        return ModelReference(text=reference, kind="preset", preset=PRESETS[reference])
    name = parse_hub_name(reference)
    if name is None:
        raise _nothing_there(reference, path)
    folder = _weights_folder(cached_folder(name, settings.cache_dir))
    return ModelReference(text=reference, kind="hub", path=folder)


def _builtin() -> ModelReference:
    if not BUILTIN_FOLDER.is_dir():
        raise WeightsError(
            "This installation has no built-in model.",
            f"It should lie in {BUILTIN_FOLDER}.",
            "Install zaphod again, or name a model: a folder, a file, or org/name.",
        )
    return ModelReference(text=BUILTIN, kind="builtin", path=BUILTIN_FOLDER)


def _weights_folder(folder: Path) -> Path:
    """The folder itself, or the one folder inside with GGUF files: repositories keep each precision in its own."""
    if any(folder.glob("*.safetensors")) or any(folder.glob("*.gguf")):
        return folder
    inner = sorted({file.parent for file in folder.rglob("*.gguf")})
    if len(inner) > 1:
        raise ConfigError(
            f"{folder} holds GGUF models in {', '.join(path.name for path in inner)}.",
            "It must be clear which one is meant.",
            f"Name its folder: {inner[0]}",
        )
    return inner[0] if inner else folder


def _nothing_there(reference: str, path: Path) -> ConfigError:
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    prefix = reference[: len(reference) - len(path.name)] if reference.endswith(path.name) else ""
    known = [prefix + name for name in siblings] + ([] if os.sep in reference else [BUILTIN, *PRESETS])
    nearest = difflib.get_close_matches(reference, known, n=3)
    return ConfigError(
        f"There is no model {reference!r}.",
        "A model is a folder, a .gguf file, `builtin`, a preset such as grok-1, or org/name of the Hugging Face Hub.",
        f"Did you mean {' or '.join(nearest)}?" if nearest else "Check the path.",
    )


def resolve_config(text: str) -> ModelConfig:
    """The model configuration that `--config` names: a preset, or a JSON file (Hugging Face's, or our own).

    Raises:
        ConfigError: there is no such preset or file, or it does not describe a model that we know.
    """
    if text in PRESETS:
        return PRESETS[text].config
    file = Path(text).expanduser()
    if not file.is_file():
        nearest = difflib.get_close_matches(text, PRESETS, n=1)
        raise ConfigError(
            f"--config names {text!r}, which is neither a preset nor a file.",
            f"The presets are {', '.join(PRESETS)}.",
            f"Did you mean {nearest[0]}?" if nearest else "Check the path.",
        )
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{file} is not JSON: {error}.", "", "Give a config.json.") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{file} holds no JSON object.", "", "Give a config.json.")
    return ModelConfig.from_dict(data) if "family" in data else config_from_huggingface(data)


def names_a_model(text: str) -> bool:
    """Whether a word on the command line is meant as a model, there or not, rather than as something to say to one."""
    if any(letter.isspace() for letter in text):
        return False
    looks_like_path = text.startswith(("./", "../", "/", "~")) or text.endswith((".gguf", ".safetensors"))
    return (
        looks_like_path
        or text == BUILTIN
        or text in PRESETS
        or parse_hub_name(text) is not None
        or Path(text).expanduser().exists()
    )
