"""How much energy this machine has used: counters where they can be read, otherwise an estimate that says so.

Knows no requests and no tokens. Nothing here needs root: what may not be read is left out, with the reason. Whoever
shows figures to others must read them over a second or more: finer ones would tell what a neighbour computes
(CVE-2020-8694).
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import statistics
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from zaphod.capacity.hardware import Machine, this_machine

POWERCAP = Path("/sys/class/powercap")
ESTIMATED = "estimated"


class EnergyMeter(Protocol):
    """A counter of energy."""

    @property
    def source(self) -> str:
        """`RAPL`, `NVML`, `estimated`, or several of them joined by `+`."""

    def read_j(self) -> float:
        """Joules since the meter was opened; never less than before.

        Raises:
            OSError: the counter cannot be read any more.
        """


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Why a meter cannot be used here."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Metering:
    """The meter to use, and what could not be read instead."""

    meter: EnergyMeter
    unreadable: Sequence[Unreadable]


@dataclass(frozen=True, kw_only=True)
class CoreFigures:
    """What one logical core takes, its share of memory, fans and power supply included."""

    name: str
    idle_w: float
    busy_w: float


def choose_meter(*, has_accelerator: bool = False, powercap: Path = POWERCAP) -> Metering:
    """The best meter of this machine: RAPL for processors and memory or the estimate, and NVML where a GPU computes.

    Args:
        has_accelerator: whether the work runs on Nvidia GPUs.
        powercap: Linux's folder of power zones.
    """
    opened: list[EnergyMeter | Unreadable] = [open_rapl(powercap)]
    if has_accelerator:
        opened.append(open_nvml())
    unreadable = [one for one in opened if isinstance(one, Unreadable)]
    meters = [one for one in opened if not isinstance(one, Unreadable)]
    if isinstance(opened[0], Unreadable):
        meters.append(EstimatedMeter())
    return Metering(meter=meters[0] if len(meters) == 1 else SumOfMeters(meters), unreadable=unreadable)


class SumOfMeters:
    """Several meters of different parts of one machine."""

    def __init__(self, meters: Sequence[EnergyMeter]) -> None:
        self._meters = tuple(meters)
        self.source = "+".join(meter.source for meter in meters)

    def read_j(self) -> float:
        return sum(meter.read_j() for meter in self._meters)


class RaplMeter:
    """Intel's and AMD's counters of processor packages and memory, as Linux shows them.

    They count the whole machine, other programs included. Open it with `open_rapl`.

    Args:
        zones: folders with `energy_uj` and `max_energy_range_uj`.
    """

    source = "RAPL"

    def __init__(self, zones: Sequence[Path]) -> None:
        self._zones = [_WrappingCounter(zone) for zone in zones]

    def read_j(self) -> float:
        return sum(zone.read_uj() for zone in self._zones) / 1e6


class _WrappingCounter:
    """One zone's microjoules without the jumps back to 0.

    At 200 W a package's counter of 262 kJ begins anew every 22 minutes: it must be read more often than that.
    """

    def __init__(self, zone: Path) -> None:
        self._file = zone / "energy_uj"
        # NOTE: the largest value that is shown, so the counter's period is one more.
        self._period_uj = int((zone / "max_energy_range_uj").read_text()) + 1
        self._last_uj = int(self._file.read_text())
        self._total_uj = 0

    def read_uj(self) -> int:
        now_uj = int(self._file.read_text())
        self._total_uj += (now_uj - self._last_uj) % self._period_uj
        self._last_uj = now_uj
        return self._total_uj


def open_rapl(powercap: Path = POWERCAP) -> RaplMeter | Unreadable:
    """The meter of all packages and their memory, or why there is none."""
    zones = _rapl_zones(powercap)
    if not zones:
        return Unreadable(source=RaplMeter.source, reason=f"{powercap} names no processor package")
    try:
        return RaplMeter(zones)
    except PermissionError:
        reason = f"{zones[0] / 'energy_uj'} may be read by root only (chmod a+r opens it to all, see CVE-2020-8694)"
        return Unreadable(source=RaplMeter.source, reason=reason)
    except (OSError, ValueError) as error:
        return Unreadable(source=RaplMeter.source, reason=f"a counter cannot be read: {error}")


def _rapl_zones(powercap: Path) -> list[Path]:
    """Packages, and memory where it has a counter of its own.

    A package's counter holds those of its cores. `psys` holds the whole board, packages included, and
    `intel-rapl-mmio` shows packages a second time: all of these would be counted twice.
    """
    packages = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if _name(zone).startswith("package")]
    memories = [
        zone for package in packages for zone in sorted(package.glob("intel-rapl:*:*")) if _name(zone) == "dram"
    ]
    return packages + memories


def _name(zone: Path) -> str:
    try:
        return (zone / "name").read_text().strip()
    except OSError:  # hidden from us, as some containers do: then it is no zone that we can read
        return ""


class NvmlMeter:
    """Nvidia's counters of whole GPUs. Open it with `open_nvml`.

    Args:
        library: the module `pynvml`, initialised.
        devices: its handles.
    """

    source = "NVML"

    def __init__(self, library: Any, devices: Sequence[Any]) -> None:
        self._library, self._devices = library, devices
        self._before_mj = self._read_mj()

    def read_j(self) -> float:
        try:
            return (self._read_mj() - self._before_mj) / 1e3
        except self._library.NVMLError as error:
            raise OSError(f"NVML: {error}") from error

    def _read_mj(self) -> int:
        return sum(int(self._library.nvmlDeviceGetTotalEnergyConsumption(device)) for device in self._devices)


def open_nvml(library: Any = None, visible: str | None = None) -> NvmlMeter | Unreadable:
    """The meter of the GPUs that this process may use, or why there is none.

    Args:
        library: stands for the module `pynvml` of nvidia-ml-py.
        visible: `CUDA_VISIBLE_DEVICES` unless given: numbers or UUIDs, separated by commas.
    """
    try:
        library = library or importlib.import_module("pynvml")
    except ImportError:
        return Unreadable(source=NvmlMeter.source, reason="nvidia-ml-py is not installed")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") if visible is None else visible
    try:
        library.nvmlInit()
        devices = _nvml_devices(library, visible)
        if not devices:
            return Unreadable(source=NvmlMeter.source, reason="no GPU is visible")
        return NvmlMeter(library, devices)
    except library.NVMLError as error:
        return Unreadable(source=NvmlMeter.source, reason=f"NVML: {error}")


def _nvml_devices(library: Any, visible: str | None) -> list[Any]:
    if visible is None:
        return [library.nvmlDeviceGetHandleByIndex(index) for index in range(library.nvmlDeviceGetCount())]
    names = [name.strip() for name in visible.split(",") if name.strip()]
    return [
        library.nvmlDeviceGetHandleByIndex(int(name)) if name.isdigit() else library.nvmlDeviceGetHandleByUUID(name)
        for name in names
    ]


class EstimatedMeter:
    """Watts of idle cores all the time, and what busy cores take beyond that for the CPU time that was used.

    A straight line between two published means: good for comparing answers on one machine, and perhaps a factor of
    two off in absolute terms.

    Args:
        figures: of the processor; found by its name unless given.
        num_cores: logical cores whose idling counts; those this process may use unless given.
        cpu_s: CPU time used so far, in seconds; that of this process and its children unless given.
        clock: seconds, never going back.
    """

    source = ESTIMATED

    def __init__(
        self,
        figures: CoreFigures | None = None,
        num_cores: int | None = None,
        cpu_s: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        machine = this_machine()
        self.figures = figures or core_figures(machine)
        self.num_cores = num_cores or machine.num_cores
        self._cpu_s, self._clock = cpu_s or ProcessTreeTime().read_s, clock
        self._cpu_before_s, self._began_s = self._cpu_s(), clock()

    def read_j(self) -> float:
        figures = self.figures
        idle_j = figures.idle_w * self.num_cores * (self._clock() - self._began_s)
        return idle_j + (figures.busy_w - figures.idle_w) * (self._cpu_s() - self._cpu_before_s)

    def power_w(self, num_busy_cores: int) -> float:
        """What it would say while so many cores are busy."""
        busy_w = (self.figures.busy_w - self.figures.idle_w) * min(num_busy_cores, self.num_cores)
        return self.figures.idle_w * self.num_cores + busy_w


class ProcessTreeTime:
    """CPU time of this process and all below it, those that have ended since the first reading included."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._seen: dict[tuple[int, float], float] = {}

    def read_s(self) -> float:
        """Seconds of CPU; never less than before."""
        for process in [self._process, *self._process.children(recursive=True)]:
            try:
                times, began = process.cpu_times(), process.create_time()
            except psutil.NoSuchProcess:  # it ended between the two looks; its last reading stays
                continue
            self._seen[process.pid, began] = times.user + times.system
        return sum(self._seen.values())


@functools.cache
def _rows() -> tuple[tuple[re.Pattern[str], CoreFigures], ...]:
    table = tomllib.loads(Path(__file__).with_name("power.toml").read_text(encoding="utf-8"))
    return tuple(
        (re.compile(row["cpu"]), CoreFigures(name=row["name"], idle_w=row["idle_w"], busy_w=row["busy_w"]))
        for row in table["row"]
    )


def core_figures(machine: Machine) -> CoreFigures:
    """The row of `power.toml` for a machine's processor; the median of all rows if none fits."""
    for pattern, figures in _rows():
        if pattern.search(machine.cpu_model):
            return figures
    idle_w = statistics.median(figures.idle_w for _, figures in _rows())
    busy_w = statistics.median(figures.busy_w for _, figures in _rows())
    return CoreFigures(name="median of known processors", idle_w=idle_w, busy_w=busy_w)
