"""Programs under a memory limit of their own: a control group (version 1 or 2) below or beside that of the tests.

It needs the right to make control groups, as root has in most containers and virtual machines.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class NoGroupError(Exception):
    """No control group can be made here; says why."""


class MemoryGroup:
    """A control group with a limit on memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, command: Sequence[str], timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
        """Run a program in the group, from its first instruction on."""
        enter = f'echo $$ > "{self.procs}" && exec "$@"'
        return subprocess.run(
            ["sh", "-c", enter, "sh", *command], capture_output=True, text=True, timeout=timeout_s, check=False
        )

    @property
    def procs(self) -> Path:
        """A process that writes its number there is in the group, and its children will be."""
        return self._folder / "cgroup.procs"

    @property
    def num_kills(self) -> int:
        """Processes that the kernel ended because the group had no memory left."""
        events = self._folder / "memory.events"
        text = (events if events.exists() else self._folder / "memory.oom_control").read_text()
        return int(dict(line.split() for line in text.splitlines())["oom_kill"])

    @property
    def peak_bytes(self) -> int | None:
        """The most memory that was in use, page cache included; None where the kernel does not say."""
        for name in ("memory.peak", "memory.max_usage_in_bytes"):
            if (self._folder / name).exists():
                return int((self._folder / name).read_text())
        return None


@contextmanager
def memory_group(limit_bytes: int) -> Iterator[MemoryGroup]:
    """A group of its own with that limit, removed afterwards.

    Raises:
        NoGroupError: it cannot be made here.
    """
    try:
        folder = _make(limit_bytes)
    except (OSError, KeyError) as error:
        raise NoGroupError(f"no control group can be made: {error!r}") from error
    try:
        yield MemoryGroup(folder)
    finally:
        _remove(folder)


def _make(limit_bytes: int) -> Path:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    groups = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
    name = f"zaphod-test-{os.getpid()}-{time.monotonic_ns()}"
    version_1 = next((path for controllers, path in groups.items() if "memory" in controllers.split(",")), None)
    if version_1 is not None:
        # Below the tests' own group, so that every limit on these holds on.
        folder = ROOT / "memory" / version_1.strip("/") / name
        limit_file = "memory.limit_in_bytes"
    else:
        # Version 2 wants processes in leaves only: beside the tests' own group, under the same limits from above.
        own = ROOT / groups[""].strip("/")
        folder = (own if own == ROOT else own.parent) / name
        limit_file = "memory.max"
    folder.mkdir()
    try:
        (folder / limit_file).write_text(str(limit_bytes))
    except OSError:
        folder.rmdir()
        raise
    return folder


def _remove(folder: Path) -> None:
    """Ended processes leave a group a moment later."""
    for _ in range(100):
        try:
            folder.rmdir()
            return
        except OSError:
            time.sleep(0.05)
