"""A runner together with what a measurement must know of it: the model's shape, and how its weights lie in memory."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.measurement import Kind
from zaphod.capacity.parameters import kv_bytes_per_token
from zaphod.engine.runner import Runner
from zaphod.model.config import ModelConfig
from zaphod.study.benchmarks.traffic import Storage


@dataclass(frozen=True, kw_only=True)
class OpenedRunner:
    """Ready to be measured."""

    runner: Runner
    config: ModelConfig
    storage: Storage
    peak_kind: Kind
    """What it multiplies in."""

    @property
    def kv_token_bytes(self) -> int:
        """What one token takes in the cache."""
        return kv_bytes_per_token(self.config, self.storage.kv_value_bytes)
