"""Faults put into a running robot: nothing is broken, lost or touched, and the right rung of the ladder is taken."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.carrying import BRAKING_M_S2, Proposal, contract_document
from zaphod.agents.robotics.execution import Episode, Execution, Watch
from zaphod.agents.robotics.monitor import Monitor, Reading, Rung
from zaphod.agents.robotics.repair import until_accepted
from zaphod.agents.robotics.scene import Scene, believed, draw
from zaphod.agents.robotics.supervised import Fault, envelope_of, supervised
from zaphod.agents.robotics.world import Sensed, World
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


@pytest.mark.parametrize(("nearest_m", "rung"), [(0.05, Rung.STOP), (0.5, Rung.SLOW)], ids=["walks in", "walks by"])
def test_a_person_who_comes_close_finds_the_robot_at_rest(run: Run, nearest_m: float, rung: Rung) -> None:
    seen: list[tuple[float, float]] = []

    def person(time_s: float) -> list[list[float]]:
        walked = 1.6 * (time_s - 5.2)
        there = max(2.0 - max(0.0, walked), nearest_m) if walked < 4 else 2.0
        return [[there, 0.0, 0.3]]

    def watch(world: World) -> Watch:
        def note(sensed: Sensed) -> None:
            distance = math.dist(sensed.position_m, person(sensed.time_s)[0])
            seen.append((distance, math.hypot(*sensed.speed_m_s)))

        return note

    episode, monitor, _ = run(people=person, watch=watch)
    assert max(order.rung for _, order in monitor.log) is rung
    assert episode.kept(5.0)
    assert all(speed < 0.02 for distance, speed in seen if distance < 0.25)
    assert episode.succeeded(5.0) == (rung is Rung.SLOW)


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
