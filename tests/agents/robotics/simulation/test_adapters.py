"""Other simulators behind the same protocol; each says how to get it where it is missing."""

from __future__ import annotations

import dataclasses
import importlib.util

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.planning.carrying import Proposal, plan_document
from zaphod.agents.robotics.scene import believed, draw
from zaphod.agents.robotics.simulation.adapters.isaac_lab import IsaacLabWorld, launched
from zaphod.agents.robotics.simulation.execution import Execution
from zaphod.agents.robotics.simulation.simulator import Sensed, Simulator
from zaphod.agents.robotics.simulation.world import World, gantry_xml
from zaphod.core.errors import MissingExtraError
from zaphod.safety.verification.plans import read_plan

HAS_ISAAC_LAB = importlib.util.find_spec("isaaclab") is not None
HAS_ROBOSUITE = importlib.util.find_spec("robosuite") is not None


@pytest.mark.skipif(HAS_ISAAC_LAB, reason="Isaac Lab is installed")
def test_without_isaac_lab_one_line_says_how_to_get_it() -> None:
    for call in (launched, lambda: IsaacLabWorld(draw(0))):
        with pytest.raises(MissingExtraError, match=r"pip install 'isaaclab.*NVIDIA|pypi.nvidia.com"):
            call()


@pytest.mark.skipif(HAS_ROBOSUITE, reason="robosuite is installed")
def test_without_robosuite_one_line_says_how_to_get_it() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install --no-deps robosuite"):
        importlib.import_module("zaphod.agents.robotics.simulation.adapters.robosuite_panda")


def test_the_robot_that_others_import_has_its_joints() -> None:
    import mujoco

    model = mujoco.MjModel.from_xml_string(gantry_xml(draw(0)))
    assert [model.joint(n).name for n in range(model.njnt)] == ["x", "y", "z", "left_slide", "right_slide"]


def test_our_own_world_is_a_simulator() -> None:
    world: Simulator = World(draw(0))
    assert world.step_s == 0.002


@pytest.mark.skipif(not HAS_ROBOSUITE, reason="robosuite is not installed: pip install --no-deps robosuite==1.5.2")
@pytest.mark.filterwarnings("ignore")
def test_a_panda_lifts_the_load_by_the_same_plan_and_carries_it_over_the_wall() -> None:
    from zaphod.agents.robotics.simulation.adapters.robosuite_panda import PandaWorld

    scene = dataclasses.replace(draw(0), wall_height_m=0.1, friction=0.7, breaks_at_n=30.0)
    proposal = Proposal(force_n=8.0, height_m=0.28, lift_s=3.0, cross_s=3.0, closing_speed_m_s=0.01)
    plan = read_plan(plan_document(proposal, believed(scene, 0)))
    world: Simulator = PandaWorld(scene)
    seen: list[Sensed] = []
    episode = Execution(world, plan, watch=seen.append).run()
    assert not episode.dropped
    assert any(one.load_m[0] > 0.15 and one.load_m[2] > 0.2 and one.pad_forces_n.min() > 5 for one in seen)
