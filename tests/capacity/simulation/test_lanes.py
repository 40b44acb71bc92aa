"""Lanes against the step simulation: on cases that can be counted by hand, and in their quantiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zaphod.capacity.simulation.arrivals import gamma_times
from zaphod.capacity.simulation.flow import spread_at
from zaphod.capacity.simulation.lane_steps import Lanes
from zaphod.capacity.simulation.lanes import LaneResult, simulate_lanes
from zaphod.capacity.simulation.lengths import Lengths, lognormal
from zaphod.capacity.simulation.queueing import md1
from zaphod.capacity.simulation.replica import simulate_replicas
from zaphod.capacity.simulation.requests import Sessions, quantiles
from zaphod.capacity.simulation.routing import Router
from zaphod.capacity.simulation.serving import LinearCost, Serving, balance, saturation, steady
from zaphod.capacity.simulation.surrogate import surrogate_of

SERVING = Serving(
    cost=LinearCost(fixed_s=0.02, sequence_s=0.0002, prefill_token_s=0.00004, context_token_s=2e-8),
    kv_tokens=400_000,
    max_batched_tokens=2048,
    max_sequences=128,
)
LENGTHS = lognormal(600, 120)


def lanes(serving: Serving, lengths: Lengths, rate: float, groups: int, size: int, **changes: object) -> LaneResult:
    running = steady(serving, lengths, rate).running
    count = groups * size
    rest: dict[str, object] = {
        "requests_per_s": np.full(groups, rate * size),
        "running": np.full(count, running),
        "waiting": np.zeros(count),
        "slowness": np.ones(count),
        "size": size,
    }
    return simulate_lanes(serving, lengths, Lanes(**(rest | changes)))  # type: ignore[arg-type]


def test_one_prompt_at_a_time_of_one_length_is_md1() -> None:
    engine = Serving(cost=LinearCost(fixed_s=0.1), kv_tokens=10**6, max_batched_tokens=10, max_sequences=1)
    once = Lengths(prompt=np.array([10]), output=np.array([1]))
    result = lanes(engine, once, 7.0, 40, 1, duration_s=120.0, running=np.zeros(40))
    assert result.ttft_s.mean() == pytest.approx(md1(7.0, 0.1).sojourn_s, rel=0.06)


@pytest.mark.parametrize(
    ("router", "utilisation", "cv"),
    [("random", 0.5, 1.0), ("random", 0.8, 1.0), ("two_choices", 0.8, 1.0), ("least_loaded", 0.7, 2.0)],
)
def test_quantiles_are_those_of_the_step_simulation(router: Router, utilisation: float, cv: float) -> None:
    rate = utilisation * saturation(SERVING, LENGTHS)
    arrivals = gamma_times(np.random.default_rng(3), 8 * rate, 900, cv)
    exact = simulate_replicas(SERVING, LENGTHS, arrivals, num_replicas=8, router=router).between(50, 850)
    ours = lanes(SERVING, LENGTHS, rate, 24, 8, router=router, arrival_cv=cv)
    for step, lane in ((exact.ttft_s, ours.ttft_s), (exact.e2e_s, ours.e2e_s)):
        wanted, found = quantiles(step), quantiles(lane)
        assert found.p50 == pytest.approx(wanted.p50, rel=0.05)
        assert found.p99 == pytest.approx(wanted.p99, rel=0.15)


@pytest.mark.parametrize("kv_tokens", [400_000, 70_000])
def test_the_cache_of_sessions_is_that_of_the_step_simulation(kv_tokens: int) -> None:
    rate, turns = 4.0, Sessions(count=800, history_share=0.6)
    engine = replace(SERVING, kv_tokens=kv_tokens)
    arrivals = gamma_times(np.random.default_rng(3), 8 * rate, 900)
    exact = simulate_replicas(engine, LENGTHS, arrivals, num_replicas=8, router="prefix_aware", sessions=turns).between(
        200, 850
    )
    ours = lanes(engine, LENGTHS, rate, 24, 8, router="prefix_aware", sessions=turns)
    none = lanes(engine, LENGTHS, rate, 24, 8, router="two_choices")
    assert np.median(ours.ttft_s) == pytest.approx(np.median(exact.ttft_s), rel=0.05)
    assert np.mean(ours.ttft_s) == pytest.approx(np.mean(exact.ttft_s), rel=0.05)
    assert np.median(ours.ttft_s) < 0.95 * np.median(none.ttft_s)


def test_the_balance_of_rates_is_the_simulated_mean() -> None:
    rate = 0.75 * saturation(SERVING, LENGTHS)
    result = lanes(SERVING, LENGTHS, rate, 128, 1)
    assert result.running.mean() == pytest.approx(steady(SERVING, LENGTHS, rate).running, rel=0.05)


def test_the_spread_of_running_sequences_is_the_simulated_one() -> None:
    rate = 0.6 * saturation(SERVING, LENGTHS)
    result = lanes(SERVING, LENGTHS, rate, 300, 1, warm_s=25.0, duration_s=25.5, cool_s=0.0)
    expected = spread_at(balance(SERVING, LENGTHS)[0], steady(SERVING, LENGTHS, rate).running)
    assert result.running.std() == pytest.approx(expected, rel=0.15)


def test_requests_that_wait_at_the_beginning_are_served_before_those_that_come() -> None:
    waiting = lanes(SERVING, LENGTHS, 2.0, 8, 1, waiting=np.full(8, 40.0), warm_s=0.0, duration_s=4.0, cool_s=0.0)
    empty = lanes(SERVING, LENGTHS, 2.0, 8, 1, warm_s=0.0, duration_s=4.0, cool_s=0.0)
    # 40 prompts of 600 tokens at 40 microseconds take a second, in 12 steps.
    early = waiting.ttft_s[waiting.arrival_s < 0.1].mean() - empty.ttft_s[empty.arrival_s < 0.1].mean()
    assert early == pytest.approx(1.2, rel=0.2)


def test_overload_shows_as_requests_that_got_no_token() -> None:
    rate = 1.5 * saturation(SERVING, LENGTHS)
    result = lanes(SERVING, LENGTHS, rate, 4, 2, duration_s=60.0)
    assert result.is_estimated.mean() > 0.1
    assert not np.isnan(result.ttft_s).any()


def test_a_replicas_curves_rise_with_its_load() -> None:
    curves = surrogate_of(SERVING, LENGTHS)
    low, middle, high = (curves.at(share * curves.saturation_per_s) for share in (0.2, 0.55, 0.9))
    assert low.ttft_s.p95 < middle.ttft_s.p95 < high.ttft_s.p95
    assert low.itl_s.mean < middle.itl_s.mean < high.itl_s.mean
    assert middle.utilisation == pytest.approx(0.55)
    assert middle.running == pytest.approx(middle.output_tokens_per_s * middle.itl_s.mean, rel=0.06)


def test_engines_that_take_seconds_for_a_prompt_are_watched_for_longer() -> None:
    slow = Serving(
        cost=LinearCost(fixed_s=0.1, sequence_s=0.01, prefill_token_s=0.003),
        kv_tokens=50_000,
        max_batched_tokens=512,
        max_sequences=16,
    )
    curves = surrogate_of(slow, LENGTHS)
    rate = 0.5 * curves.saturation_per_s
    exact = simulate_replicas(slow, LENGTHS, gamma_times(np.random.default_rng(3), rate, 40_000.0))
    assert curves.at(rate).ttft_s.p50 == pytest.approx(np.median(exact.ttft_s), rel=0.08)
    assert curves.at(rate).ttft_s.p95 == pytest.approx(np.quantile(exact.ttft_s, 0.95), rel=0.12)
