"""A random model that lies in no file, larger than the caches of most processors; knows shapes and number formats."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from zaphod.compute.quant import FLOAT32, EncodedTensor, QuantFormat
from zaphod.compute.weights.checkpoint import TensorInfo
from zaphod.model.config import ModelConfig
from zaphod.model.files.weights import ModelWeights
from zaphod.model.shapes import is_kept_exact, parameter_shapes
from zaphod.study.benchmarks.random_codes import random_format, random_tensor
from zaphod.study.benchmarks.random_files import random_config

NAME = "a random model of 0.3 B parameters in q8_0"


class RandomCheckpoint:
    """Normally distributed weights, made when they are asked for; the same each time."""

    path = Path("random")
    file_format = "packed"
    metadata: Mapping[str, Any] = {}
    tokenizer_files: Mapping[str, Path] = {}

    def __init__(self, config: ModelConfig, number_format: QuantFormat) -> None:
        self._shapes = parameter_shapes(config)
        self._format = number_format
        self._lock = threading.Lock()
        self._last: tuple[str, EncodedTensor] | None = None

    def names(self) -> Sequence[str]:
        return list(self._shapes)

    def info(self, name: str) -> TensorInfo:
        shape, number_format = self._shapes[name], self._format_of(name)
        return TensorInfo(name=name, shape=shape, format=number_format, num_bytes=number_format.num_bytes(shape))

    def tensor(self, name: str) -> EncodedTensor:
        """The tensor. The last one is kept: a stack is asked for once for each expert."""
        with self._lock:
            if self._last is None or self._last[0] != name:
                self._last = name, self._make(name)
            return self._last[1]

    def close(self) -> None:
        self._last = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _format_of(self, name: str) -> QuantFormat:
        return FLOAT32 if is_kept_exact(name, self._shapes[name]) else self._format

    def _make(self, name: str) -> EncodedTensor:
        shape = self._shapes[name]
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        return random_tensor(shape, self._format_of(name), shape[-1] ** -0.5, rng)


def random_weights(config: ModelConfig | None = None) -> ModelWeights:
    """A model of Grok-1's kind with int8 weights, 0.3 GB, unless another shape is given."""
    config = random_config("grok", "0.3B") if config is None else config
    return ModelWeights(RandomCheckpoint(config, random_format("q8_0")), config)
