from __future__ import annotations

import dataclasses

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.cost.energy import (
    busy_shares,
    device_share_power,
    joules_per_output_token,
    kilowatt_hours,
    serving_power,
)
from zaphod.capacity.estimate import exactly
from zaphod.capacity.layout import Layout
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.timing.closed_loop import Loop, closed_loop


def replica(**changes: object) -> Replica:
    base = Replica(
        shape=read_shape("llama-3.1-70b"), accelerator=accelerator("h100"), layout=Layout(tensor=4), engine="vllm"
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def loop(served: Replica, concurrency: int) -> Loop:
    return closed_loop(served, concurrency=concurrency, prompt_tokens=350, output_tokens=350)


def test_joules_of_a_token_are_watts_over_tokens_a_second() -> None:
    state = loop(replica(), 8)
    joules = joules_per_output_token(replica(), state)
    assert joules.value == pytest.approx(serving_power(replica(), state).value / state.output_tokens_per_s.value)


def test_a_larger_batch_takes_more_power_and_less_energy_for_each_token() -> None:
    few, many = loop(replica(), 8), loop(replica(), 64)
    assert serving_power(replica(), few).value < serving_power(replica(), many).value
    assert joules_per_output_token(replica(), few).value > 2 * joules_per_output_token(replica(), many).value


@pytest.mark.parametrize(("concurrency", "joules", "watts"), [(8, 3.759, 1765), (64, 0.797, 2002)])
def test_measured_rows_lie_in_their_intervals(concurrency: int, joules: float, watts: float) -> None:
    """ML.ENERGY v3, Llama-3.1-70B in bfloat16 on 4 H100 with vLLM."""
    state = loop(replica(), concurrency)
    energy, power = joules_per_output_token(replica(), state), serving_power(replica(), state)
    assert energy.low < joules < energy.high
    assert power.low < watts < power.high
    assert power.value == pytest.approx(watts, rel=0.1)


def test_shares_are_of_what_a_device_can_do() -> None:
    memory, flops = busy_shares(replica(), loop(replica(), 64))
    assert 0.4 < memory < 0.9
    assert 0.01 < flops < 0.3


def test_the_wall_takes_more_than_the_devices() -> None:
    state = loop(replica(), 8)
    assert device_share_power(replica(), state).low > serving_power(replica(), state).low / 4


def test_a_kilowatt_for_an_hour_is_a_kilowatt_hour() -> None:
    assert kilowatt_hours(exactly(1000.0, "W"), 1.0).value == 1.0
