"""Zaphod as one of the programs compared; knows a runner, and by name the function that opens one.

The function stands a floor above this room, so who starts the process says where it is: `module:function`.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from zaphod import __version__
from zaphod.core.configuration import Settings, load_settings
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.throughput import Work, Workbench
from zaphod.study.benchmarks.opened import OpenedRunner


def import_engine(options: dict[str, Any]) -> None:
    """Import what the runner needs, so that loading can be told from importing."""
    module, _, _ = options["opener"].partition(":")
    importlib.import_module(module)
    if options["runner"] == "torch":
        importlib.import_module("zaphod.engine.torch_runner")
        importlib.import_module("zaphod.model.loading")


class Peer:
    """A runner with a cache for the largest case."""

    def __init__(self, options: dict[str, Any]) -> None:
        module, _, function = options["opener"].partition(":")
        flags = {name: options.get(name) for name in ("model", "threads", "dtype")}
        settings: Settings = load_settings(flags=flags).values
        self.name = options["runner"]
        self.opened: OpenedRunner = getattr(importlib.import_module(module), function)(
            settings,
            self.name,
            num_tokens=options["num_tokens"],
            max_len=options["max_len"],
            compat=options.get("compat"),
        )
        self.runner = self.opened.runner

    def about(self) -> dict[str, Any]:
        return {"version": f"zaphod {__version__}, {self.name} runner"}

    def prepare(self, *, prompt: int, generate: int, depth: int, batch: int, trials: bool = True) -> dict[str, Any]:
        """Read the case's `depth` tokens; `trials` is for peers that have variants."""
        self.work = Work(prompt=prompt, generate=generate, depth=depth, batch=batch)
        self.bench = Workbench(self.runner, num_sequences=batch, length=self.work.length)
        self.bench.read(0, depth)
        kv_bytes = self.opened.kv_token_bytes * self.runner.num_blocks * self.runner.block_size
        return {"variant": "", "kv_bytes": kv_bytes}

    def reset(self) -> None:
        """Nothing: what a run adds is written over by the next."""

    def run(self) -> None:
        work = self.work
        self.bench.read(work.depth, work.prompt)
        self.bench.generate(work.depth + work.prompt, work.generate)

    def logits(self, prompts: list[list[int]], out: str) -> None:
        """Save the logits of every token of every prompt, [P, T, V]."""
        length, block_size = len(prompts[0]), self.runner.block_size
        blocks = range(-(-length // block_size))
        passes = [assemble([Scheduled(prompt, 0, blocks, length)], block_size) for prompt in prompts]
        np.save(out, np.stack([np.array(self.runner.forward(batch)) for batch in passes]))
