from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from zaphod.capacity import energy
from zaphod.capacity.energy import (
    CoreFigures,
    EstimatedMeter,
    NvmlMeter,
    ProcessTreeTime,
    RaplMeter,
    SumOfMeters,
    Unreadable,
    choose_meter,
    core_figures,
    open_nvml,
    open_rapl,
)
from zaphod.capacity.hardware import this_machine

RANGE_UJ = 262_143_328_850


class Powercap:
    """A folder as Linux lays it out: zones below their control type, and links to all of them at the top."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "class/powercap"
        self._devices = root / "devices/virtual/powercap"
        self.folder.mkdir(parents=True)

    def zone(self, path: str, name: str, uj: int, range_uj: int = RANGE_UJ) -> Path:
        """`intel-rapl/intel-rapl:0/intel-rapl:0:1` -> that folder."""
        folder = self._devices / path
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text(f"{uj}\n")
        (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
        (self.folder / folder.name).symlink_to(folder)
        return folder


@pytest.fixture
def powercap(tmp_path: Path) -> Powercap:
    return Powercap(tmp_path)


@pytest.fixture
def package(powercap: Powercap) -> Path:
    return powercap.zone("intel-rapl/intel-rapl:0", "package-0", 1_000_000)


def opened(powercap: Powercap) -> RaplMeter:
    meter = open_rapl(powercap.folder)
    assert isinstance(meter, RaplMeter)
    return meter


def test_a_package_is_counted_from_when_the_meter_was_opened(powercap: Powercap, package: Path) -> None:
    meter = opened(powercap)
    assert meter.read_j() == 0
    (package / "energy_uj").write_text("3500000\n")
    assert meter.read_j() == 2.5


def test_a_counter_that_begins_anew_is_followed(powercap: Powercap, package: Path) -> None:
    (package / "energy_uj").write_text(str(RANGE_UJ - 999_999))
    meter = opened(powercap)
    (package / "energy_uj").write_text("1000000")
    assert meter.read_j() == 2.0  # 1 J to the end of the range, the step to 0 included, and 1 J after it
    (package / "energy_uj").write_text("0")
    assert meter.read_j() == pytest.approx(1 + (RANGE_UJ + 1) / 1e6)


def test_memory_is_counted_beside_its_package(powercap: Powercap, package: Path) -> None:
    dram = powercap.zone("intel-rapl/intel-rapl:0/intel-rapl:0:1", "dram", 0, 65_712_999_613)
    other = powercap.zone("intel-rapl/intel-rapl:1", "package-1", 0)
    meter = opened(powercap)
    (dram / "energy_uj").write_text("250000")
    (other / "energy_uj").write_text("500000")
    assert meter.read_j() == 0.75


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("intel-rapl/intel-rapl:0/intel-rapl:0:0", "core"),
        ("intel-rapl/intel-rapl:1", "psys"),
        ("intel-rapl-mmio/intel-rapl-mmio:0", "package-0"),
    ],
)
def test_nothing_is_counted_twice(powercap: Powercap, package: Path, path: str, name: str) -> None:
    zone = powercap.zone(path, name, 0)
    meter = opened(powercap)
    (zone / "energy_uj").write_text("9000000")
    assert meter.read_j() == 0


def test_a_machine_without_counters_is_estimated(tmp_path: Path) -> None:
    metering = choose_meter(powercap=tmp_path / "missing")
    assert metering.meter.source == "estimated"
    assert [one.source for one in metering.unreadable] == ["RAPL"]
    assert "names no processor package" in metering.unreadable[0].reason


def test_counters_that_may_not_be_read_give_an_estimate_and_the_reason() -> None:
    """CVE-2020-8694: since then only root may read them."""
    with tempfile.TemporaryDirectory() as name:
        powercap = Powercap(Path(name))
        energy_file = powercap.zone("intel-rapl/intel-rapl:0", "package-0", 1) / "energy_uj"
        energy_file.chmod(0o400)
        Path(name).chmod(0o755)
        with nobody_special(energy_file):
            metering = choose_meter(powercap=powercap.folder)
    assert metering.meter.source == "estimated"
    assert metering.meter.read_j() >= 0
    assert "root only" in metering.unreadable[0].reason


@contextmanager
def nobody_special(file: Path) -> Iterator[None]:
    """As a user who may not read the file. Root may read all: then as nobody."""
    if os.geteuid() != 0:
        file.chmod(0)
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("content", ["", "no number"])
def test_a_counter_that_holds_no_number_is_left_out(powercap: Powercap, package: Path, content: str) -> None:
    (package / "energy_uj").write_text(content)
    meter = open_rapl(powercap.folder)
    assert isinstance(meter, Unreadable)
    assert "cannot be read" in meter.reason


def test_a_counter_that_vanishes_raises_an_operating_system_error(powercap: Powercap, package: Path) -> None:
    meter = opened(powercap)
    (package / "energy_uj").unlink()
    with pytest.raises(OSError):
        meter.read_j()


class Gpus:
    """The functions of `pynvml` that are used, over two GPUs: there is no driver where these tests run."""

    class NVMLError(Exception):
        pass

    def __init__(self, *total_mj: int) -> None:
        self.total_mj = dict(enumerate(total_mj))
        self.is_lost = False

    def nvmlInit(self) -> None:
        if not self.total_mj:
            raise self.NVMLError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:
        return len(self.total_mj)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:
        return {"GPU-zero": 0, "GPU-one": 1}[uuid]

    def nvmlDeviceGetTotalEnergyConsumption(self, device: int) -> int:
        if self.is_lost:
            raise self.NVMLError("GPU is lost")
        return self.total_mj[device]


@pytest.mark.parametrize(("visible", "joules"), [("0,1", 30.0), ("1", 20.0), ("GPU-zero", 10.0)])
def test_only_visible_gpus_are_counted(visible: str, joules: float) -> None:
    gpus = Gpus(5_000, 7_000)
    meter = open_nvml(gpus, visible)
    assert isinstance(meter, NvmlMeter)
    gpus.total_mj = {0: 15_000, 1: 27_000}
    assert meter.read_j() == joules


@pytest.mark.parametrize(("gpus", "reason"), [(Gpus(), "Driver Not Loaded"), (Gpus(1), "no GPU is visible")])
def test_gpus_that_cannot_be_read_are_left_out(gpus: Gpus, reason: str) -> None:
    meter = open_nvml(gpus, "")
    assert isinstance(meter, Unreadable)
    assert reason in meter.reason


def test_gpus_are_left_out_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    meter = open_nvml()
    assert isinstance(meter, Unreadable)
    assert meter.reason == "nvidia-ml-py is not installed"


def test_a_lost_gpu_raises_an_operating_system_error() -> None:
    gpus = Gpus(0)
    meter = open_nvml(gpus, "0")
    assert isinstance(meter, NvmlMeter)
    gpus.is_lost = True
    with pytest.raises(OSError, match="GPU is lost"):
        meter.read_j()


def test_an_accelerator_is_measured_beside_the_processor(powercap: Powercap, package: Path) -> None:
    gpus = open_nvml(Gpus(0), "0")
    assert isinstance(gpus, NvmlMeter)
    both = SumOfMeters([opened(powercap), gpus])
    (package / "energy_uj").write_text("2000000")
    assert both.source == "RAPL+NVML"
    assert both.read_j() == 1.0


def test_the_estimate_is_a_line_between_idle_and_busy() -> None:
    figures, now_s, cpu_s = CoreFigures(name="x", idle_w=1.0, busy_w=5.0), [100.0], [7.0]
    meter = EstimatedMeter(figures, num_cores=4, cpu_s=lambda: cpu_s[0], clock=lambda: now_s[0])
    now_s[0] += 10
    assert meter.read_j() == 40.0
    cpu_s[0] += 10
    assert meter.read_j() == 80.0
    assert meter.power_w(1) == 8.0
    assert meter.power_w(99) == 20.0


def test_the_time_of_ended_children_is_kept() -> None:
    tree = ProcessTreeTime()
    before_s = tree.read_s()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        while tree.read_s() < before_s + 0.1:
            time.sleep(0.02)
        with_child_s = tree.read_s()
        child.kill()
    assert tree.read_s() >= with_child_s


@pytest.mark.parametrize(
    ("cpu_model", "row"),
    [
        ("AMD EPYC 7R32", "AMD EPYC, 2nd generation"),
        ("AMD EPYC 7763 64-Core Processor", "AMD EPYC, 3rd generation"),
        ("AMD EPYC 9654 96-Core Processor", "AMD EPYC, 4th generation"),
        ("Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz", "Intel Broadwell"),
        ("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "Intel Cascade Lake"),
        ("Intel(R) Xeon(R) Platinum 8488C", "Intel Sapphire Rapids"),
        ("Intel(R) Xeon(R) 6980P", "Intel Granite Rapids"),
        ("aarch64 part 0xd0c", "Arm Neoverse N1"),
        ("AMD EPYC", "median of known processors"),
        ("AMD EPYC 9755 128-Core Processor", "median of known processors"),
    ],
)
def test_figures_are_found_by_the_processors_name(cpu_model: str, row: str) -> None:
    assert core_figures(replace(this_machine(), cpu_model=cpu_model)).name == row


def test_every_row_of_figures_names_its_source_and_date() -> None:
    table = tomllib.loads(Path(energy.__file__).with_name("power.toml").read_text(encoding="utf-8"))
    assert table["source"]["url"].startswith("https://")
    for row in table["row"]:
        assert 0 < row["idle_w"] < row["busy_w"]
        assert row["source"]
        assert isinstance(row["date"], date)
