"""A fragile load over a wall: five ways to act on the same plans, the same scenes and with the same skills.

    python -m benchmarks.robotics                        1,000 scenes, five arms; goes on where it was stopped
    python -m benchmarks.robotics --episodes 40 --short  shows that it works; nothing is kept

The planner draws force, height, times and closing speed at random: a bad planner on purpose, so that what is good comes
from what stands behind it. All arms close their pads under guard.

A  acts on the planner's plan
B  acts on a plan that was proved, after counterexamples mended it; weighs the load where no force can be proved, and
   refuses what cannot be proved then
C  acts on the planner's plan under the run-time monitor
D  both
E  a hand-written rule that knows the truth, errors of measurement included: the upper bound

Success: the load stands upright within 3 cm of its goal, whole, nothing touched that should not be, over all scenes,
refused ones included. Intervals are Clopper and Pearson's, 95 %.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.common import publish
from zaphod.agents.robotics.monitoring.monitor import Envelope, Monitor
from zaphod.agents.robotics.monitoring.supervised import TRACKING_M, envelope_of, supervised
from zaphod.agents.robotics.planning.carrying import BRAKING_M_S2, Proposal, contract_document, plan_document
from zaphod.agents.robotics.planning.repair import Outcome, until_accepted
from zaphod.agents.robotics.scene import Belief, Scene, believed, draw
from zaphod.agents.robotics.simulation.execution import Episode, Execution
from zaphod.agents.robotics.simulation.weighing import weighed
from zaphod.agents.robotics.simulation.world import World
from zaphod.core.progress import ProgressLines
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.requirements import grip
from zaphod.study.intervals import clopper_pearson

ARMS = {
    "A": "planner only",
    "B": "proved and mended",
    "C": "planner, monitor",
    "D": "proved and mended, monitor",
    "E": "hand-written, knows the truth",
}
_UNPROVED_REACH_M = 0.16


def proposed(seed: int) -> Proposal:
    """Any plan at all."""
    rng = random.Random(f"planner/{seed}")
    return Proposal(
        force_n=rng.uniform(0.8, 6),
        height_m=rng.uniform(0.12, 0.42),
        lift_s=rng.uniform(0.5, 2.5),
        cross_s=rng.uniform(0.6, 3),
        closing_speed_m_s=rng.uniform(0.005, 0.05),
    )


def by_hand(scene: Scene) -> Proposal:
    """What somebody would choose who knew everything: the middle between slipping and breaking, and a wide berth."""
    lift_s, height_m = 2.0, scene.wall_height_m + 2 * scene.half_height_m + 0.05
    peak = 9.81 + 10 / math.sqrt(3) * height_m / lift_s**2
    force = (scene.mass_kg * peak / (2 * scene.friction) + scene.breaks_at_n) / 2 - scene.force_bias_n
    return Proposal(force_n=force, height_m=height_m, lift_s=lift_s, cross_s=2.0, closing_speed_m_s=0.01)


def episode(seed: int) -> dict[str, Any]:
    """All arms on one scene."""
    scene = draw(seed)
    told, plan_of_it = believed(scene, seed), proposed(seed)
    first = read_plan(plan_document(plan_of_it, told))
    start_s = time.perf_counter()
    outcome = until_accepted(plan_of_it, told)
    planning_s = time.perf_counter() - start_s
    found: dict[str, Any] = {"seed": seed, "rounds": outcome.num_rounds, "first_refusal": outcome.refusal}
    is_weighed, probe_kept = bool(outcome.refusal), True
    if is_weighed:
        measured = weighed(World(scene), told)
        probe_kept = measured.episode.kept(scene.breaks_at_n)
        told, outcome = measured.belief, until_accepted(outcome.proposal, measured.belief)
    found |= {"verify_s": outcome.report.seconds, "planning_s": planning_s, "refusal": outcome.refusal}
    found |= {"explained": _is_explained(outcome, told), "probe_kept": probe_kept, "arms": {}}
    steps_s: list[float] = []
    arms: dict[str, Callable[[], tuple[Episode, ...]]] = {
        "A": lambda: (Execution(World(scene), first).run(),),
        "C": lambda: (_watched(World(scene), first, _unproved(scene), steps_s),),
        "E": lambda: (Execution(World(scene), read_plan(plan_document(by_hand(scene), told))).run(),),
    }
    if not outcome.refusal:
        envelope = envelope_of(outcome.plan, read_contract(contract_document(told)))

        def begun() -> tuple[World, tuple[Episode, ...]]:
            world = World(scene)
            return world, (weighed(world, believed(scene, seed)).episode,) if is_weighed else ()

        def proved() -> tuple[Episode, ...]:
            world, before = begun()
            return *before, Execution(world, outcome.plan).run()

        def both() -> tuple[Episode, ...]:
            world, before = begun()
            return *before, _watched(world, outcome.plan, envelope, steps_s)

        arms |= {"B": proved, "D": both}
    for arm in ARMS:
        found["arms"][arm] = _told(arms[arm](), scene) if arm in arms else None
    found["monitor_us"] = [round(1e6 * step, 1) for step in steps_s]
    return found


def _is_explained(outcome: Outcome, told: Belief) -> bool:
    """Whether a refusal comes with two conditions on the force that contradict each other (Farkas)."""
    return bool(outcome.refusal) and grip.conflict(outcome.plan, read_contract(contract_document(told))) is not None


def _watched(world: World, plan: Plan, envelope: Envelope, steps_s: list[float]) -> Episode:
    ask = supervised(Monitor(envelope), None, None)

    def timed(*given: Any) -> Any:
        start_s = time.perf_counter()
        order = ask(*given)
        steps_s.append(time.perf_counter() - start_s)
        return order

    return Execution(world, plan, supervisor=timed, braking_m_s2=BRAKING_M_S2).run()


def _unproved(scene: Scene) -> Envelope:
    """A monitor without a proof knows what breaks the load, and nothing of what holds it."""
    return Envelope(
        breaks_at_n=scene.breaks_at_n,
        force_n=(0.1, scene.breaks_at_n - 0.3),
        force_error_n=0.15,
        braking_m_s2=BRAKING_M_S2,
        margin_m=TRACKING_M,
        reach_m=_UNPROVED_REACH_M,
    )


def _told(parts: tuple[Episode, ...], scene: Scene) -> dict[str, Any]:
    """Of everything that was done in a scene, one after the other; the last is the plan itself."""
    last = parts[-1]
    return {
        "success": last.succeeded(scene.breaks_at_n) and all(one.kept(scene.breaks_at_n) for one in parts),
        "collision": any(one.collisions for one in parts),
        "force": any(one.peak_force_n > scene.breaks_at_n for one in parts),
        "dropped": any(one.dropped for one in parts) or (not last.stopped and last.misplaced_m > 0.03),
        "stopped": last.stopped,
    }


def table(results: list[dict[str, Any]]) -> str:
    """One row for each arm, then what the verifier and the monitor took."""
    num = len(results)
    lines = [
        f"{num} scenes; shares of all of them, 95 % intervals.",
        "",
        "| arm | success | collision | grip force above 5 N | dropped or misplaced | stopped | refused |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm, words in ARMS.items():
        ran = [result["arms"][arm] for result in results if result["arms"][arm] is not None]
        counts = [sum(bool(one[key]) for one in ran) for key in ("success", "collision", "force", "dropped", "stopped")]
        cells = [_share(count, num) for count in (*counts, num - len(ran))]
        lines.append(f"| {arm}: {words} | {' | '.join(cells)} |")
    proved = [result for result in results if result["arms"]["B"] is not None]
    wrong = sum(not _kept(result["arms"]["B"]) for result in proved) + sum(not one["probe_kept"] for one in results)
    refused = [result for result in results if result["refusal"]]
    missed, possible = (sum(result["arms"][arm]["success"] for result in refused) for arm in "AE")
    explained = sum(result["explained"] for result in refused)
    weighing = [result for result in results if result["first_refusal"]]
    verify_ms = sorted(1000 * result["verify_s"] for result in results)
    monitor_us = sorted(step for result in results for step in result["monitor_us"])
    lines += [
        "",
        f"Proved but broken: {_share(wrong, len(proved))}. Before weighing {len(weighing)} were refused, after it "
        f"{len(refused)}; {explained} of these because no force suits both ends of what is believed, with the two "
        f"forces as proof. The planner's own plan would have succeeded {missed} times there, the hand-written one "
        f"{possible} times.",
        f"Verification of the last plan {statistics.median(verify_ms):.1f} ms (p95 {_at(verify_ms, 0.95):.1f}); rounds "
        f"{statistics.mean(result['rounds'] for result in results):.2f} on average, at most "
        f"{max(result['rounds'] for result in results)}. Monitor {statistics.median(monitor_us):.0f} us a step "
        f"(p99 {_at(monitor_us, 0.99):.0f}, largest {monitor_us[-1]:.0f}).",
        *(f"- scene {result['seed']} refused: {result['refusal']}" for result in refused[:10]),
    ]
    return "\n".join(lines)


def _kept(told: dict[str, Any]) -> bool:
    return not (told["collision"] or told["force"] or told["dropped"])


def _share(count: int, of: int) -> str:
    low, high = clopper_pearson(count, of)
    return f"{count / max(of, 1):.1%} ({low:.1%} to {high:.1%})"


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def _results(num: int, kept: Path | None, processes: int) -> Iterator[dict[str, Any]]:
    """Those that lie in the file, and then the others, which are added to it."""
    done: dict[int, dict[str, Any]] = {}
    if kept is not None and kept.exists():
        done = {one["seed"]: one for one in map(json.loads, kept.read_text().splitlines())}
    yield from (one for seed, one in done.items() if seed < num)
    left = [seed for seed in range(num) if seed not in done]
    with ProcessPoolExecutor(processes) as pool, ProgressLines().step("acting", len(left), "scenes") as advance:
        for one in pool.map(episode, left):
            advance(1)
            if kept is not None:
                with kept.open("a") as out:
                    out.write(json.dumps(one) + "\n")
            yield one


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--short", action="store_true", help="nothing is kept")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kept", type=Path, default=Path("runs/robotics.jsonl"), help="results so far")
    chosen = parser.parse_args()
    if not chosen.short:
        chosen.kept.parent.mkdir(parents=True, exist_ok=True)
    results = sorted(_results(chosen.episodes, None if chosen.short else chosen.kept, chosen.processes), key=_seed)
    text = table(results)
    if chosen.short:
        print(text)
        return
    publish("robotics", {"episodes": [_short(one) for one in results]}, text)


def _short(one: dict[str, Any]) -> dict[str, Any]:
    """What came of a scene: for each arm the words that are true of it; None where it refused."""
    arms = {
        arm: None if told is None else [word for word, is_so in told.items() if is_so]
        for arm, told in one["arms"].items()
    }
    return {"seed": one["seed"], "rounds": one["rounds"], "verify_ms": round(1000 * one["verify_s"], 2), "arms": arms}


def _seed(one: dict[str, Any]) -> int:
    return int(one["seed"])


if __name__ == "__main__":
    main()
