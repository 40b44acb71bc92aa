"""A model as another program computes it, to compare results with that program; knows the maths' switches only.

Source: llama.cpp at 0c1e57098, src/models/grok.cpp and src/llama-graph.cpp.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, YarnConfig

Compat = Literal["llama.cpp"]
"""Programs whose departures from a release can be computed for comparison."""

_GROK_2_YARN = YarnConfig(factor=16.0, original_context_length=8192, beta_fast=8.0, beta_slow=1.0)
"""On top of an already extended rope_theta: llama.cpp takes the release's rope_type "original" for YaRN."""


def as_llama_cpp(config: ModelConfig) -> ModelConfig:
    """The config with which our network gives llama.cpp's logits, where they differ from the release's.

    Grok-1: the chosen experts' weights are divided by their sum (invisible but for rounding, because a norm follows).
    Grok-2: that too, and visibly; no cap on the router's logits, no attention temperature, YaRN, and the tanh GELU.
    Other families are computed alike.

    Raises:
        ConfigError: a Grok-2 with settings for which llama.cpp's behaviour is not known.
    """
    if config.family not in ("grok-1", "grok-2") or config.moe is None:
        return config
    router = replace(config.moe.router, renormalise=True, logit_softcap=None)
    config = replace(config, moe=replace(config.moe, router=router), activation="gelu_tanh")
    if config.family == "grok-1":
        return config
    if config.yarn is not None:
        raise ConfigError(
            "This Grok-2 has YaRN settings of its own.",
            "llama.cpp's variant is known for the release, which has none.",
            "Run it without the compatibility option.",
        )
    return replace(config, yarn=_GROK_2_YARN, attention_temperature_length=None)
