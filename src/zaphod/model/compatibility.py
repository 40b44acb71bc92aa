"""Where other programs compute a model with other mathematics than its release, as changes of the config alone.

Only for comparing with those programs: the release's own mathematics are always the default.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from zaphod.model.config import ModelConfig, YarnConfig

Compat = Literal["llama.cpp"]


def as_computed_by(config: ModelConfig, program: Compat) -> ModelConfig:
    """The config whose mathematics are those of `program` for this model.

    llama.cpp (commit 0c1e57098: src/models/grok.cpp, src/llama-graph.cpp) divides the chosen experts' weights by their
    sum and has neither the router's cap nor Grok-2's attention temperature. It computes the tanh GELU, and for Grok-2
    it applies YaRN by a factor of 16 on top of a rope theta that already contains that extension. Other families are
    unchanged: no difference is known.
    """
    assert program == "llama.cpp"
    if config.family not in ("grok-1", "grok-2") or config.moe is None:
        return config
    router = dataclasses.replace(config.moe.router, renormalise=True, logit_softcap=None)
    changed = dataclasses.replace(
        config,
        moe=dataclasses.replace(config.moe, router=router),
        activation="gelu_tanh",
        attention_temperature_length=None,
    )
    if config.family == "grok-1":
        return changed
    yarn = YarnConfig(factor=16.0, original_context_length=8192, beta_fast=8.0, beta_slow=1.0)
    return dataclasses.replace(changed, yarn=yarn)
