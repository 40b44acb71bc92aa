from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from zaphod.capacity.hardware import parse_cpuinfo, parse_sysctl, this_machine


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A made-up root folder with one processor and no control groups."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/cpuinfo").write_text("model name\t: Deep Thought\nflags\t\t: fpu avx2 avx512_vnni\n")
    return tmp_path


def test_the_real_machine_agrees_with_psutil() -> None:
    machine = this_machine()
    assert 1 <= machine.num_cores <= psutil.cpu_count()
    assert 0 < machine.available_memory_bytes <= machine.memory_bytes <= psutil.virtual_memory().total
    assert machine.free_disk_bytes > 0
    assert machine.cpu_model


def test_the_processor_is_read_from_cpuinfo(root: Path) -> None:
    machine = this_machine(root=root)
    assert machine.memory_bytes == psutil.virtual_memory().total
    assert machine.cpu_model == "Deep Thought"
    assert machine.instruction_sets == ("avx2", "avx512_vnni")


def test_arm_names_its_features_but_not_its_model() -> None:
    model, sets = parse_cpuinfo("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\nCPU part\t: 0xd4f\n")
    assert model.endswith("part 0xd4f")
    assert sets == ("asimd", "asimddp", "i8mm", "bf16")


def test_macos_is_read_from_sysctl() -> None:
    text = (
        "machdep.cpu.brand_string: Apple M4\nhw.optional.neon: 1\nhw.optional.arm.FEAT_I8MM: 1\nhw.optional.avx2_0: 0"
    )
    assert parse_sysctl(text) == ("Apple M4", ("asimd", "i8mm"))
