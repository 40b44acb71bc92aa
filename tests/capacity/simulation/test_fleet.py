"""A fleet's day: its sums, its three kinds of users, what breaks and what is started."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zaphod.capacity.simulation.arrivals import DayCurve, gamma_times
from zaphod.capacity.simulation.day import Day
from zaphod.capacity.simulation.fleet import FleetResult, digest, simulate_fleet
from zaphod.capacity.simulation.lengths import lognormal
from zaphod.capacity.simulation.options import Autoscaler, Failures, FleetOptions, cold_start_s
from zaphod.capacity.simulation.replica import simulate_replicas
from zaphod.capacity.simulation.requests import quantiles
from zaphod.capacity.simulation.routing import ROUTERS, Router
from zaphod.capacity.simulation.serving import LinearCost, Serving, saturation, steady
from zaphod.capacity.workload import Workload
from zaphod.core.errors import ConfigError

SERVING = Serving(
    cost=LinearCost(fixed_s=0.02, sequence_s=0.0002, prefill_token_s=0.00004, context_token_s=2e-8),
    kv_tokens=400_000,
    max_batched_tokens=2048,
    max_sequences=128,
)
LENGTHS = lognormal(600, 120)
THINK_S = 30.0


def users_for(replicas: int, utilisation: float) -> int:
    """That ask for this share of what so many replicas keep up with."""
    rate = utilisation * saturation(SERVING, LENGTHS)
    return round(replicas * (rate * THINK_S + steady(SERVING, LENGTHS, rate).running))


def options(replicas: int = 8, utilisation: float = 0.7, **changes: object) -> FleetOptions:
    rest: dict[str, object] = {
        "serving": SERVING,
        "lengths": LENGTHS,
        "workload": Workload(users=users_for(replicas, utilisation), think_s=THINK_S),
        "num_replicas": replicas,
        "duration_s": 1800.0,
        "num_windows": 20,
    }
    return FleetOptions(**(rest | changes))  # type: ignore[arg-type]


def without_arrays(result: FleetResult) -> tuple[object, ...]:
    return (result.ttft_s, result.e2e_s, result.mean, result.num_requests, result.busy_device_s)


@pytest.mark.parametrize("router", ROUTERS)
def test_eight_replicas_are_those_of_the_step_simulation(router: Router) -> None:
    fleet = simulate_fleet(options(router=router))
    rate = fleet.num_requests / 1800
    arrivals = gamma_times(np.random.default_rng(3), rate, 900)
    exact = simulate_replicas(SERVING, LENGTHS, arrivals, num_replicas=8, router=router).between(50, 850)
    for step, found in ((exact.ttft_s, fleet.ttft_s), (exact.e2e_s, fleet.e2e_s)):
        wanted = quantiles(step)
        assert found.p50 == pytest.approx(wanted.p50, rel=0.05)
        assert found.p99 == pytest.approx(wanted.p99, rel=0.15)


def test_users_think_wait_or_read() -> None:
    fleet = simulate_fleet(options(40))
    thinking = fleet.num_requests / 1800 * THINK_S
    assert thinking + fleet.mean.requests_in_flight == pytest.approx(fleet.mean.sessions_open, rel=0.01)
    assert fleet.mean.streams_decoding < fleet.mean.requests_in_flight < fleet.mean.sessions_open


def test_littles_law_joins_the_days_two_levels() -> None:
    fleet = simulate_fleet(options(40))
    assert fleet.mean.requests_in_flight == pytest.approx(fleet.num_requests / 1800 * fleet.e2e_s.mean, rel=0.03)


def test_every_device_second_is_counted_once() -> None:
    fleet = simulate_fleet(options(10, devices_per_replica=8, failures=Failures(mean_time_between_h=1.0)))
    assert fleet.num_failures > 0
    assert fleet.device_s == pytest.approx(10 * 8 * 1800)


def test_what_a_broken_replica_was_answering_begins_again() -> None:
    broken = Failures(mean_time_between_h=0.5, repair_s=120)
    fleet = simulate_fleet(options(20, failures=broken, duration_s=7200.0))
    assert fleet.num_interrupted == pytest.approx(fleet.num_failures * fleet.mean_running, rel=0.35)
    assert fleet.series["ready"].mean() == pytest.approx(20 * 1800 / (1800 + 120), rel=0.04)


def test_an_autoscaler_follows_the_day_and_keeps_its_bounds() -> None:
    scaler = Autoscaler(min_replicas=4, max_replicas=44, start_s=30)
    day = DayCurve(peak_to_mean=2.0, peak_s=43_200)
    fleet = simulate_fleet(options(4, workload=Workload(users=users_for(40, 0.7), think_s=THINK_S), autoscaler=scaler,
        day=day, duration_s=86_400.0))  # fmt: skip
    ready = fleet.series["ready"]
    assert ready.min() >= 3.9
    assert ready.max() == pytest.approx(41, abs=2)
    assert abs(int(ready.argmax()) - 720) < 60
    assert fleet.device_s < 0.75 * 41 * 86_400


def test_too_slow_a_start_shows_in_first_tokens() -> None:
    day = DayCurve(peak_to_mean=2.0, peak_s=2700)
    scalers = [Autoscaler(min_replicas=2, max_replicas=20, start_s=start_s) for start_s in (10, 1500)]
    workload = Workload(users=users_for(10, 0.7), think_s=THINK_S)
    quick, slow = (simulate_fleet(options(3, workload=workload, day=day, autoscaler=scaler)) for scaler in scalers)
    assert slow.ttft_s.p99 > 2 * quick.ttft_s.p99
    assert slow.unanswered_share > quick.unanswered_share


def test_a_better_router_spreads_the_load_more_evenly() -> None:
    spreads = {}
    for router in ("random", "two_choices", "least_loaded"):
        day = Day(options(200, router=router))
        day.run(300, lambda amount: None)
        spreads[router] = float(day.running.std())
    assert spreads["least_loaded"] < spreads["two_choices"] < spreads["random"]


def test_an_interrupted_day_goes_on_to_the_same_result(tmp_path: Path) -> None:
    asked = options(failures=Failures(mean_time_between_h=1.0))
    file = tmp_path / "state.npz"
    day = Day(asked)
    day.run(700, lambda amount: None)
    day.save(file, digest(asked))
    assert without_arrays(simulate_fleet(asked, state_file=file)) == without_arrays(simulate_fleet(asked))
    assert not file.exists()


def test_a_state_of_other_options_is_not_taken_up(tmp_path: Path) -> None:
    first, other = options(), options(seed=1)
    file = tmp_path / "state.npz"
    day = Day(first)
    day.run(10, lambda amount: None)
    day.save(file, digest(first))
    assert not Day(other).load(file, digest(other))


def test_the_share_of_requests_that_keep_the_service_level_is_told() -> None:
    level = Workload(users=users_for(8, 0.7), think_s=THINK_S, max_ttft_s=0.1, max_itl_s=10.0)
    fleet = simulate_fleet(options(workload=level))
    assert fleet.ttft_s.p50 < 0.1 < fleet.ttft_s.p99
    assert 0.5 < fleet.ttft_kept_share < 0.99
    assert fleet.itl_kept_share == 1.0


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ConfigError, match="router"):
        options(router="fastest")
    with pytest.raises(ConfigError, match="min <= max"):
        Autoscaler(min_replicas=5, max_replicas=4)
    with pytest.raises(ConfigError, match="new"):
        options(history_share=1.0)


def test_a_cold_start_is_bytes_over_bandwidth_and_preparation() -> None:
    assert cold_start_s(316e9, 2e9, preparation_s=30) == pytest.approx(188)


def test_users_of_a_fleet_that_is_too_small_wait_as_long_as_keeps_the_books_even() -> None:
    users = users_for(24, 0.8)
    fleet = simulate_fleet(options(8, workload=Workload(users=users, think_s=THINK_S), duration_s=3600.0))
    # Each user's cycle is thinking and waiting; as many end as eight replicas can serve.
    expected_s = users / (8 * saturation(SERVING, LENGTHS)) - THINK_S
    assert fleet.series["in_flight"][-1] == pytest.approx(users * expected_s / (expected_s + THINK_S), rel=0.1)
    assert fleet.e2e_s.mean == pytest.approx(expected_s, rel=0.2)
    assert fleet.unanswered_share > 0.1


@pytest.mark.parametrize("changes", [{"num_replicas": 1}, {"num_replicas": 3, "group_size": 2}])
def test_small_fleets_and_small_groups_are_simulated_too(changes: dict[str, int]) -> None:
    workload = Workload(users=users_for(changes["num_replicas"], 0.5), think_s=THINK_S)
    fleet = simulate_fleet(options(workload=workload, **changes))
    assert 0 < fleet.ttft_s.p50 < fleet.ttft_s.p99 < 1
