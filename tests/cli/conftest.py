"""What the command tests share: running `zaphod` inside this process, and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from zaphod.cli.main import main

TINY_RUN = """
[model]
vocab_size = 259
hidden_size = 16
num_layers = 1
num_heads = 2
num_kv_heads = 1
head_dim = 8
context_length = 32
tie_embeddings = true
moe = {expert_size = 16, router = {num_experts = 4, top_k = 2}}
[data]
texts = ["corpus"]
tokenizer = "bytes"
row_length = 16
rows_per_part = 2
"""
"""The beginning of a run's file; more lines of [data] may follow."""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Zaphod = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("ZAPHOD_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def zaphod(capsys: pytest.CaptureFixture[str]) -> Zaphod:
    """Run a command line inside this process."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = main(arguments)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def zaphod_process() -> Zaphod:
    """Run a command line as a program of its own."""

    def run(*arguments: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "zaphod", *arguments], capture_output=True, text=True, check=False
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
