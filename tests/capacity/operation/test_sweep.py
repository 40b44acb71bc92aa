import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.capacity.operation.gpus import FakeNvml

from zaphod.capacity.operation.nvml import Gpus, LockedClock, PowerLimit, open_gpus
from zaphod.capacity.operation.selectors import Energy
from zaphod.capacity.operation.sweep import sweep
from zaphod.capacity.operation.trace import read_trace, write_trace
from zaphod.core.errors import ConfigError, MissingExtraError, UnavailableError

BEFORE = [500_000, 650_000]


@pytest.fixture
def nvml() -> FakeNvml:
    return FakeNvml()


def test_limits_go_from_the_highest_down(nvml: FakeNvml) -> None:
    knob = PowerLimit(open_gpus(library=nvml), step_w=100)
    assert knob.settings() == (700, 600, 500, 400, 300, 200)
    assert [each.setting for each in sweep(knob, nvml.work)] == [700, 600, 500, 400, 300, 200]


def test_uneven_steps_reach_the_lowest_limit(nvml: FakeNvml) -> None:
    assert PowerLimit(open_gpus(library=nvml), step_w=150).settings() == (700, 550, 400, 250, 200)


def test_each_gpu_gets_its_own_limit_back(nvml: FakeNvml) -> None:
    sweep(PowerLimit(open_gpus(library=nvml), step_w=250), nvml.work)
    assert nvml.limits_mw == BEFORE


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt(), SystemExit(1)])
def test_limits_are_put_back_whatever_happens(nvml: FakeNvml, error: BaseException) -> None:
    def work() -> tuple[float, float, None]:
        if nvml.limits_mw[0] == 400_000:
            raise error
        return 1.0, 1.0, None

    with pytest.raises(type(error)):
        sweep(PowerLimit(open_gpus(library=nvml), step_w=100), work)
    assert nvml.limits_mw == BEFORE


def test_a_gpu_that_refuses_does_not_keep_the_others_from_theirs(nvml: FakeNvml) -> None:
    knob = PowerLimit(open_gpus(library=nvml))
    knob.set(300)
    nvml.refusing = {0}
    with pytest.raises(UnavailableError):
        knob.restore()
    assert nvml.limits_mw == [300_000, 650_000]


def test_clocks_are_unlocked_at_the_end(nvml: FakeNvml) -> None:
    measured = sweep(LockedClock(open_gpus(library=nvml)), nvml.work)
    assert (nvml.locks, len(measured)) == ([None, None], 12)
    assert (measured[0].setting, measured[-1].setting) == (1980, 210)


def test_a_sweep_of_clocks_finds_the_least_energy(nvml: FakeNvml) -> None:
    knob = LockedClock(open_gpus(library=nvml), num_settings=200)
    measured = sweep(knob, nvml.work)
    assert len(measured) == 119
    assert Energy().choose(measured).energy_j == min(each.energy_j for each in measured)
    assert 210 < Energy().choose(measured).setting < 1980


def test_energy_of_all_gpus_is_counted_in_joules(nvml: FakeNvml) -> None:
    gpus = open_gpus(library=nvml)
    nvml.used_mj = [1500, 500]
    assert (gpus.energy_j(), gpus.max_power_w()) == (2.0, 1400.0)


def test_without_privilege_nothing_is_done(nvml: FakeNvml) -> None:
    nvml.is_root = False
    with pytest.raises(UnavailableError, match="may not change"):
        PowerLimit(open_gpus(library=nvml))
    with pytest.raises(UnavailableError, match="may not change"):
        sweep(LockedClock(open_gpus(library=nvml)), lambda: pytest.fail("work was done"))


@pytest.mark.parametrize("nvml", [FakeNvml(has_driver=False), FakeNvml(count=0)])
def test_without_a_gpu_a_measured_sweep_is_offered(nvml: FakeNvml) -> None:
    with pytest.raises(UnavailableError) as caught:
        open_gpus(library=nvml)
    assert "--trace" in caught.value.remedy


def test_without_its_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MissingExtraError, match="nvml") as caught:
        open_gpus()
    assert "--trace" in caught.value.remedy


def test_every_function_that_is_asked_for_is_one_of_nvmls(nvml: FakeNvml) -> None:
    real = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed (extra `nvml`)")
    names = [name for name in dir(nvml) if name.startswith(("nvml", "NVML"))]
    assert len(names) >= 14
    assert [name for name in names if not hasattr(real, name)] == []


def test_a_gpu_that_is_not_there_is_named(nvml: FakeNvml) -> None:
    with pytest.raises(ConfigError, match="no GPU 2"):
        open_gpus([2], nvml)


@pytest.mark.parametrize("setting", [100.0, 800.0])
def test_settings_that_are_not_offered_are_refused_before_any_is_set(nvml: FakeNvml, setting: float) -> None:
    knob = PowerLimit(open_gpus(library=nvml))
    nvml.asked.clear()
    with pytest.raises(ConfigError, match="is not offered"):
        sweep(knob, nvml.work, [300.0, setting])
    assert nvml.asked == []


def test_warm_ups_are_not_counted_and_run_at_the_first_setting(nvml: FakeNvml) -> None:
    seen: list[int] = []

    def work() -> tuple[float, float, None]:
        seen.append(nvml.limits_mw[0])
        return 1.0, 1.0, None

    assert len(sweep(PowerLimit(open_gpus(library=nvml), 250), work, warm_ups=2)) == 3
    assert seen == [700_000, 700_000, 700_000, 450_000, 200_000]


PROGRAM = """
import pathlib, sys, time
from tests.capacity.operation.gpus import FakeNvml
from zaphod.capacity.operation.nvml import PowerLimit, open_gpus
from zaphod.capacity.operation.sweep import sweep
nvml = FakeNvml()
def work():
    print("working", flush=True)
    time.sleep(60)
try:
    sweep(PowerLimit(open_gpus(library=nvml)), work)
finally:
    pathlib.Path(sys.argv[1]).write_text(repr(nvml.limits_mw))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_told_to_stop_puts_the_limits_back(tmp_path: Path, number: signal.Signals) -> None:
    told = tmp_path / "limits"
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a test runner may ignore it
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"working\n"
    process.send_signal(number)
    process.wait(30)
    process.stdout.close()
    assert (told.read_text(), process.returncode != 0) == (repr(BEFORE), True)


def test_in_a_thread_signals_are_left_alone(nvml: FakeNvml) -> None:
    import threading

    found: list[int] = []
    knob = PowerLimit(open_gpus(library=nvml), 250)
    thread = threading.Thread(target=lambda: found.append(len(sweep(knob, nvml.work))))
    thread.start()
    thread.join(30)
    assert (found, nvml.limits_mw) == ([3], BEFORE)


def test_a_sweep_that_is_written_is_read_as_it_was(tmp_path: Path, nvml: FakeNvml) -> None:
    measured = sweep(LockedClock(open_gpus(library=nvml)), nvml.work)
    write_trace(tmp_path / "sweep.csv", measured)
    assert read_trace(tmp_path / "sweep.csv") == measured


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_s,energy_j\n1,2\n", "power_limit_w or clock_mhz"),
        ("power_limit_w,clock_mhz,time_s,energy_j\n1,1,1,1\n", "one of them"),
        ("power_limit_w,time_s\n300,1\n", "time_s and energy_j"),
        ("power_limit_w,time_s,energy_j\n300,1,x\n", "line 2"),
        ("power_limit_w,time_s,energy_j\n300,1,1\n250,0,1\n", "line 3.*time_s is 0"),
        ("power_limit_w,time_s,energy_j\n300,1\n", "line 2"),
        ("power_limit_w,time_s,energy_j\n", "no rows"),
        ("", "columns none"),
    ],
)
def test_a_trace_that_cannot_be_read_names_the_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sweep.csv").write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_trace(tmp_path / "sweep.csv")


def test_names_are_texts(nvml: FakeNvml) -> None:
    assert Gpus(nvml, [0]).names == ["Fake H100"]
