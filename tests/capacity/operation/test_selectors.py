import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from tests.capacity.operation.gpus import CURVE, clocks

from zaphod.capacity.estimate import RefusedError
from zaphod.capacity.operation.curves import Curve
from zaphod.capacity.operation.selectors import Energy, MaxSlowdown, Measured, MeetItl, Time, ZeusCost
from zaphod.core.errors import ConfigError

FIGURES = st.floats(0.01, 100)
CURVES = st.builds(
    Curve,
    memory_s=FIGURES,
    compute_s=FIGURES,
    max_mhz=st.just(1980.0),
    idle_w=st.floats(10, 150),
    memory_w=st.floats(0, 300),
    core_w=st.floats(50, 800),
    knee=st.floats(0.2, 0.9),
    floor=st.floats(0.5, 1.0),
)
SWEEPS = CURVES.map(lambda curve: curve.measured(clocks(90), itl_per_s=0.01))


@given(SWEEPS)
def test_energy_and_time_are_the_least_of_all(measured: tuple[Measured, ...]) -> None:
    assert Energy().choose(measured).energy_j == min(each.energy_j for each in measured)
    assert Time().choose(measured).time_s == min(each.time_s for each in measured)


@given(SWEEPS, st.floats(0, 1), st.floats(100, 1000))
def test_zeus_cost_is_the_least_of_all(measured: tuple[Measured, ...], eta: float, watts: float) -> None:
    chosen = ZeusCost(eta=eta, max_power_w=watts).choose(measured)
    costs = [eta * each.energy_j + (1 - eta) * watts * each.time_s for each in measured]
    assert eta * chosen.energy_j + (1 - eta) * watts * chosen.time_s == min(costs)


@given(SWEEPS, st.floats(1, 3))
def test_the_slowdown_is_kept_with_the_least_energy(measured: tuple[Measured, ...], factor: float) -> None:
    chosen = MaxSlowdown(factor=factor).choose(measured)
    best = min(
        (each for each in measured if each.time_s <= factor * min(other.time_s for other in measured)),
        key=lambda each: each.energy_j,
    )
    assert chosen.energy_j == best.energy_j
    assert chosen.time_s <= factor * min(each.time_s for each in measured)


@given(SWEEPS, st.floats(0.01, 50))
def test_the_time_between_tokens_is_kept_with_the_least_energy(measured: tuple[Measured, ...], limit_s: float) -> None:
    kept = [each for each in measured if each.itl_p99_s is not None and each.itl_p99_s <= limit_s]
    if kept:
        assert MeetItl(limit_s=limit_s).choose(measured).energy_j == min(each.energy_j for each in kept)
    else:
        with pytest.raises(RefusedError, match="No setting keeps"):
            MeetItl(limit_s=limit_s).choose(measured)


def test_zeus_ends_are_energy_and_time() -> None:
    measured = CURVE.measured(clocks())
    assert ZeusCost(eta=1, max_power_w=700).choose(measured) == Energy().choose(measured)
    assert ZeusCost(eta=0, max_power_w=700).choose(measured) == Time().choose(measured)


def test_more_weight_on_energy_never_chooses_a_higher_clock() -> None:
    measured = CURVE.measured(clocks())
    chosen = [ZeusCost(eta=eta / 20, max_power_w=700).choose(measured).setting for eta in range(21)]
    assert all(now >= later for now, later in itertools.pairwise(chosen))


def test_the_order_of_rows_does_not_matter() -> None:
    measured = list(CURVE.measured(clocks()))
    chosen = MaxSlowdown(factor=1.1).choose(measured)
    random.Random(0).shuffle(measured)
    assert MaxSlowdown(factor=1.1).choose(measured) == chosen


def test_the_grid_finds_what_a_search_over_all_clocks_finds() -> None:
    found = minimize_scalar(lambda mhz: CURVE.time_s(mhz) * CURVE.power_w(mhz), bounds=(210, 1980), method="bounded")
    assert abs(Energy().choose(CURVE.measured(clocks())).setting - found.x) <= 15
    assert 210 < found.x < 1980  # U-shaped: the least lies inside


def test_without_a_knee_the_best_clock_is_the_closed_form() -> None:
    """P = a + c f and t = k / f: with the voltage at its floor energy falls as the clock rises, up to the knee."""
    flat = Curve(memory_s=0, compute_s=1, max_mhz=1980, idle_w=100, memory_w=0, core_w=400, knee=0.5, floor=0.8)
    energies = [each.energy_j for each in flat.measured([400.0, 600.0, 800.0, 990.0])]
    expected = [(100 + 400 * mhz / 1980 * 0.64) * 1980 / mhz for mhz in (400.0, 600.0, 800.0, 990.0)]
    assert all(math.isclose(a, b) for a, b in zip(energies, expected, strict=True))
    assert energies == sorted(energies, reverse=True)


def test_time_that_memory_takes_makes_low_clocks_cheap() -> None:
    decode = Curve(memory_s=0.95, compute_s=0.05, max_mhz=1980, idle_w=90, memory_w=160, core_w=420)
    prefill = Curve(memory_s=0.05, compute_s=0.95, max_mhz=1980, idle_w=90, memory_w=160, core_w=420)
    low, high = (Energy().choose(curve.measured(clocks())).setting for curve in (decode, prefill))
    assert low < high


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ZeusCost(eta=1.5, max_power_w=700), "eta is 1.5"),
        (lambda: ZeusCost(eta=0.5, max_power_w=0), "max_power_w is 0"),
        (lambda: MaxSlowdown(factor=0.9), "factor is 0.9"),
        (lambda: MeetItl(limit_s=0), "limit is 0"),
        (lambda: Measured(setting=1, unit="V", time_s=1, energy_j=1), "unit is 'V'"),
        (lambda: Measured(setting=1, unit="W", time_s=float("nan"), energy_j=1), "time_s is nan"),
        (lambda: Measured(setting=1, unit="W", time_s=1, energy_j=1, itl_p99_s=-1), "itl_p99_s is -1"),
    ],
)
def test_wrong_figures_are_refused(make: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()  # type: ignore[operator]


def test_nothing_cannot_be_chosen_from() -> None:
    with pytest.raises(RefusedError):
        Energy().choose([])


def test_limits_and_clocks_are_not_compared() -> None:
    mixed = [Measured(setting=300, unit=unit, time_s=1, energy_j=1) for unit in ("W", "MHz")]
    with pytest.raises(ConfigError, match="mixed"):
        Energy().choose(mixed)


def test_latency_decides_only_where_it_was_measured() -> None:
    with pytest.raises(RefusedError, match="not measured"):
        MeetItl(limit_s=1).choose(CURVE.measured([900.0, 1800.0]))
