"""Each fault brings the right rung, at once and for good; a load is never let go of."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.agents.robotics.monitoring.monitor import PERIOD_S, Envelope, Monitor, Reading, Rung, Wanted

ENVELOPE = Envelope(
    breaks_at_n=5.0,
    force_n=(2.0, 4.0),
    force_error_n=0.15,
    braking_m_s2=2.0,
    margin_m=0.006,
    reach_m=0.15,
)
WANTED = Wanted((0.0, 0.0, 0.3), (0.3, 0.0, 0.0), 3.0)


def reading(now_s: float, **changed: object) -> Reading:
    """Everything as it should be; the last digits of the forces move, as those of sensors do."""
    noise = 0.001 * math.sin(1000 * now_s)
    usual = Reading(now_s, WANTED.position_m, WANTED.speed_m_s, (3.0 + noise, 3.0), 0.0, (), now_s)
    return usual._replace(**changed)  # type: ignore[arg-type]


def test_nothing_wrong_changes_nothing() -> None:
    monitor = Monitor(ENVELOPE)
    for number in range(200):
        now_s = number * PERIOD_S
        assert monitor.step(now_s, reading(now_s), WANTED) == (Rung.GO, 1.0, 3.0, "")
    assert monitor.log == []


@pytest.mark.parametrize(
    ("changed", "rung", "told"),
    [
        ({"position_m": (math.nan, 0.0, 0.3)}, Rung.HOLD, "no number"),
        ({"pad_forces_n": (math.inf, 3.0)}, Rung.HOLD, "no number"),
        ({"people_m": [(math.nan, 0.0, 0.0)]}, Rung.HOLD, "no number"),
        ({"stamp_s": 0.9}, Rung.HOLD, "ms old"),
        ({"stamp_s": 1.5}, Rung.HOLD, "ms old"),
        ({"heartbeat_s": 0.8}, Rung.STOP, "not heard of"),
        ({"position_m": (0.0, 0.01, 0.3)}, Rung.STOP, "10.0 mm off its path"),
        ({"people_m": [(0.3, 0.0, 0.3)]}, Rung.STOP, "0.30 m away"),
        ({"people_m": [(0.8, 0.0, 0.3)]}, Rung.SLOW, "0.80 m away"),
        ({"people_m": [(0.45, 0.0, 0.3)], "speed_m_s": (0.0, 0.0, 0.0)}, Rung.SLOW, "0.45 m away"),
        ({"people_m": [(3.0, 0.0, 0.3)]}, Rung.GO, ""),
        ({"slip_m_s": 0.02}, Rung.CLAMP, "slips"),
        ({"pad_forces_n": (4.2, 3.0)}, Rung.CLAMP, "presses with 4.20 N"),
    ],
    ids=range(13),
)
def test_each_fault_has_its_rung(changed: dict[str, object], rung: Rung, told: str) -> None:
    monitor = Monitor(ENVELOPE)
    monitor.step(0.99, reading(0.99), WANTED)
    order = monitor.step(1.0, reading(1.0, **changed), WANTED)
    assert order.rung is rung
    assert told in order.reason
    assert ENVELOPE.force_n[0] <= order.force_n <= ENVELOPE.force_n[1]


def test_a_missing_measurement_holds_with_the_last_force() -> None:
    monitor = Monitor(ENVELOPE)
    monitor.step(1.0, reading(1.0), WANTED)
    assert monitor.step(1.01, None, WANTED)[:3] == (Rung.HOLD, 0.0, 3.0)


def test_a_monitor_that_was_not_called_in_time_stops_the_robot() -> None:
    monitor = Monitor(ENVELOPE)
    monitor.step(1.0, reading(1.0), WANTED)
    assert monitor.step(1.014, reading(1.014), WANTED).rung is Rung.GO
    order = monitor.step(1.034, reading(1.034), WANTED)
    assert (order.rung, order.reason) == (Rung.STOP, "the monitor was not called for 20 ms")


def test_a_force_grows_no_faster_than_what_the_load_bears_when_it_rings() -> None:
    monitor = Monitor(ENVELOPE)
    orders = [monitor.step(n * PERIOD_S, reading(n * PERIOD_S, slip_m_s=0.05), WANTED).force_n for n in range(30)]
    assert max(b - a for a, b in itertools.pairwise(orders)) <= ENVELOPE.force_step_n + 1e-12


def test_measurements_that_stand_still_while_the_robot_moves_are_none() -> None:
    monitor = Monitor(ENVELOPE)
    orders = []
    for number in range(12):
        now_s = number * PERIOD_S
        orders.append(monitor.step(now_s, reading(0.0)._replace(stamp_s=now_s, heartbeat_s=now_s), WANTED).rung)
    assert orders[: ENVELOPE.frozen_periods] == [Rung.GO] * ENVELOPE.frozen_periods
    assert orders[-1] is Rung.HOLD


def test_a_robot_at_rest_may_measure_the_same() -> None:
    monitor, rest = Monitor(ENVELOPE), WANTED._replace(speed_m_s=(0.0, 0.0, 0.0))
    for number in range(50):
        now_s = number * PERIOD_S
        same = reading(0.0, speed_m_s=(0.0, 0.0, 0.0))._replace(stamp_s=now_s, heartbeat_s=now_s)
        assert monitor.step(now_s, same, rest).rung is Rung.GO


@pytest.mark.parametrize("force", [0.5, 9.0, 1e9])
def test_the_planner_never_sets_a_force_that_was_not_proved(force: float) -> None:
    order = Monitor(ENVELOPE).step(0.0, reading(0.0), WANTED._replace(force_n=force))
    assert order.rung is Rung.CLAMP
    assert order.force_n in ENVELOPE.force_n


def test_a_load_that_goes_on_slipping_is_pressed_harder_up_to_what_is_proved_and_then_stopped() -> None:
    monitor = Monitor(ENVELOPE)
    orders = [monitor.step(n * PERIOD_S, reading(n * PERIOD_S, slip_m_s=0.05), WANTED) for n in range(30)]
    assert all(a.force_n <= b.force_n for a, b in itertools.pairwise(orders))
    assert orders[-1].force_n == ENVELOPE.force_n[1]
    assert orders[-1].rung is Rung.STOP


def test_what_was_stopped_stays_stopped_until_a_person_resets_it() -> None:
    monitor = Monitor(ENVELOPE)
    monitor.step(0.0, reading(0.0, people_m=[(0.2, 0.0, 0.3)]), WANTED)
    for number in range(1, 100):
        now_s = number * PERIOD_S
        order = monitor.step(now_s, reading(now_s), WANTED)
        assert (order.rung, order.pace) == (Rung.STOP, 0.0)
        assert order.force_n >= ENVELOPE.force_n[0]
    monitor.reset()
    assert monitor.step(1.0, reading(1.0), WANTED).rung is Rung.GO


@settings(max_examples=150, deadline=None)
@given(st.floats(0.2, 3.0), st.floats(0.05, 1.5), st.floats(0.5, 6.0), st.floats(0.0, 2.0))
def test_a_stop_begun_a_period_later_ends_before_the_person_is_reached(
    distance_m: float, speed_m_s: float, braking_m_s2: float, walks_m_s: float
) -> None:
    envelope = Envelope(
        breaks_at_n=5.0,
        force_n=(2.0, 4.0),
        force_error_n=0.1,
        braking_m_s2=braking_m_s2,
        margin_m=0.006,
        reach_m=0.1,
        people_speed_m_s=walks_m_s,
    )
    wanted = Wanted((0.0, 0.0, 0.0), (speed_m_s, 0.0, 0.0), 0.0)
    at = Reading(0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0), 0.0, [(distance_m, 0.0, 0.0)], 0.0)
    order = Monitor(envelope).step(0.0, at, wanted)
    # Simulated with small steps: full allowed speed for a period, then braking, while the person walks towards it.
    gap, speed, step_s, time_s = distance_m - envelope.reach_m, speed_m_s * order.pace, 1e-4, 0.0
    if not order.pace:
        return
    while speed > 0:
        gap -= (speed + walks_m_s) * step_s
        time_s += step_s
        speed -= braking_m_s2 * step_s if time_s > PERIOD_S else 0.0
    assert gap > 0


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.floats(), min_size=11, max_size=11),
    st.floats(allow_nan=True),
    st.lists(st.lists(st.floats(), min_size=3, max_size=3), max_size=2),
)
def test_whatever_arrives_a_carried_load_is_held_with_a_proved_force(
    numbers: list[float], heartbeat_s: float, people: list[list[float]]
) -> None:
    monitor = Monitor(ENVELOPE)
    monitor.step(0.0, reading(0.0), WANTED)
    stamp, *rest = numbers
    wild = Reading(stamp, rest[:3], rest[3:6], rest[6:8], rest[8], people, heartbeat_s)
    order = monitor.step(0.01, wild, WANTED)
    assert ENVELOPE.force_n[0] <= order.force_n <= ENVELOPE.force_n[1]
    assert 0 <= order.pace <= 1
