from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.capacity.operation.gpus import CURVE, FakeNvml, clocks
from tests.cli.conftest import Zaphod

from zaphod.capacity.operation.trace import read_trace, write_trace


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    write_trace(tmp_path / "sweep.csv", CURVE.measured(clocks(90), itl_per_s=0.04))
    return tmp_path / "sweep.csv"


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    library = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", library)
    return library


@pytest.mark.parametrize("selector", ["energy", "time", "zeus", "slowdown", "itl"])
def test_a_trace_is_chosen_from(zaphod: Zaphod, trace: Path, selector: str) -> None:
    flags = ("--max-power", "700", "--eta", "1")
    found = zaphod("power", "sweep", "--trace", str(trace), "--selector", selector, *flags, "--json").json
    measured = read_trace(trace)
    least = min(measured, key=lambda each: each.energy_j)
    expected = {"energy": least.setting, "zeus": least.setting, "time": max(each.setting for each in measured)}
    assert found["chosen"]["setting"] == expected.get(selector, found["chosen"]["setting"])
    assert len(found["measured"]) == len(measured)
    assert found["apply"].startswith("nvidia-smi --lock-gpu-clocks=")


def test_the_table_marks_what_was_chosen(zaphod: Zaphod, trace: Path) -> None:
    told = zaphod("power", "sweep", "--trace", str(trace), "--selector", "energy").out
    assert [line for line in told.splitlines() if line.startswith("* ")] != []
    assert "less energy" in told


def test_a_real_sweep_measures_writes_and_puts_back(zaphod: Zaphod, nvml: FakeNvml, tmp_path: Path) -> None:
    out = tmp_path / "new.csv"
    flags = ("--set", "300", "--set", "600", "--warm-ups", "0", "--selector", "time", "--gpu", "1", "--out", str(out))
    nvml.nvmlDeviceGetTotalEnergyConsumption = lambda gpu: len(nvml.asked) * 1000 + next(ticks)  # type: ignore[method-assign]
    ticks = iter(range(1, 1000))
    found = zaphod("power", "sweep", *flags, "--json", "--", "true").json
    assert [each["setting"] for each in found["measured"]] == [600, 300]
    assert nvml.limits_mw == [500_000, 650_000]
    assert [each.setting for each in read_trace(out)] == [600, 300]
    assert "--id=1 --power-limit=" in found["apply"]


def test_a_machine_without_a_gpu_is_told_of_traces(zaphod: Zaphod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(has_driver=False))
    outcome = zaphod("power", "sweep", "--", "true")
    assert (outcome.code, "--trace" in outcome.err) == (11, True)


def test_without_root_it_says_so(zaphod: Zaphod, nvml: FakeNvml) -> None:
    nvml.is_root = False
    outcome = zaphod("power", "sweep", "--", "true")
    assert (outcome.code, "root" in outcome.err) == (11, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sweep",), "no work to measure"),
        (("sweep", "--metrics", "http://a", "--", "true"), "Both a command and --metrics"),
        (("sweep", "--trace", "TRACE", "--", "true"), "Both --trace and work"),
        (("sweep", "--trace", "TRACE", "--selector", "best"), "no selector 'best'"),
        (("sweep", "--trace", "TRACE", "--selector", "zeus"), "highest power is not known"),
        (("sweep", "--trace", "TRACE", "--slowdown", "0.5"), "factor is 0.5"),
        (("window", "FORECAST", "--hours", "2", "--deadline", "tomorrow"), "--deadline is 'tomorrow'"),
        (("window", "FORECAST", "--hours", "2", "--power", "0"), "--power is 0"),
        (("window", "FORECAST", "--hours", "20"), "4 are left"),
    ],
)
def test_what_cannot_be_done_is_refused(
    zaphod: Zaphod, trace: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    files = {"TRACE": str(trace), "FORECAST": str(_forecast(tmp_path))}
    outcome = zaphod("power", *(files.get(word, word) for word in arguments))
    assert (outcome.code, words in outcome.err) == (2, True)


def test_a_limit_that_no_setting_keeps_is_refused(zaphod: Zaphod, trace: Path) -> None:
    outcome = zaphod("power", "sweep", "--trace", str(trace), "--selector", "itl", "--itl", "0.001")
    assert (outcome.code, "No setting keeps 1 ms" in outcome.err) == (16, True)


def _forecast(folder: Path) -> Path:
    rows = [f"2026-03-01T{18 + hour}:00+00:00,{value}" for hour, value in enumerate((300, 50, 400, 60))]
    (folder / "forecast.csv").write_text("\n".join(["time,g_per_kwh", *rows]))
    return folder / "forecast.csv"


def test_a_window_is_found(zaphod: Zaphod, tmp_path: Path) -> None:
    file = str(_forecast(tmp_path))
    found = zaphod("power", "window", file, "--hours", "2", "--restart", "0", "--power", "10", "--json").json
    assert found["windows"] == [
        {"from": "2026-03-01T19:00:00+00:00", "to": "2026-03-01T20:00:00+00:00"},
        {"from": "2026-03-01T21:00:00+00:00", "to": "2026-03-01T22:00:00+00:00"},
    ]
    assert (found["co2_kg"], found["co2_kg_at_once"], found["num_starts"]) == (1.1, 3.5, 2)


def test_without_pauses_it_is_one_stretch(zaphod: Zaphod, tmp_path: Path) -> None:
    told = zaphod("power", "window", str(_forecast(tmp_path)), "--hours", "2").out
    assert "2026-03-01T18:00:00+00:00  2026-03-01T20:00:00+00:00" in told
    assert "saved  0.0%" in told


@pytest.mark.parametrize("verb", ["sweep", "window"])
def test_help_has_an_example(zaphod: Zaphod, verb: str) -> None:
    assert f"zaphod power {verb}" in zaphod("power", verb, "--help").out
