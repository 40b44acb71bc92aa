"""A server as users start it: `zaphod serve` in a process of its own, on a free port, with the built-in model."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from tests.support.waiting import until


@dataclass(frozen=True)
class RunningServer:
    """A server that answers."""

    url: str
    process: subprocess.Popen[str]
    facts: dict[str, Any]
    """What it said of itself when it was ready."""
    log: Path
    folder: Path
    """Its settings, keys and caches."""
    key: str | None = None

    @property
    def engine(self) -> psutil.Process:
        """The process of its engine."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if "engine_process.worker" in " ".join(child.cmdline()))

    def get(self, path: str, **headers: str) -> Any:
        """JSON of a route."""
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def wait_until_ready(self) -> None:
        """Its engine, or a server behind it, answers again."""
        until(lambda: self.get("/zaphod/status")["ready"], 60, "the engine did not come back")

    def num_aborted(self) -> float:
        """Answers that nobody waited for until their end."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if "success_total{" in line and '"abort"' in line)

    def wait_until_aborted(self, before: float) -> None:
        """Nothing runs, and more than so many were aborted."""
        until(
            lambda: not self.get("/zaphod/status")["running"] and self.num_aborted() > before,
            20,
            "the answer went on although nobody waited for it",
        )


StartServer = Callable[..., AbstractContextManager[RunningServer]]


@contextlib.contextmanager
def started(folder: Path, *flags: str, key: str | None = None) -> Iterator[RunningServer]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ZAPHOD_", "COV_"))}
    environment |= {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA")}
    environment |= {"HF_HUB_CACHE": str(folder / "hub"), "ZAPHOD_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    log = folder / "server.log"
    command = [sys.executable, "-P", "-m", "zaphod", "serve", "--port", "0", "--json", *flags]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    try:
        facts = _first_document(process, log)
        yield RunningServer(facts["url"], process, facts, log, folder, key)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _first_document(process: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            facts: dict[str, Any] = json.loads(text)
            return facts
    raise AssertionError(f"the server did not start: {text}{log.read_text()}")
