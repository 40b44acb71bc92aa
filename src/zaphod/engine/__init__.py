"""Runs requests against a model: tokens in, tokens out. Imports no PyTorch; `engine.torch_runner` does."""

from zaphod.engine.engine import Engine, EngineConfig, EngineStats, Speculation
from zaphod.engine.generation import Increment, TextStream
from zaphod.engine.request import Completion, Request, SamplingParams, TokenLogprobs
from zaphod.engine.runner import Runner

__all__ = [
    "Completion",
    "Engine",
    "EngineConfig",
    "EngineStats",
    "Increment",
    "Request",
    "Runner",
    "SamplingParams",
    "Speculation",
    "TextStream",
    "TokenLogprobs",
]
