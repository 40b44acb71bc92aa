"""A server's processes seen from outside: started, waited for, weighed and ended; knows a command line and no protocol.

Several may run at a time as long as only one is asked: what the others use meanwhile is measured, too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import psutil

from zaphod.core.errors import ZaphodError

_MAX_SHOWN = 2000
_POLL_S = 0.2
_ORPHANS_S = 1.0


@dataclass(frozen=True, kw_only=True)
class ServerLaunch:
    """How a server is started."""

    name: str
    """As the tables call it."""
    command: Sequence[str]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_path: str = "/v1/models"
    """Answers 200 once the server can be asked."""
    start_timeout_s: float = 300.0
    stop_timeout_s: float = 30.0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Weight(NamedTuple):
    """What one process costs."""

    resident_bytes: int
    cpu_s: float
    """Since it was started."""


class RunningServer:
    """A server that can be asked.

    Use as `with`; it is asked to end (SIGTERM) when the block ends, and killed if it does not.

    Raises:
        ZaphodError: it ends, or is not ready in time.
    """

    def __init__(self, launch: ServerLaunch) -> None:
        self.launch = launch
        self._printed = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            list(launch.command),
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(launch.environment),
            start_new_session=True,  # so that Ctrl-C reaches the benchmark alone, which then ends its servers in order
        )

    def __enter__(self) -> Self:
        deadline_s = time.monotonic() + self.launch.start_timeout_s
        while not self._is_ready():
            if self._process.poll() is not None:
                raise self._failure(f"ended with code {self._process.returncode}")
            if time.monotonic() > deadline_s:
                raise self._failure(f"was not ready within {self.launch.start_timeout_s:g} s")
            time.sleep(_POLL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, and whatever it started and left behind."""
        started = self._family()[1:]
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(self.launch.stop_timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _, left = psutil.wait_procs(started, timeout=_ORPHANS_S)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=_ORPHANS_S)
        self._printed.close()

    def cpu_seconds(self) -> float:
        """What it and its children have used of all cores so far."""
        return sum(weight.cpu_s for weight in self.weigh().values())

    def weigh(self) -> dict[int, Weight]:
        """Each of its processes, by id; the first is the one that was started."""
        weights = {}
        for process in self._family():
            try:
                memory, times = process.memory_info(), process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            weights[process.pid] = Weight(int(memory.rss), float(times.user + times.system))
        return weights

    def _family(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.launch.base_url + self.launch.ready_path, timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _failure(self, reason: str) -> ZaphodError:
        self._printed.seek(0)
        printed = self._printed.read().strip()[-_MAX_SHOWN:]
        self.close()
        return ZaphodError(
            f"{self.launch.name} {reason}.", printed, "Start it by hand: " + " ".join(self.launch.command)
        )


@dataclass(frozen=True, kw_only=True)
class ProcessTrack:
    """What one process cost over time."""

    process_id: int
    times_s: tuple[float, ...]
    resident_bytes: tuple[int, ...]
    cpu_s: tuple[float, ...]

    @property
    def cpu_share(self) -> float | None:
        """Of one core; None for a single sample."""
        lasted_s = self.times_s[-1] - self.times_s[0]
        return (self.cpu_s[-1] - self.cpu_s[0]) / lasted_s if lasted_s else None

    def slope_bytes_per_min(self, skip_s: float = 0.0) -> float | None:
        """Of its memory: the straight line that fits best, without the first seconds; None below three samples."""
        kept = [(at_s, size) for at_s, size in zip(self.times_s, self.resident_bytes, strict=True) if at_s >= skip_s]
        if len(kept) < 3:
            return None
        times_s, sizes = np.array(kept, dtype=np.float64).T
        return float(np.polyfit(times_s - times_s[0], sizes, 1)[0] * 60)


class ProcessWatch:
    """Weighs a server's processes once a period, in a thread, inside a `with` block."""

    def __init__(self, server: RunningServer, period_s: float = 1.0) -> None:
        self._server, self._period_s = server, period_s
        self._over = threading.Event()
        self._samples: list[tuple[float, dict[int, Weight]]] = []
        self._thread = threading.Thread(target=self._watch, name="weighing")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def tracks(self) -> list[ProcessTrack]:
        """One for each process, in the order in which they were first seen."""
        process_ids = list(dict.fromkeys(each for _, weights in self._samples for each in weights))
        return [self._track(process_id) for process_id in process_ids]

    def _track(self, process_id: int) -> ProcessTrack:
        seen = [(at_s, weights[process_id]) for at_s, weights in self._samples if process_id in weights]
        return ProcessTrack(
            process_id=process_id,
            times_s=tuple(at_s for at_s, _ in seen),
            resident_bytes=tuple(weight.resident_bytes for _, weight in seen),
            cpu_s=tuple(weight.cpu_s for _, weight in seen),
        )

    def _watch(self) -> None:
        begun_s = time.monotonic()
        while True:
            self._samples.append((time.monotonic() - begun_s, self._server.weigh()))
            if self._over.wait(self._period_s):
                return
