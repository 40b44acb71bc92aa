"""Schedules are exact for a seed, have the statistics they claim, and offer the rate asked for."""

import math

import numpy as np
import pytest

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.serving.arrivals import Arrivals


def gaps(burstiness, count=20_000, rate=5.0, seed=1):
    offsets = Arrivals(request_rate=rate, burstiness=burstiness).offsets(count, seed)
    return np.diff([0.0, *offsets])


def test_a_seed_gives_one_schedule():
    arrivals = Arrivals(request_rate=2.0)
    first = arrivals.offsets(3, seed=7)
    assert first == arrivals.offsets(3, seed=7)
    assert first == pytest.approx(np.cumsum(raw := np.random.default_rng(7).gamma(1.0, 1.0, 3)) * 1.5 / raw.sum())
    assert first != arrivals.offsets(3, seed=8)


def test_the_schedule_offers_exactly_the_rate():
    assert Arrivals(request_rate=4.0).offsets(100, seed=0)[-1] == pytest.approx(25.0)


@pytest.mark.parametrize("burstiness", [0.25, 1.0, 4.0])
def test_gaps_have_the_gamma_distributions_spread(burstiness):
    spread = gaps(burstiness)
    assert spread.mean() == pytest.approx(0.2)
    assert spread.std() / spread.mean() == pytest.approx(1 / math.sqrt(burstiness), rel=0.03)


def test_gaps_of_a_poisson_process_forget_what_was_before():
    poisson = gaps(1.0)
    assert np.mean(poisson > 0.2) == pytest.approx(math.exp(-1), abs=0.01)
    assert abs(np.corrcoef(poisson[:-1], poisson[1:])[0, 1]) < 0.03


def test_infinite_burstiness_is_a_metronome():
    assert Arrivals(request_rate=4.0, burstiness=math.inf).offsets(3, seed=0) == [0.25, 0.5, 0.75]


def test_an_infinite_rate_sends_all_at_once():
    assert Arrivals().offsets(3, seed=0) == [0.0, 0.0, 0.0]


def test_a_tiny_shape_gives_numbers_all_the_same():
    assert all(0 <= offset <= 1 for offset in Arrivals(request_rate=1, burstiness=1e-9).offsets(1, seed=0))


@pytest.mark.parametrize(
    ("rate", "clients", "is_open"), [(math.inf, None, True), (math.inf, 4, False), (3.0, None, True), (3.0, 4, True)]
)
def test_only_clients_without_a_rate_make_a_closed_loop(rate, clients, is_open):
    assert Arrivals(request_rate=rate, max_concurrency=clients).is_open is is_open


@pytest.mark.parametrize(
    "wrong",
    [{"request_rate": 0}, {"request_rate": math.nan}, {"burstiness": 0}, {"burstiness": -1}, {"max_concurrency": 0}],
)
def test_impossible_arrivals_are_refused(wrong):
    with pytest.raises(ConfigError):
        Arrivals(**wrong)
