"""How much of the machine this process may use: cores and memory; knows nothing of what they are used for.

A container sees the host's processor and memory but may use only part of them, so control-group limits (versions 1
and 2) and the processor affinity count.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

_ROOT = Path("/")
_LIMIT_FILES = ("memory.max", "memory.limit_in_bytes")
# Control groups of version 1 say "no limit" with a number near 2^63.
_UNLIMITED_BYTES = 1 << 60


def usable_memory_bytes(root: Path = _ROOT) -> int:
    """The smaller of the installed memory and the control group's limit. `root` is where `proc` and `sys` lie."""
    return min(int(psutil.virtual_memory().total), _memory_limit_bytes(root))


def available_memory_bytes(root: Path = _ROOT) -> int:
    """What can be taken now without swapping."""
    free_bytes = usable_memory_bytes(root) - _memory_in_use_bytes(root)
    return max(0, min(int(psutil.virtual_memory().available), free_bytes))


def usable_cores(root: Path = _ROOT) -> int:
    """Logical cores: the smaller of the affinity and the control group's quota, rounded up."""
    # NOTE: macOS has no affinity; there every core may be used.
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_cores(root)
    return affinity if math.isinf(quota) else max(1, min(affinity, math.ceil(quota)))


def _memory_limit_bytes(root: Path) -> int:
    """The tightest limit of this process's control group and the groups around it."""
    files = [(folder / name) for folder in _group_folders(root, "memory") for name in _LIMIT_FILES]
    limits = [int(text) for file in files if (text := _read(file)).isdigit()]
    return min([limit for limit in limits if limit < _UNLIMITED_BYTES], default=_UNLIMITED_BYTES)


def _memory_in_use_bytes(root: Path) -> int:
    """What counts against the innermost limited group, less the file cache the kernel gives back when asked."""
    for folder in _group_folders(root, "memory"):
        limits = [text for name in _LIMIT_FILES if (text := _read(folder / name)).isdigit()]
        if not limits or int(limits[0]) >= _UNLIMITED_BYTES:
            continue
        usage = _read(folder / "memory.current") or _read(folder / "memory.usage_in_bytes") or "0"
        statistics = dict(line.split(" ", 1) for line in _read(folder / "memory.stat").splitlines() if " " in line)
        reclaimable = int(statistics.get("total_inactive_file", statistics.get("inactive_file", "0")))
        return max(0, int(usage) - reclaimable)
    return 0


def _quota_cores(root: Path) -> float:
    """Cores that the tightest CPU quota allows; infinite without one."""
    quotas = [math.inf]
    for folder in _group_folders(root, "cpu"):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        quota = quota or _read(folder / "cpu.cfs_quota_us")
        period = period or _read(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():
            quotas.append(int(quota) / int(period))
    return min(quotas)


def _group_folders(root: Path, controller: str) -> Iterator[Path]:
    """Folders of this process's control group and its parents, innermost first, for versions 2 and 1."""
    base = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            mount = base
        elif controller in controllers.split(","):
            mount = base / controller
        else:
            continue
        folder = mount / path.strip("/")
        while True:
            yield folder
            if folder == mount:
                break
            folder = folder.parent


def _read(file: Path) -> str:
    """The file's text, or nothing where this kernel has no such file."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""
