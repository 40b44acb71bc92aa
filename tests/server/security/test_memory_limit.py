"""Reliability 5: under a memory limit a model that cannot fit is refused, and a flood is refused; nothing is ever killed."""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from tests.server.security.attacking import CHAT, chat, get, zaphod
from tests.server.security.test_grammars import OVERLAPPING, with_schema
from tests.support.memory_group import MemoryGroup, NoGroupError, memory_group
from tests.support.running_server import RunningServer, started
from tests.support.tiny_models import tiny_config, write_tiny

from zaphod.core.units import format_bytes
from zaphod.model.fetching.references import BUILTIN_FOLDER

MB = 1_000_000


@contextmanager
def limited(limit_bytes: int, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[MemoryGroup]:
    """Inside, `sys.executable` is a Python that begins its life in a control group with that limit."""
    try:
        with memory_group(limit_bytes) as group, patch.context() as inside:
            python = folder / "python"
            python.write_text(f'#!/bin/sh\necho $$ > "{group.procs}"\nexec "{sys.executable}" "$@"\n')
            python.chmod(0o700)
            inside.setattr(sys, "executable", str(python))
            yield group
            print(f"peak {format_bytes(group.peak_bytes or 0)} of {format_bytes(limit_bytes)}")
    except NoGroupError as error:
        pytest.skip(str(error))


def test_a_model_that_cannot_fit_is_refused_with_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = write_tiny(tmp_path / "model", tiny_config("mixtral", vocab_size=4096, context_length=8 << 20))
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(BUILTIN_FOLDER / name, model)
    with limited(400 * MB, tmp_path, monkeypatch) as group:
        ended = zaphod("serve", "model", "--port", "0", "--max-model-len", str(8 << 20), folder=tmp_path)
        assert ended.returncode == 6, ended.stderr
        assert "keys and values of 8388608 tokens" in ended.stderr
        assert "at most" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert group.num_kills == 0


SPELT = {"messages": [{"role": "user", "content": "<|user|>" * 980_000}]}
FLOODS: dict[str, tuple[int, str, bytes]] = {
    "long texts": (24, CHAT, json.dumps(chat("a" * 7_900_000)).encode()),
    "names of special tokens": (24, CHAT, json.dumps(SPELT).encode()),
    "numbers": (24, CHAT, json.dumps(chat(prediction=[0.5] * 590_000)).encode()),
    "texts to encode": (12, "/tokenize", json.dumps({"prompt": "a1" * 250_000}).encode()),
    "tokens to decode": (12, "/detokenize", json.dumps({"tokens": [700] * 500_000}).encode()),
    "probabilities": (5, CHAT, json.dumps(chat(max_tokens=100, n=16, logprobs=True, top_logprobs=20)).encode()),
    "schemas": (4, CHAT, with_schema(OVERLAPPING)),
}
"""How many at one time, where to, and what."""


def flood(server: RunningServer, num: int, path: str, body: bytes) -> Counter[int]:
    """The same request many times at once; how often each status came."""

    def ask(_: int) -> int:
        with httpx.Client(verify=False, trust_env=False, timeout=60) as client:
            return client.post(server.url + path, content=body).status_code

    with ThreadPoolExecutor(num) as pool:
        return Counter(pool.map(ask, range(num)))


def test_a_flood_is_refused_nobody_is_killed_and_it_answers_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its processes have a third of a gigabyte beyond what they need to stand still."""
    with limited(570 * MB, tmp_path, monkeypatch) as group, started(tmp_path) as server:
        root = psutil.Process(server.process.pid)
        before = {process.pid for process in (root, server.engine)}
        for name, (num, path, body) in FLOODS.items():
            statuses = flood(server, num, path, body)
            print(f"{name}: {dict(statuses)}, {group.num_kills} killed")
            assert set(statuses) <= {200, 400, 429, 503}
            assert group.num_kills == 0, name
            assert {process.pid for process in (root, server.engine)} == before
            assert get(server, "/live").status_code == 200
        assert flood(server, *FLOODS["long texts"])[503] > 0
        # What they took has been given back: the server is of use again.
        assert flood(server, 8, CHAT, json.dumps(chat()).encode()) == {200: 8}
