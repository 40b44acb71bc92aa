from __future__ import annotations

import csv
import datetime
from collections import Counter
from pathlib import Path

import pytest

from zaphod.capacity.catalogue.accelerators import Accelerator, accelerator, accelerators
from zaphod.capacity.catalogue.sources import Source
from zaphod.core.errors import ConfigError

OPEN_ROWS = Path(__file__).parents[3] / "benchmarks/planner_points.csv"
EVERY = sorted(accelerators())


@pytest.mark.parametrize("name", EVERY)
def test_every_row_names_a_place_where_it_can_be_checked(name: str) -> None:
    source = accelerators()[name].source
    assert "http" in source.text
    assert datetime.date(2024, 1, 1) <= source.date <= datetime.date.today()


@pytest.mark.parametrize("name", EVERY)
def test_an_eight_bit_float_is_twice_as_fast_as_bfloat16(name: str) -> None:
    """Data sheets say so of every part that has both; a sparse figure beside a dense one would be 4 times."""
    peaks = accelerators()[name].peak_flops
    if "fp8" in peaks:
        assert peaks["fp8"] / peaks["bf16"] == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize("name", EVERY)
def test_half_precision_is_as_fast_as_bfloat16(name: str) -> None:
    peaks = accelerators()[name].peak_flops
    if {"fp16", "bf16"} <= set(peaks):
        assert peaks["fp16"] == peaks["bf16"]


def test_integers_of_blackwell_ultra_are_not_twice_bfloat16() -> None:
    for name in ("b300", "gb300"):
        assert accelerator(name).peak_flops["int8"] < 0.1 * accelerator(name).peak_flops["bf16"]


def test_an_80_gb_h100_holds_what_its_driver_reports() -> None:
    assert accelerator("H100-SXM-80GB").memory_bytes == 81559 * 2**20 == pytest.approx(85.5e9, rel=1e-3)


@pytest.mark.parametrize("name", EVERY)
def test_a_link_is_slower_than_memory_and_a_network_than_a_link(name: str) -> None:
    """Both directions added up, or bits taken for bytes, would break it."""
    one = accelerators()[name]
    assert one.network_bandwidth <= one.link_bandwidth <= one.bandwidth / 4


def test_no_two_rows_answer_to_one_name() -> None:
    names = Counter(name.lower() for row in accelerators().values() for name in {row.name, *row.aliases})
    assert max(names.values()) == 1, names.most_common(3)


def test_measured_tables_are_understood() -> None:
    with OPEN_ROWS.open() as rows:
        devices = {row["hardware"] for row in csv.DictReader(rows)} - {"storage"}
    assert all(accelerator(device) for device in devices)


def test_a_part_without_bfloat16_computes_it_in_what_it_has() -> None:
    assert accelerator("v100").peak("bf16") == accelerator("v100").peak_flops["fp16"]


def test_a_part_without_eight_bit_floats_multiplies_them_as_bfloat16() -> None:
    assert accelerator("a100").peak("fp8") == accelerator("a100").peak_flops["bf16"]


def test_a_part_that_is_not_known_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="h200"):
        accelerator("h2000")


def test_a_part_without_any_float_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="no peak"):
        Accelerator(
            name="x",
            title="x",
            vendor="x",
            memory_bytes=1,
            bandwidth=1,
            peak_flops={"int8": 1.0},
            link_bandwidth=1,
            network_bandwidth=0,
            devices_per_node=1,
            power_w=1,
            source=Source(text="a test", date=datetime.date(2026, 1, 1)),
        )
