"""What is known of a machine, and how it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.capacity.local.machines import machine

from zaphod.capacity.local.machine import largest_cache_bytes, measure_machine
from zaphod.core.errors import ConfigError


def test_bandwidth_lies_between_the_buffers_that_were_measured() -> None:
    assert machine().bandwidth(1e7) == pytest.approx((100e9 * 10e9) ** 0.5)  # halfway in the logarithm of both


def test_bandwidth_beyond_the_measured_buffers_is_that_of_the_last() -> None:
    assert machine().bandwidth(1e3) == 100e9
    assert machine().bandwidth(1e12) == 10e9


def test_an_unmeasured_peak_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"C\+\+ compiler"):
        machine(peak_ops={"f32": 1e11}).peak("int8")


@pytest.mark.parametrize("bandwidths", [(), ((1e6, 0.0),), ((1e6, 1e9), (1e6, 1e9)), ((1e7, 1e9), (1e6, 1e9))])
def test_bandwidths_that_make_no_curve_are_refused(bandwidths: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ConfigError, match="Measure the machine again"):
        machine(bandwidths=bandwidths)


def test_the_largest_cache_is_read_as_linux_tells_it(tmp_path: Path) -> None:
    for index, size in enumerate(("48K", "1024K", "32M", "odd")):
        folder = tmp_path / f"sys/devices/system/cpu/cpu0/cache/index{index}"
        folder.mkdir(parents=True)
        (folder / "size").write_text(size + "\n")
    assert largest_cache_bytes(tmp_path) == 32 * 1024**2
    assert largest_cache_bytes(tmp_path / "absent") == 0


def test_this_machine_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaphod.capacity.local.machine.BUFFER_BYTES", (1_000_000, 2_000_000))
    found = measure_machine(1)
    assert [size for size, _ in found.bandwidths] == [1e6, 2e6]
    assert found.peak("f32") > 1e8
    assert 0 < found.available_bytes <= found.memory_bytes
