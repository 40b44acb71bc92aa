from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from zaphod.core.limits import available_memory_bytes, usable_cores, usable_memory_bytes

GIB = 1 << 30


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + "\n")


def test_without_limits_everything_installed_counts(tmp_path: Path) -> None:
    assert usable_memory_bytes(tmp_path) == psutil.virtual_memory().total
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_a_memory_limit_of_version_2_counts_also_from_a_parent_group(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "proc/self/cgroup": "0::/pod/box",
            "sys/fs/cgroup/pod/memory.max": str(GIB),
            "sys/fs/cgroup/pod/memory.current": str(GIB // 2),
            "sys/fs/cgroup/pod/memory.stat": f"anon 7\ninactive_file {GIB // 4}",
            "sys/fs/cgroup/pod/box/memory.max": "max",
        },
    )
    assert usable_memory_bytes(tmp_path) == GIB
    assert available_memory_bytes(tmp_path) == GIB * 3 // 4


def test_a_memory_limit_of_version_1_counts(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/box\n1:cpu,cpuacct:/\n0::/",
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": str(GIB),
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
    )
    assert usable_memory_bytes(tmp_path) == GIB


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/box", "sys/fs/cgroup/box/cpu.max": "100000 100000"},
        {
            "proc/self/cgroup": "1:cpu,cpuacct:/box",
            "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "50000",
            "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000",
        },
    ],
)
def test_a_processor_quota_counts(tmp_path: Path, files: dict[str, str]) -> None:
    put(tmp_path, files)
    assert usable_cores(tmp_path) == 1


def test_no_quota_leaves_all_cores(tmp_path: Path) -> None:
    put(tmp_path, {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"})
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))
