"""Faults put into a running robot: whether anything is broken, lost or touched, and which rung the monitor takes.

    python -m benchmarks.monitor           each fault in 60 scenes at random moments; goes on where it was stopped
    python -m benchmarks.monitor --short   three scenes each; nothing is kept

Plans are proved; the load is carried when the fault comes. Broken: the load bears too much, something is touched that
should not be, a person is within reach of a robot that moves, or the load is lost although nothing happened that the
contract does not cover. What a contract does not cover (a push harder than a stop, less friction than was declared) may
cost the load, and is counted beside it. Intervals are Clopper and Pearson's, 95 %.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import publish
from zaphod.agents.robotics.monitoring.monitor import Monitor, Order, Reading, Rung, Wanted
from zaphod.agents.robotics.monitoring.supervised import Fault, envelope_of, supervised
from zaphod.agents.robotics.planning.carrying import BRAKING_M_S2, Proposal, contract_document
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.scene import Belief, Scene, believed, draw
from zaphod.agents.robotics.simulation.execution import Episode, Execution
from zaphod.agents.robotics.simulation.simulator import Sensed
from zaphod.agents.robotics.simulation.world import MOST_OPEN_M, World
from zaphod.core.progress import ProgressLines
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.plans import Plan
from zaphod.study.intervals import clopper_pearson

_FIRST_SEED = 20_000
_PROPOSAL = Proposal(force_n=3.0, height_m=0.3, lift_s=1.5, cross_s=2.0, closing_speed_m_s=0.01)
_APPROACH_S, _GRIPPING_S, _LANDING_S = 1.5, 0.7, 0.3
_MOVES_M_S = 0.02

People = Callable[[float], list[list[float]]]


@dataclass
class Trouble:
    """What goes wrong in one run, from one moment on."""

    at_s: float
    fault: Fault | None = None
    """Of what is measured."""
    people: People | None = None
    outside: Callable[[World, Sensed], None] | None = None
    """Of the world; asked every step."""


Maker = Callable[[random.Random, float, Scene, Belief], Trouble]


@dataclass(frozen=True)
class Case:
    """A fault, and what the monitor should make of it."""

    words: str
    make: Maker
    rungs: tuple[Rung, ...]
    """The highest that is reached."""
    is_covered: bool = True
    """Whether the contract covers it, so that the load must not be lost."""


def _from(at_s: float, change: Fault) -> Fault:
    return lambda reading: reading if reading.stamp_s < at_s else change(reading)


def _frozen(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    kept: list[Reading] = []

    def freeze(reading: Reading) -> Reading:
        kept.append(reading)
        return kept[0]._replace(stamp_s=reading.stamp_s, heartbeat_s=reading.stamp_s)

    return Trouble(at_s, _from(at_s, freeze))


def _late(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    delay_s, past = rng.uniform(0.03, 0.2), list[Reading]()

    def delay(reading: Reading) -> Reading | None:
        past.append(reading)
        if reading.stamp_s < at_s:
            return reading
        arrived = [one for one in past if one.stamp_s <= reading.stamp_s - delay_s]
        return arrived[-1] if arrived else None

    return Trouble(at_s, delay)


def _lost(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    until_s = at_s + rng.choice([0.01, 0.05, 100.0])
    return Trouble(at_s, _from(at_s, lambda reading: None if reading.stamp_s < until_s else reading))


def _no_number(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    wrong = rng.choice([math.nan, math.inf, -math.inf])
    spoiled: Fault = rng.choice(
        [
            lambda reading: reading._replace(position_m=[wrong] * 3),
            lambda reading: reading._replace(speed_m_s=[wrong, 0.0, 0.0]),
            lambda reading: reading._replace(pad_forces_n=[wrong] * 2),
            lambda reading: reading._replace(slip_m_s=wrong),
        ]
    )
    return Trouble(at_s, _from(at_s, spoiled))


def _no_heartbeat(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    return Trouble(at_s, _from(at_s, lambda reading: reading._replace(heartbeat_s=at_s)))


def _out_of_order(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    past: list[Reading] = []

    def swap(reading: Reading) -> Reading:
        past.append(reading)
        is_time = reading.stamp_s >= at_s and len(past) > 2
        return past[-3] if is_time else reading

    return Trouble(at_s, swap)


def _twice(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    past: list[Reading] = []

    def repeat(reading: Reading) -> Reading:
        past.append(reading)
        return past[-2] if reading.stamp_s >= at_s and len(past) % 2 == 0 else reading

    return Trouble(at_s, repeat)


def _pushed(share: tuple[float, float]) -> Maker:
    """A push on the load, in shares of what a stop costs it."""

    def make(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
        size = rng.uniform(*share) * scene.mass_kg * BRAKING_M_S2
        push, until_s = _direction(rng, size), at_s + rng.uniform(0.05, 0.4)

        def act(world: World, sensed: Sensed) -> None:
            is_pushed = at_s < sensed.time_s < until_s
            world.data.xfrc_applied[world.model.body("load").id][:3] = push if is_pushed else 0

        return Trouble(at_s, outside=act)

    return make


def _tool_pushed(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    """Slowly enough that the push itself does not crush the load: it comes and goes in 0.3 s."""
    push, lasts_s = _direction(rng, rng.uniform(30, 60)), rng.uniform(0.7, 1.5)

    def act(world: World, sensed: Sensed) -> None:
        since_s = sensed.time_s - at_s
        share = max(0.0, min(1.0, since_s / 0.3, (lasts_s - since_s) / 0.3))
        world.data.xfrc_applied[world.model.body("gantry").id][:3] = [share * value for value in push]

    return Trouble(at_s, outside=act)


def _person(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    turn, nearest_m, walks = rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.3), rng.uniform(0.4, 1.6)
    centre, height_m = rng.choice([scene.start_m, scene.goal_m, (0.0, 0.0)]), rng.uniform(0.1, 0.4)

    def people(time_s: float) -> list[list[float]]:
        away_m = max(nearest_m, 2.0 + walks * (at_s + 1.0 - time_s)) if time_s > at_s else 4.0
        return [[centre[0] + away_m * math.cos(turn), centre[1] + away_m * math.sin(turn), height_m]]

    return Trouble(at_s, people=people)


def _slippery(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    """Friction that falls below what was declared, all at once."""
    friction = rng.uniform(0.85, 0.99) * told.friction[0]

    def act(world: World, sensed: Sensed) -> None:
        if sensed.time_s >= at_s:
            for name in ("left_pad", "right_pad", "load"):
                world.model.geom(name).friction[0] = friction

    return Trouble(at_s, outside=act)


def _biased(rng: random.Random, at_s: float, scene: Scene, told: Belief) -> Trouble:
    """Pads that come to press harder than was declared, by 0.5 N a second."""
    most_n = rng.uniform(0.2, 0.5)

    def act(world: World, sensed: Sensed) -> None:
        drifted_n = scene.force_bias_n + max(0.0, 0.5 * (sensed.time_s - at_s))
        world.scene = dataclasses.replace(scene, force_bias_n=max(scene.force_bias_n, min(most_n, drifted_n)))

    return Trouble(at_s, outside=act)


def _direction(rng: random.Random, size: float) -> list[float]:
    way = [rng.gauss(0, 1) for _ in range(3)]
    return [size * value / math.hypot(*way) for value in way]


_ANY = (Rung.GO, Rung.CLAMP, Rung.STOP)
CASES = {
    "frozen": Case("measurements stand still", _frozen, (Rung.STOP, Rung.HOLD)),
    "late": Case("packets 30 to 200 ms late", _late, (Rung.HOLD,)),
    "lost": Case("one, five or all packets lost", _lost, (Rung.HOLD,)),
    "nan": Case("NaN or infinity in a packet", _no_number, (Rung.HOLD,)),
    "heartbeat": Case("the planner falls silent", _no_heartbeat, (Rung.STOP,)),
    "order": Case("packets out of order", _out_of_order, (Rung.HOLD,)),
    "twice": Case("every second packet a copy", _twice, (Rung.GO,)),
    "person": Case("a person walks in", _person, (Rung.SLOW, Rung.STOP)),
    "tool": Case("the hand is pushed off its path", _tool_pushed, (Rung.STOP,)),
    "pushed": Case("the load is pushed, less than a stop does", _pushed((0.2, 1.0)), _ANY),
    "harder": Case("the load is pushed, 2 to 6 times a stop", _pushed((2.0, 6.0)), _ANY, is_covered=False),
    "slippery": Case("1 to 15 % less friction than declared", _slippery, _ANY, is_covered=False),
    "biased": Case("pads come to press 0.2 to 0.5 N harder than ordered", _biased, _ANY, is_covered=False),
}


def run(job: tuple[str, int]) -> dict[str, Any]:
    """One fault in one scene."""
    name, seed = job
    scene, told, plan = _proved(seed)
    contract = read_contract(contract_document(told))
    rng = random.Random(f"{name}/{seed}")
    begins_s = _APPROACH_S + (MOST_OPEN_M - scene.radius_m) / 0.01 + _GRIPPING_S
    carried_s = sum(float(piece.duration_s) for piece in plan.pieces if piece.grip is not None)
    trouble = CASES[name].make(rng, begins_s + rng.uniform(0, carried_s - _LANDING_S), scene, told)
    envelope = envelope_of(plan, contract)
    monitor, world = Monitor(envelope), World(scene)
    ask, steps_us, reached_m = supervised(monitor, trouble.people, trouble.fault), list[float](), list[float]()

    def timed(sensed: Sensed, wanted: Wanted) -> Order:
        start_s = time.perf_counter()
        order = ask(sensed, wanted)
        steps_us.append(round(1e6 * (time.perf_counter() - start_s), 1))
        return order

    def watch(sensed: Sensed) -> None:
        if trouble.outside is not None:
            trouble.outside(world, sensed)
        if trouble.people is not None and math.hypot(*sensed.speed_m_s.tolist()) > _MOVES_M_S:
            away = min(math.dist(sensed.position_m, person) for person in trouble.people(sensed.time_s))
            if away <= envelope.reach_m:
                reached_m.append(away)

    done = Execution(world, plan, watch=watch, supervisor=timed, braking_m_s2=BRAKING_M_S2).run()
    rung = max((order.rung for _, order in monitor.log), default=Rung.GO)
    lost = done.dropped or (not done.stopped and done.misplaced_m > 0.03)
    return {
        "fault": name,
        "seed": seed,
        "broken": _broken(done, scene, bool(reached_m), lost and CASES[name].is_covered),
        "lost": lost,
        "rung": rung.name,
        "reason": done.stopped,
        "peak_n": done.peak_force_n,
        "steps_us": steps_us,
    }


def _broken(done: Episode, scene: Scene, reached: bool, lost: bool) -> list[str]:
    found = [f"touches {name}" for name in sorted(done.collisions)]
    found += ["presses too hard"] if done.peak_force_n > scene.breaks_at_n else []
    found += ["reaches a person"] if reached else []
    return found + (["loses the load"] if lost else [])


def _proved(seed: int) -> tuple[Scene, Belief, Plan]:
    """A scene with a plan that was proved; the next one where none was."""
    for number in range(seed, seed + 1000):
        scene = draw(_FIRST_SEED + 1000 * number)
        told = believed(scene, number)
        outcome = until_accepted(_PROPOSAL, told)
        if not outcome.refusal:
            return scene, told, outcome.plan
    raise AssertionError


def table(results: list[dict[str, Any]]) -> str:
    """One row for each fault, then what a step takes."""
    lines = [
        "Runs, with 95 % intervals of the share that broke something.",
        "",
        "| fault | runs | something broken | broken or lost, not covered | rung as expected | rungs |",
        "|---|---|---|---|---|---|",
    ]
    for name, case in CASES.items():
        ran = [one for one in results if one["fault"] == name]
        if not ran:
            continue
        wrong = sum(_is_wrong(one) for one in ran)
        expected = {rung.name for rung in case.rungs}
        right = sum(one["rung"] in expected for one in ran)
        counts = {rung.name: sum(one["rung"] == rung.name for one in ran) for rung in Rung}
        rungs = ", ".join(f"{key.lower()} {count}" for key, count in counts.items() if count)
        told = f"{wrong} (at most {clopper_pearson(wrong, len(ran))[1]:.1%})"
        cells = (told, "") if case.is_covered else ("", str(wrong))
        lines.append(f"| {case.words} | {len(ran)} | {' | '.join(cells)} | {right} of {len(ran)} | {rungs} |")
    covered = [one for one in results if CASES[one["fault"]].is_covered]
    broken, num = sum(_is_wrong(one) for one in covered), len(covered)
    steps = sorted(step for one in results for step in one["steps_us"])
    lines += [
        "",
        f"What the contract covers: {broken} of {num} broke something, at most {clopper_pearson(broken, num)[1]:.2%}. "
        f"A step of the monitor takes {statistics.median(steps):.0f} us (p99 {_at(steps, 0.99):.0f}, "
        f"p99.9 {_at(steps, 0.999):.0f}, largest {steps[-1]:.0f}; {len(steps)} steps).",
        *(
            f"- {one['fault']}, scene {one['seed']}: {', '.join(one['broken'] or ['loses the load'])}"
            for one in results
            if _is_wrong(one)
        ),
    ]
    return "\n".join(lines)


def _is_wrong(one: dict[str, Any]) -> bool:
    return bool(one["broken"]) or bool(one["lost"])


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def _results(jobs: list[tuple[str, int]], kept: Path | None, processes: int) -> Iterator[dict[str, Any]]:
    """Those that lie in the file, and then the others, which are added to it."""
    done: dict[tuple[str, int], dict[str, Any]] = {}
    if kept is not None and kept.exists():
        done = {(one["fault"], one["seed"]): one for one in map(json.loads, kept.read_text().splitlines())}
    yield from (done[job] for job in jobs if job in done)
    left = [job for job in jobs if job not in done]
    with ProcessPoolExecutor(processes) as pool, ProgressLines().step("acting", len(left), "runs") as advance:
        for one in pool.map(run, left):
            advance(1)
            if kept is not None:
                with kept.open("a") as out:
                    out.write(json.dumps(one) + "\n")
            yield one


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=60, help="for each fault")
    parser.add_argument("--short", action="store_true", help="three scenes, and nothing is kept")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kept", type=Path, default=Path("runs/monitor.jsonl"), help="results so far")
    chosen = parser.parse_args()
    jobs = [(name, seed) for seed in range(3 if chosen.short else chosen.scenes) for name in CASES]
    if chosen.short:
        print(table(list(_results(jobs, None, chosen.processes))))
        return
    chosen.kept.parent.mkdir(parents=True, exist_ok=True)
    results = list(_results(jobs, chosen.kept, chosen.processes))
    slim = [{key: value for key, value in one.items() if key != "steps_us"} for one in results]
    publish("monitor", {"runs": slim}, table(results))


if __name__ == "__main__":
    main()
