"""Closed forms against numbers from textbooks, and against each other in their limits."""

from __future__ import annotations

import pytest

from zaphod.capacity.simulation.queueing import little, md1, mg1, mm1, mm1_sojourn_quantile, mm1k, mmc
from zaphod.core.errors import ConfigError


def test_mm1_at_half_load_has_one_customer_and_twice_the_service_time() -> None:
    queue = mm1(0.5, 1.0)
    assert (queue.in_system, queue.sojourn_s, queue.wait_s) == (1.0, 2.0, 1.0)


def test_constant_service_waits_half_as_long_as_exponential_service() -> None:
    assert md1(0.8, 1.0).wait_s == pytest.approx(mm1(0.8, 1.0).wait_s / 2)


def test_littles_law_joins_time_and_number() -> None:
    queue = mg1(3.0, 0.25, 2.0)
    assert queue.in_system == pytest.approx(little(3.0, queue.sojourn_s))


def test_erlang_c_agrees_with_a_published_table() -> None:
    # 2 servers offered 1 erlang: a customer waits with probability 1/3.
    assert mmc(1.0, 1.0, 2).wait_s == pytest.approx(1 / 3)


def test_one_of_several_servers_is_mm1() -> None:
    assert mmc(0.7, 1.0, 1) == mm1(0.7, 1.0)


def test_half_of_mm1s_customers_leave_within_their_mean_times_log_2() -> None:
    assert mm1_sojourn_quantile(0.5, 1.0, 0.5) == pytest.approx(2 * 0.693147, rel=1e-5)


def test_a_long_finite_queue_is_mm1() -> None:
    queue = mm1k(0.8, [1.0] * 400)
    assert queue.in_system == pytest.approx(4.0)
    assert queue.refused_share < 1e-9


def test_rates_that_grow_with_the_number_are_servers() -> None:
    queue = mm1k(3.0, [min(count, 5) * 1.0 for count in range(1, 300)])
    assert queue.in_system == pytest.approx(mmc(3.0, 1.0, 5).in_system)


def test_a_queue_without_steady_state_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"1\.00 of their time"):
        mm1(1.0, 1.0)
