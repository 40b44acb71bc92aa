"""A load that no force suits is weighed first: what the scale says covers the truth, and nothing breaks meanwhile."""

from __future__ import annotations

import dataclasses

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.scene import SCALE_ERROR_N, Belief, Scene, believed, draw
from zaphod.agents.robotics.simulation.execution import Execution
from zaphod.agents.robotics.simulation.weighing import narrowed, probe, probe_contract, weighed
from zaphod.agents.robotics.simulation.world import World
from zaphod.safety.verification.verify import verify

PROPOSAL = Proposal(force_n=3.0, height_m=0.3, lift_s=2.0, cross_s=2.0, closing_speed_m_s=0.01)


def heavy_and_slippery() -> tuple[Scene, Belief]:
    """A load whose ranges leave no force, although the truth does."""
    scene = dataclasses.replace(draw(3), mass_kg=0.2, friction=0.4)
    told = dataclasses.replace(believed(scene, 3), mass_kg=(0.19, 0.26), friction=(0.3, 0.4))
    return scene, told


@pytest.mark.parametrize("seed", range(5))
def test_the_scale_tells_the_mass_within_its_error_and_the_load_stands_where_it_stood(seed: int) -> None:
    scene = draw(seed)
    for bias in (-SCALE_ERROR_N, SCALE_ERROR_N):
        world = World(dataclasses.replace(scene, scale_bias_n=bias))
        told = believed(scene, seed)
        found = weighed(world, told)
        assert not found.refusal
        assert found.episode.kept(scene.breaks_at_n)
        low, high = found.belief.mass_kg
        assert told.mass_kg[0] <= low <= scene.mass_kg <= high <= told.mass_kg[1]
        assert abs(world.sensed().load_m[:2] - scene.start_m).max() < 0.002
        assert world.sensed().pad_forces_n.max() == 0


def test_a_refused_load_is_accepted_once_it_was_weighed_and_carried() -> None:
    scene, told = heavy_and_slippery()
    refused = until_accepted(PROPOSAL, told)
    assert refused.refusal.startswith("No force holds it")
    world = World(scene)
    accepted = until_accepted(PROPOSAL, weighed(world, told).belief)
    assert not accepted.refusal
    assert Execution(world, accepted.plan).run().succeeded(scene.breaks_at_n)


def test_a_load_that_slips_is_not_weighed_and_not_broken() -> None:
    scene, told = heavy_and_slippery()
    found = weighed(World(dataclasses.replace(scene, friction=0.1)), told)
    assert found.refusal == "It cannot be weighed: it slips."
    assert found.belief == told
    assert found.episode.peak_force_n <= scene.breaks_at_n


def test_the_probe_is_proved_not_to_break_the_load() -> None:
    _, told = heavy_and_slippery()
    contract = probe_contract(told)
    plan = probe(told, contract)
    assert plan is not None
    assert verify(plan, contract).is_accepted
    assert probe(dataclasses.replace(told, breaks_at_n=0.3), contract) is not None
    assert weighed(World(draw(3)), dataclasses.replace(told, breaks_at_n=0.3)).refusal.startswith("It cannot be")


def test_a_scale_that_contradicts_what_is_believed_narrows_nothing() -> None:
    _, told = heavy_and_slippery()
    assert narrowed(told, 9.81 * 0.5) is None
    narrower = narrowed(told, 9.81 * 0.2)
    assert narrower is not None
    assert told.mass_kg[0] <= narrower.mass_kg[0] < 0.2 < narrower.mass_kg[1] < told.mass_kg[1]
