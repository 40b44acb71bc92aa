"""Faults put into a running robot: nothing is broken, lost or touched, and the right rung of the ladder is taken."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.monitoring.monitor import Monitor, Reading, Rung
from zaphod.agents.robotics.monitoring.supervised import Fault, envelope_of, supervised
from zaphod.agents.robotics.planning.carrying import BRAKING_M_S2, Proposal, contract_document
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.scene import Scene, believed, draw
from zaphod.agents.robotics.simulation.execution import Episode, Execution, Watch
from zaphod.agents.robotics.simulation.world import Sensed, World
from zaphod.safety.verification.contracts import read_contract

PROPOSAL = Proposal(force_n=3.0, height_m=0.3, lift_s=1.5, cross_s=2.0, closing_speed_m_s=0.01)
FROM_S = 6.0
"""While the load is carried."""

Run = Callable[..., tuple[Episode, Monitor, World]]


@pytest.fixture(scope="module")
def run() -> Run:
    scene = draw(0)
    told = believed(scene, 0)
    outcome = until_accepted(PROPOSAL, told)
    envelope = envelope_of(outcome.plan, read_contract(contract_document(told)))

    def go(
        fault: Fault | None = None,
        people: Callable[[float], list[list[float]]] | None = None,
        watch: Callable[[World], Watch] | None = None,
        on: Scene = scene,
    ) -> tuple[Episode, Monitor, World]:
        monitor, world = Monitor(envelope), World(on)
        episode = Execution(
            world,
            outcome.plan,
            watch=None if watch is None else watch(world),
            supervisor=supervised(monitor, people, fault),
            braking_m_s2=BRAKING_M_S2,
        ).run()
        return episode, monitor, world

    return go


def test_without_a_fault_the_monitor_does_not_interfere(run: Run) -> None:
    episode, monitor, _ = run()
    assert episode.succeeded(5.0)
    assert monitor.log == []


def after(change: Fault) -> Fault:
    """A fault that begins while the load is carried."""
    return lambda reading: reading if reading.stamp_s < FROM_S else change(reading)


def frozen() -> Fault:
    """The same numbers for ever, with new stamps."""
    kept: list[Reading] = []

    def freeze(reading: Reading) -> Reading:
        kept.append(reading)
        return kept[0]._replace(stamp_s=reading.stamp_s, heartbeat_s=reading.stamp_s)

    return freeze


@pytest.mark.parametrize(
    ("fault", "least", "told"),
    [
        (lambda r: r._replace(position_m=[math.nan] * 3), Rung.HOLD, "no number"),
        (lambda r: r._replace(pad_forces_n=[math.nan] * 2), Rung.HOLD, "no number"),
        (lambda _: None, Rung.HOLD, "no measurement"),
        (lambda r: r._replace(stamp_s=r.stamp_s - 0.06), Rung.HOLD, "60 ms old"),
        (lambda r: r._replace(heartbeat_s=FROM_S - 0.2), Rung.STOP, "not heard of"),
        (frozen(), Rung.STOP, ""),
    ],
    ids=["nan position", "nan force", "lost", "late", "heartbeat", "frozen"],
)
def test_a_fault_stops_the_robot_on_its_path_with_the_load_in_its_hand(
    run: Run, fault: Fault, least: Rung, told: str
) -> None:
    episode, monitor, world = run(after(fault))
    assert monitor.rung >= least
    assert told in episode.stopped
    assert episode.kept(5.0)
    assert world.sensed().pad_forces_n.min() > 1.0
    assert abs(monitor.log[-1][0] - FROM_S) < 0.15 or least is Rung.STOP


def test_a_single_lost_packet_is_no_fault_of_the_load_but_is_latched(run: Run) -> None:
    def lose_one(reading: Reading) -> Reading | None:
        return None if abs(reading.stamp_s - FROM_S) < 0.005 else reading

    episode, monitor, _ = run(lose_one)
    assert episode.stopped == "no measurement arrived"
    assert monitor.rung is Rung.HOLD


@pytest.mark.parametrize(
    ("walks_m_s", "nearest_m", "rungs"),
    [(1.6, 0.05, (Rung.SLOW, Rung.STOP)), (1000.0, 0.6, (Rung.STOP,)), (1.6, 0.9, (Rung.SLOW,))],
    ids=["walks in", "is suddenly there", "walks by"],
)
def test_a_person_who_comes_close_finds_the_robot_at_rest(
    run: Run, walks_m_s: float, nearest_m: float, rungs: tuple[Rung, ...]
) -> None:
    seen: list[tuple[float, float]] = []

    def person(time_s: float) -> list[list[float]]:
        if time_s > 9.0:
            return [[3.0, 0.0, 0.3]]
        there = max(3.0 - walks_m_s * max(0.0, time_s - 5.2), nearest_m)
        return [[there, 0.0, 0.3]]

    def watch(world: World) -> Watch:
        def note(sensed: Sensed) -> None:
            distance = math.dist(sensed.position_m, person(sensed.time_s)[0])
            seen.append((distance, math.hypot(*sensed.speed_m_s)))

        return note

    episode, monitor, _ = run(people=person, watch=watch)
    assert max(order.rung for _, order in monitor.log) in rungs
    assert episode.kept(5.0)
    assert all(speed < 0.02 for distance, speed in seen if distance < 0.25)
    assert episode.succeeded(5.0) == (monitor.rung is not Rung.STOP)


def test_a_stop_brakes_as_fast_as_was_proved_and_no_faster_also_where_the_plan_gets_faster(run: Run) -> None:
    speeds: list[tuple[float, float]] = []

    def watch(_: World) -> Watch:
        return lambda sensed: speeds.append((sensed.time_s, math.hypot(*sensed.speed_m_s)))

    at_s = 6.6
    episode, monitor, _ = run(fault=lambda r: None if r.stamp_s > at_s else r, watch=watch)
    begins_s = monitor.log[0][0]
    before = max(speed for time_s, speed in speeds if abs(time_s - begins_s) < 0.01)
    rests_s = next(time_s for time_s, speed in speeds if time_s > begins_s and speed < 0.01)
    assert before > 0.1
    assert before / BRAKING_M_S2 * 0.8 < rests_s - begins_s < before / BRAKING_M_S2 + 0.15
    assert episode.kept(5.0)


@pytest.mark.parametrize("at_s", [2.5, 9.3], ids=["closing", "opening"])
def test_a_fault_while_the_pads_move_leaves_everything_as_it_is(run: Run, at_s: float) -> None:
    pads: list[tuple[float, float]] = []

    def watch(_: World) -> Watch:
        return lambda sensed: pads.append((sensed.time_s, float(sensed.pads_m[0])))

    episode, monitor, _ = run(fault=lambda r: None if r.stamp_s > at_s else r, watch=watch)
    assert monitor.rung is Rung.HOLD
    assert episode.stopped == "no measurement arrived"
    after_m = [pad for time_s, pad in pads if time_s > at_s + 0.3]
    assert max(after_m) - min(after_m) < 0.002
    assert pads[-1][0] < at_s + 1.2


def test_a_load_that_is_pushed_is_held_harder_or_the_robot_stops(run: Run) -> None:
    def push(world: World) -> Watch:
        def note(_: Sensed) -> None:
            is_pushed = FROM_S < world.data.time < FROM_S + 0.3
            world.data.xfrc_applied[world.model.body("load").id][:3] = (0, 0, -0.8) if is_pushed else 0

        return note

    episode, monitor, _ = run(watch=push)
    assert episode.peak_force_n <= 5.0
    assert not episode.collisions
    assert not episode.dropped or monitor.rung >= Rung.CLAMP
