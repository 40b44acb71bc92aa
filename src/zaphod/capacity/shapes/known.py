"""Well-known open models by name, whoever's spelling it is; knows no files of weights.

The rows are those of `models.toml`, read by the same reader as any config.json, and the engine's presets.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zaphod.capacity.catalogue.sources import Source, read_rows
from zaphod.capacity.shapes.huggingface import shape_of_hf
from zaphod.capacity.shapes.own import shape_of_config
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.core.errors import ConfigError
from zaphod.model.presets import PRESETS

_SUFFIX = re.compile(
    r"-(instruct|it|chat|base|hf|pt|sft|think|thinking|reasoning|preview|original|distributed|dynamic|gguf|"
    r"fp8|fp4|nvfp4|mxfp4|bf16|fp16|f16|int8|int4|awq|gptq|w8a8|w4a16|quantized|kv|turbo|latest|"
    r"q\d(_[k0-9](_[sml])?)?|v\d+(\.\d+)*|0\d{3}|\d{4}|20\d{6})$"
)


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A row of `models.toml`."""

    name: str
    aliases: tuple[str, ...] = ()
    published_total: float
    """The files' own count where it is a whole number above a million, else billions as printed."""
    published_active: float | None = None
    """Billions as printed; None for dense models."""
    note: str = ""
    config: Mapping[str, Any]
    """Keys of the original config.json that decide sizes."""
    source: Source

    def shape(self) -> ModelShape:
        """What the config describes."""
        shape = shape_of_hf(self.config, f"models.toml, {self.name}")
        return dataclasses.replace(shape, name=self.name, source=f"{self.source.text} ({self.source.date})")


@functools.cache
def known_models() -> Mapping[str, KnownModel]:
    """All rows, by name."""
    return read_rows("models.toml", KnownModel, __package__)


@functools.cache
def known_shapes() -> Mapping[str, ModelShape]:
    """The engine's presets and the well-known models, by name."""
    presets = {name: shape_of_config(each.config, name, each.source) for name, each in PRESETS.items()}
    return presets | {name: model.shape() for name, model in known_models().items()}


def find_shape(name: str) -> ModelShape:
    """The model of that name or alias, in any case, with or without organisation and suffixes.

    Raises:
        ConfigError: none is known; names the nearest.
    """
    shapes, aliases = known_shapes(), _aliases()
    for candidate in _candidates(name):
        if candidate in aliases:
            return shapes[aliases[candidate]]
    nearest = difflib.get_close_matches(_plain(name), aliases, n=3, cutoff=0.5)
    raise ConfigError(
        f"There is no model {name!r}.",
        "A model is a preset or a well-known one, a config.json, a folder, a .safetensors or a .gguf file.",
        f"Did you mean {' or '.join(nearest)}?" if nearest else f"Known are {', '.join(shapes)}.",
    )


@functools.cache
def _aliases() -> Mapping[str, str]:
    names = {name.lower(): name for name in known_shapes()}
    return names | {alias.lower(): row.name for row in known_models().values() for alias in row.aliases}


def _candidates(name: str) -> Iterator[str]:
    """The name itself, then with one suffix less at a time; each without the organisation, and without `meta-`."""
    for start in (name.strip().lower(), _plain(name)):
        stem = start
        while True:
            yield stem
            yield stem.removeprefix("meta-")
            shorter = _SUFFIX.sub("", stem)
            if shorter == stem:
                break
            stem = shorter


def _plain(name: str) -> str:
    """Without what stands before the last slash, with dots where people write underscores between digits."""
    return re.sub(r"(?<=\d)_(?=\d)", ".", name.strip().lower().rsplit("/", 1)[-1]).replace(" ", "-")
