"""What this machine has: processor, instruction sets, cores, memory and disk that this process may really use.

A container sees the host's processor and memory but may use only part of them, so control-group limits (versions 1
and 2) and the processor affinity count. Knows no models, and no accelerators.
"""

from __future__ import annotations

import math
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

# As Linux names them. Those that change which kernel is fastest; the rest of a processor's flags is noise here.
_INTERESTING = (
    *("avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512vl"),
    *("avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"),
    *("asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"),
)
# macOS `sysctl hw.optional` keys -> Linux's names for the same thing.
_SYSCTL_NAMES = {
    "hw.optional.avx2_0": "avx2",
    "hw.optional.avx512f": "avx512f",
    "hw.optional.neon": "asimd",
    "hw.optional.arm.AdvSIMD": "asimd",
    "hw.optional.arm.FEAT_FP16": "asimdhp",
    "hw.optional.arm.FEAT_DotProd": "asimddp",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_BF16": "bf16",
    "hw.optional.arm.FEAT_SME": "sme",
}
# Control groups of version 1 say "no limit" with a number near 2^63.
_UNLIMITED_BYTES = 1 << 60


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine, as far as this process may use it."""

    cpu_model: str
    architecture: str
    instruction_sets: tuple[str, ...]
    """Linux's names, in the order in which the sets were introduced."""
    num_cores: int
    """Logical cores: the smaller of the affinity and the control group's quota, rounded up."""
    memory_bytes: int
    """The smaller of the installed memory and the control group's limit."""
    available_memory_bytes: int
    """What can be taken now without swapping."""
    free_disk_bytes: int
    """Free on the disk of the folder that was asked about."""


def this_machine(folder: Path | None = None, root: Path = Path("/")) -> Machine:
    """Look at the machine this process runs on.

    Args:
        folder: whose disk counts; the working folder unless given.
        root: where `proc` and `sys` lie.
    """
    installed = psutil.virtual_memory()
    limit_bytes = _memory_limit_bytes(root)
    in_use_bytes = _memory_in_use_bytes(root)
    memory_bytes = min(installed.total, limit_bytes)
    cpu_model, instruction_sets = _processor(root)
    return Machine(
        cpu_model=cpu_model,
        architecture=platform.machine(),
        instruction_sets=instruction_sets,
        num_cores=min(_affinity(), math.ceil(_quota_cores(root))),
        memory_bytes=memory_bytes,
        available_memory_bytes=max(0, min(installed.available, memory_bytes - in_use_bytes)),
        free_disk_bytes=shutil.disk_usage(folder or Path.cwd()).free,
    )


def _affinity() -> int:
    # NOTE: macOS has no affinity; there every core may be used.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor(root: Path) -> tuple[str, tuple[str, ...]]:
    cpuinfo = root / "proc/cpuinfo"
    if cpuinfo.is_file():
        return parse_cpuinfo(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    if platform.system() == "Darwin":
        done = subprocess.run(["sysctl", "machdep.cpu", "hw.optional"], capture_output=True, text=True, check=False)
        return parse_sysctl(done.stdout)
    return platform.processor() or platform.machine(), ()


def parse_cpuinfo(text: str) -> tuple[str, tuple[str, ...]]:
    """Model name and interesting instruction sets from Linux's `/proc/cpuinfo` (its first processor)."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip(), value.strip())
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    # NOTE: Arm's cpuinfo has no model name, only numbers of the implementer and the part.
    model = fields.get("model name") or f"{platform.machine()} part {fields.get('CPU part', 'unknown')}"
    return model, tuple(name for name in _INTERESTING if name in flags)


def parse_sysctl(text: str) -> tuple[str, tuple[str, ...]]:
    """The same from macOS's `sysctl machdep.cpu hw.optional`."""
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    flags = {name for key, name in _SYSCTL_NAMES.items() if fields.get(key) == "1"}
    model = fields.get("machdep.cpu.brand_string", platform.machine())
    return model, tuple(name for name in _INTERESTING if name in flags)


def _memory_limit_bytes(root: Path) -> int:
    """The tightest limit of this process's control group and the groups around it."""
    files = [(folder / name) for folder in _group_folders(root, "memory") for name in _LIMIT_FILES]
    limits = [int(text) for file in files if (text := _read(file)).isdigit()]
    return min([limit for limit in limits if limit < _UNLIMITED_BYTES], default=_UNLIMITED_BYTES)


_LIMIT_FILES = ("memory.max", "memory.limit_in_bytes")


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
    return max(min(quotas), 1.0) if quotas != [math.inf] else os.cpu_count() or 1


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
