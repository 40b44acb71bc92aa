from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from zaphod.capacity.hardware import parse_cpuinfo, parse_sysctl, this_machine

GIB = 1 << 30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A made-up root folder with one processor and no control groups."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/cpuinfo").write_text("model name\t: Deep Thought\nflags\t\t: fpu avx2 avx512_vnni\n")
    return tmp_path


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")


def test_the_real_machine_agrees_with_psutil() -> None:
    machine = this_machine()
    assert 1 <= machine.num_cores <= psutil.cpu_count()
    assert 0 < machine.available_memory_bytes <= machine.memory_bytes <= psutil.virtual_memory().total
    assert machine.free_disk_bytes > 0
    assert machine.cpu_model


def test_without_limits_everything_installed_counts(root: Path) -> None:
    machine = this_machine(root=root)
    assert machine.memory_bytes == psutil.virtual_memory().total
    assert machine.cpu_model == "Deep Thought"
    assert machine.instruction_sets == ("avx2", "avx512_vnni")


def test_a_memory_limit_of_version_2_counts_also_from_a_parent_group(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "0::/pod/box",
            "sys/fs/cgroup/pod/memory.max": str(GIB),
            "sys/fs/cgroup/pod/memory.current": str(GIB // 2),
            "sys/fs/cgroup/pod/memory.stat": f"anon 7\ninactive_file {GIB // 4}",
            "sys/fs/cgroup/pod/box/memory.max": "max",
        },
    )
    machine = this_machine(root=root)
    assert machine.memory_bytes == GIB
    assert machine.available_memory_bytes == GIB * 3 // 4


def test_a_memory_limit_of_version_1_counts(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "4:memory:/box\n1:cpu,cpuacct:/\n0::/",
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": str(GIB),
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
    )
    assert this_machine(root=root).memory_bytes == GIB


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
def test_a_processor_quota_counts(root: Path, files: dict[str, str]) -> None:
    put(root, files)
    assert this_machine(root=root).num_cores == 1


def test_no_quota_leaves_all_cores(root: Path) -> None:
    put(root, {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"})
    assert this_machine(root=root).num_cores == len(os.sched_getaffinity(0))


def test_arm_names_its_features_but_not_its_model() -> None:
    model, sets = parse_cpuinfo("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\nCPU part\t: 0xd4f\n")
    assert model.endswith("part 0xd4f")
    assert sets == ("asimd", "asimddp", "i8mm", "bf16")


def test_macos_is_read_from_sysctl() -> None:
    text = (
        "machdep.cpu.brand_string: Apple M4\nhw.optional.neon: 1\nhw.optional.arm.FEAT_I8MM: 1\nhw.optional.avx2_0: 0"
    )
    assert parse_sysctl(text) == ("Apple M4", ("asimd", "i8mm"))
