from __future__ import annotations

import dataclasses

import pytest

from zaphod.capacity.estimate import exactly, within
from zaphod.capacity.timing.run import Reliability, checkpoint_interval_s, goodput, run_time
from zaphod.core.errors import ConfigError

NEVER_FAILS = Reliability(device_mtbf_h=1e12, checkpoint_s=1e-6, restart_s=1e-6, availability=1.0)


def test_a_minute_for_a_checkpoint_and_a_fault_every_three_hours_make_nineteen_minutes() -> None:
    assert checkpoint_interval_s(60, 3 * 3600) / 60 == pytest.approx(19, abs=0.1)


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 4.0])
def test_any_other_interval_loses_more(factor: float) -> None:
    """Time for checkpoints, and half an interval of work done twice for each fault."""
    cost_s, mtbf_s = 60.0, 3 * 3600.0

    def loss(interval_s: float) -> float:
        return cost_s / interval_s + interval_s / 2 / mtbf_s

    best = checkpoint_interval_s(cost_s, mtbf_s)
    assert loss(factor * best) > loss(best)


def test_sixteen_thousand_devices_advance_more_than_nine_tenths_of_their_time() -> None:
    """As Llama-3's report says (arXiv 2407.21783, section 3.3.4), whose interruptions the rate of faults is of."""
    found = goodput(16384, Reliability(availability=1.0))
    assert 0.9 < found.value < 0.93
    assert found.low < 0.9 < found.high


def test_without_faults_a_run_takes_its_steps() -> None:
    run = run_time(exactly(2.0, "s"), tokens=1e9, tokens_per_step=1_000_000, num_devices=8, reliability=NEVER_FAILS)
    assert run.num_steps == 1000
    assert run.days.value == pytest.approx(2000 / 86400, rel=1e-3)
    assert run.device_hours.value == pytest.approx(8 * 2000 / 3600, rel=1e-3)


def test_grok_takes_twenty_two_days_for_a_trillion_tokens() -> None:
    """As NVIDIA computes from its own step of 15.933 s on 512 H100, faults aside."""
    run = run_time(
        exactly(15.933, "s"), tokens=1e12, tokens_per_step=1024 * 8192, num_devices=512, reliability=NEVER_FAILS
    )
    assert run.days.value == pytest.approx(21.98, abs=0.02)


def test_more_devices_fail_more_often_and_write_more_often() -> None:
    few, many = (
        run_time(exactly(1.0, "s"), tokens=1e9, tokens_per_step=1_000_000, num_devices=count) for count in (64, 6400)
    )
    assert few.mtbf_s == pytest.approx(100 * many.mtbf_s)
    assert few.checkpoint_interval_s == pytest.approx(10 * many.checkpoint_interval_s)
    assert few.goodput.value > many.goodput.value


def test_an_uncertain_step_makes_uncertain_hours() -> None:
    sure, unsure = (
        run_time(step, tokens=1e9, tokens_per_step=1_000_000, num_devices=8).device_hours
        for step in (exactly(1.0, "s"), within(1.0, 0.2, "s"))
    )
    assert unsure.value == sure.value
    assert unsure.high > 1.19 * sure.value
    assert unsure.low < sure.low


def test_a_programme_widens_upwards_only() -> None:
    alone, whole = (
        run_time(within(1.0, 0.1, "s"), tokens=1e9, tokens_per_step=1_000_000, num_devices=8, programme=factor)
        for factor in (1.0, 1.35)
    )
    assert whole.device_hours.low == alone.device_hours.low
    assert whole.device_hours.high == pytest.approx(1.35 * alone.device_hours.high)


@pytest.mark.parametrize("name", ["tokens", "tokens_per_step", "num_devices"])
def test_nothing_to_do_is_refused_by_name(name: str) -> None:
    counts = {"tokens": 1e9, "tokens_per_step": 1000, "num_devices": 8, name: 0}
    with pytest.raises(ConfigError, match=name):
        run_time(exactly(1.0, "s"), **counts)  # type: ignore[arg-type]


def test_a_job_that_fails_faster_than_it_restarts_is_refused() -> None:
    with pytest.raises(ConfigError, match="restart"):
        goodput(100_000, Reliability(restart_s=3600))


@pytest.mark.parametrize(("name", "value"), [("device_mtbf_h", 0), ("restart_s", -1), ("availability", 1.1)])
def test_impossible_reliability_is_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=name):
        dataclasses.replace(Reliability(), **{name: value})
