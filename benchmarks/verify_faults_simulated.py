"""Accepted plans made worse, step by step, until the simulator shows what goes wrong: by then they must be refused."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.verify_faults_kept import Parts
from zaphod.agents.robotics.planning.carrying import Proposal, contract_document, plan_document
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.scene import believed, draw
from zaphod.agents.robotics.simulation.execution import Execution
from zaphod.agents.robotics.simulation.world import World
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.plans import read_plan
from zaphod.safety.verification.verify import verify

MOST_STEPS = 10
_MISPLACED_M = 0.03

WORSE: dict[str, Callable[[Proposal, int], Proposal]] = {
    "less force": lambda p, n: replace(p, force_n=p.force_n * 0.88**n),
    "more force": lambda p, n: replace(p, force_n=p.force_n * 1.12**n),
    "lower": lambda p, n: replace(p, height_m=p.height_m * 0.93**n),
    "lifted faster": lambda p, n: replace(p, lift_s=p.lift_s * 0.78**n),
    "crossed faster": lambda p, n: replace(p, cross_s=p.cross_s * 0.75**n),
    "closed faster": lambda p, n: replace(p, closing_speed_m_s=p.closing_speed_m_s * 1.5**n),
}
"""Each number of a plan, n steps worse."""


def perturbed(seed: int, constant: str) -> dict[str, Any] | None:
    """One accepted plan, one of its numbers; what verifier and simulator said of each step until one went wrong.

    None where nothing was accepted in the first place.
    """
    scene = draw(seed)
    told, rng = believed(scene, seed), random.Random(f"perturbed/{seed}")
    first = Proposal(
        force_n=rng.uniform(1, 4),
        height_m=rng.uniform(0.15, 0.4),
        lift_s=rng.uniform(0.8, 2),
        cross_s=rng.uniform(0.8, 2),
        closing_speed_m_s=rng.uniform(0.005, 0.02),
    )
    contract = read_contract(contract_document(told))
    outcome = until_accepted(first, told, contract)
    if outcome.refusal:
        return None
    steps: list[dict[str, Any]] = []
    for number in range(MOST_STEPS + 1):
        plan = read_plan(plan_document(WORSE[constant](outcome.proposal, number), told))
        episode = Execution(World(scene), plan).run()
        steps.append(
            {
                "accepted": verify(plan, contract).is_accepted,
                "kept": episode.kept(scene.breaks_at_n) and episode.misplaced_m <= _MISPLACED_M,
                "peak_force_n": episode.peak_force_n,
                "collisions": sorted(episode.collisions),
                "dropped": episode.dropped,
            }
        )
        if not steps[-1]["kept"]:
            break
    return {"seed": seed, "constant": constant, "steps": steps}


def is_sound(one: dict[str, Any]) -> bool:
    """Whether nothing that went wrong had been accepted."""
    return not any(step["accepted"] and not step["kept"] for step in one["steps"])


def went_wrong(one: dict[str, Any]) -> bool:
    """Whether the simulator showed something."""
    return not one["steps"][-1]["kept"]


def steps_ahead(one: dict[str, Any]) -> int:
    """By how many steps the verifier refused before the simulator showed it."""
    refused = next((n for n, step in enumerate(one["steps"]) if not step["accepted"]), len(one["steps"]))
    return len(one["steps"]) - 1 - refused


def campaign(num_plans: int, parts: Parts) -> Iterator[dict[str, Any]]:
    """Plans of different scenes, their numbers in turn."""
    constants, num = list(WORSE), 0
    for seed in itertools.count():
        constant = constants[seed % len(constants)]
        found = parts.kept(f"{constant}, scene {seed}", partial(perturbed, seed, constant))
        if found is not None:
            num += 1
            yield found
        if num == num_plans:
            return
