"""A peer's process seen from outside: started, ordered about, and stopped while others are measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from zaphod.core.errors import ZaphodError

_PEERS = Path(__file__).parent / "peers"
_MAX_SHOWN = 2000


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How a peer's process is started."""

    name: str
    """As the tables call it."""
    peer: str
    """A file of `peers/`, without its ending."""
    python: str = sys.executable
    options: dict[str, Any] = field(default_factory=dict)
    """What the peer's class is made with; `threads` among them."""


class Child:
    """One running peer. It is stopped whenever it has no order, so that it cannot spin while another is measured.

    Args:
        launch: what to start.

    Raises:
        ZaphodError: it cannot be started, or cannot open its model.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        command = [launch.python, str(_PEERS / "child.py"), str(_PEERS / f"{launch.peer}.py")]
        threads = str(launch.options["threads"])
        environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        self.started_s = time.monotonic()
        self._process = subprocess.Popen(
            [*command, json.dumps(launch.options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        hello = self._answer()
        self.imported_s, self.ready_s = float(hello["imported_s"]), float(hello["ready_s"])
        self._pause()

    def order(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Have it do something and wait for the answer. Raises `ZaphodError` where it fails or dies."""
        assert self._process.stdin is not None
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.write(json.dumps({"do": action, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failure("It has ended.") from error
        answer = self._answer()
        self._pause()
        return answer

    def cpu_seconds(self) -> float:
        """What it has used of all cores so far."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise self._failure(f"It ended with code {self._process.returncode}.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise self._failure(answer["error"])
        return answer

    def _pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def _failure(self, reason: str) -> ZaphodError:
        self._errors.seek(0)
        printed = self._errors.read().strip()[-_MAX_SHOWN:]
        self.close()
        return ZaphodError(f"{self.launch.name} failed: {reason.strip()}", printed, "Run it without this peer.")


@contextmanager
def busy_neighbour(core: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing but count, bound to one core."""
    script = f"import os\nos.sched_setaffinity(0, [{core}])\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", script])
    try:
        time.sleep(0.2)
        yield process
    finally:
        process.kill()
        process.wait()
