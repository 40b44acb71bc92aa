"""The model families that are supported, and the presets; knows no files and no tensors.

A family decides under which names and settings its weights are written in other people's formats.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.core.errors import ConfigError
from zaphod.model.presets import PRESETS, Preset

__all__ = ["FAMILIES", "PRESETS", "Family", "Preset", "preset"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """A kind of model, as `ModelConfig.family` names it."""

    name: str
    title: str
    gguf_architecture: str | None
    """What GGUF files call it; None where llama.cpp has no such model."""


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(name="grok-1", title="Grok-1 (xAI, 2024)", gguf_architecture="grok"),
        Family(name="grok-2", title="Grok-2 (xAI, 2025)", gguf_architecture="grok"),
        Family(name="mixtral", title="Mixtral (Mistral AI)", gguf_architecture="llama"),
        Family(name="olmoe", title="OLMoE (Ai2)", gguf_architecture="olmoe"),
        Family(name="qwen3-moe", title="Qwen3-MoE (Alibaba)", gguf_architecture="qwen3moe"),
        Family(name="granite-moe", title="Granite-MoE 3.x (IBM)", gguf_architecture="granitemoe"),
        Family(name="zaphod", title="any shape that ModelConfig can express", gguf_architecture=None),
    )
}


def preset(name: str) -> Preset:
    """The preset of that name. Raises `ConfigError` with the nearest names."""
    if name in PRESETS:
        return PRESETS[name]
    nearest = difflib.get_close_matches(name, PRESETS, n=2)
    raise ConfigError(
        f"There is no preset {name!r}.",
        f"There are {', '.join(PRESETS)}.",
        f"Did you mean {' or '.join(nearest)}?" if nearest else "Choose one of them.",
    )
