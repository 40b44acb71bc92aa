"""The simulator gives what it gave before it was made faster: `outcomes.json` was recorded by the slower one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from benchmarks.robotics import by_hand, proposed

from zaphod.agents.robotics.planning.carrying import plan_document
from zaphod.agents.robotics.scene import believed, draw
from zaphod.agents.robotics.simulation.execution import Execution
from zaphod.agents.robotics.simulation.world import World
from zaphod.safety.verification.plans import read_plan

RECORDED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "outcomes.json").read_text())


@pytest.mark.parametrize("seed", RECORDED)
def test_a_plan_ends_as_it_did(seed: str) -> None:
    scene = draw(int(seed))
    told = believed(scene, int(seed))
    for arm, proposal in (("A", proposed(int(seed))), ("E", by_hand(scene))):
        was = RECORDED[seed][arm]
        now = Execution(World(scene), read_plan(plan_document(proposal, told))).run()
        assert sorted(now.collisions) == was["collisions"]
        assert (now.dropped, now.upright, now.stopped) == (was["dropped"], was["upright"], was["stopped"])
        assert now.seconds == pytest.approx(was["seconds"], abs=0.02)
        assert now.peak_force_n == pytest.approx(was["peak"], rel=1e-3)  # other processors round otherwise
        assert now.dropped or now.misplaced_m == pytest.approx(was["misplaced"], abs=1e-3)


def test_contacts_are_those_that_mujoco_tells() -> None:
    import mujoco
    import numpy as np

    scene = draw(2)
    world = World(scene)
    compared = 0

    def watch(sensed: Any) -> None:
        nonlocal compared
        forces, wrench, names = np.zeros(2), np.zeros(6), set()
        for number in range(world.data.ncon):
            contact = world.data.contact[number]
            pair = {world.model.geom(contact.geom1).name, world.model.geom(contact.geom2).name}
            for side, pad in enumerate(("left_pad", "right_pad")):
                if pair == {pad, "load"}:
                    mujoco.mj_contactForce(world.model, world.data, number, wrench)
                    forces[side] += wrench[0]
            if "wall" in pair:
                names.add("wall")
        assert sensed.pad_forces_n.tolist() == forces.tolist()
        assert {"wall"} & world.collisions() == names
        compared += bool(forces.any())

    document = plan_document(by_hand(scene), believed(scene, 2))
    Execution(world, read_plan(document), watch=watch).run()
    assert compared > 1000
