"""An installation that is started again and again below one folder, and how its processes end; knows no secret."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.leaks_ways import POLICY
from zaphod.server.caller import SCOPES
from zaphod.study.benchmarks.serving.servers import free_port
from zaphod.study.redteam.leaks import Sink

_READY_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server, and the keys of two tenants."""

    url: str
    process: psutil.Process
    key: str
    other_key: str

    @property
    def engine(self) -> psutil.Process:
        """The process of its engine."""
        children = self.process.children(recursive=True)
        return next(child for child in children if "engine_process.worker" in " ".join(child.cmdline()))


class Installation:
    """A folder in which a server is started again and again, with everything that it writes below it."""

    def __init__(self, folder: Path, database: str | None, traces: Sink) -> None:
        self.folder, self._traces = folder, traces
        for name in ("config/zaphod", "data", "state", "cache", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "data").chmod(0o700)
        (folder / "policy.toml").write_text(POLICY)
        if database is not None:
            (folder / "config" / "zaphod" / "config.toml").write_text(f'database = "{database}"\n')
        self.keys = [self._key(tenant) for tenant in ("clinic", "other")]
        self._number = itertools.count()

    @property
    def environment(self) -> dict[str, str]:
        """Of every process."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("ZAPHOD_")}
        places = {f"XDG_{name}_HOME": str(self.folder / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        return own | places | {"TMPDIR": str(self.folder / "tmp"), "PYTHONUNBUFFERED": "1"}

    def _key(self, tenant: str) -> str:
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        command = [sys.executable, "-m", "zaphod", "keys", "create", "--name", tenant, "--tenant", tenant, *scopes]
        done = subprocess.run([*command, "--json"], env=self.environment, capture_output=True, text=True, check=True)
        return str(json.loads(done.stdout)["secret"])

    @contextlib.contextmanager
    def serving(self) -> Iterator[Running]:
        """A server that answers; it may be dead at the end."""
        port = free_port()
        command = [sys.executable, "-m", "zaphod", "--log-level", "debug", "serve", "--port", str(port)]
        command += ["--log-file", str(self.folder / "access.log"), "--otlp-traces-endpoint", self._traces.url]
        command += ["--threads", "1", "--guard", str(self.folder / "policy.toml")]
        with (self.folder / f"printed-{next(self._number)}").open("wb") as printed:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=printed, stderr=subprocess.STDOUT
            )
        url = f"http://127.0.0.1:{port}"
        try:
            await_ready(url, self.keys[0], process)
            yield Running(url=url, process=psutil.Process(process.pid), key=self.keys[0], other_key=self.keys[1])
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def await_ready(url: str, key: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until requests are answered. Raises `RuntimeError` where they never are."""
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/ready", headers={"x-api-key": key}, trust_env=False, timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not become ready")


@contextlib.contextmanager
def core_files_allowed() -> Iterator[None]:
    """Processes that are started inside may leave core files, as far as the system lets them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def writes_core_files() -> bool:
    """Whether a program that does not see to it itself leaves one here; else their absence would say nothing."""
    with core_files_allowed(), tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", "import os; os.abort()"], cwd=folder, check=False)
        return any(Path(folder).iterdir())
