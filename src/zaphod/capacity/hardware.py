"""What this machine has: processor, instruction sets, cores, memory and disk that this process may really use.

Knows no models, and no accelerators.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from zaphod.core.limits import available_memory_bytes, usable_cores, usable_memory_bytes

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
    cpu_model, instruction_sets = _processor(root)
    return Machine(
        cpu_model=cpu_model,
        architecture=platform.machine(),
        instruction_sets=instruction_sets,
        num_cores=usable_cores(root),
        memory_bytes=usable_memory_bytes(root),
        available_memory_bytes=available_memory_bytes(root),
        free_disk_bytes=shutil.disk_usage(folder or Path.cwd()).free,
    )


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
