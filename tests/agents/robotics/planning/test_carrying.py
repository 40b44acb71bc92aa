"""A fragile load over a wall: what is proved happens in the simulator, and what physics says happens too."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.planning.carrying import Proposal, contract_document, plan_document
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.scene import Belief, Scene, believed, draw
from zaphod.agents.robotics.simulation.execution import Episode, Execution
from zaphod.agents.robotics.simulation.world import MOST_OPEN_M, PAD_RADIUS_M, World
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.plans import read_plan
from zaphod.safety.verification.verify import certificate, recheck, verify

SLOW = Proposal(force_n=3.0, height_m=0.30, lift_s=2.0, cross_s=2.5, closing_speed_m_s=0.01)


def exact_belief(scene: Scene) -> Belief:
    """Everything known without an error."""
    told = believed(scene, 0)
    wall = (scene.wall_height_m, scene.wall_height_m)
    mass, friction = (scene.mass_kg, scene.mass_kg), (scene.friction, scene.friction)
    return dataclasses.replace(told, mass_kg=mass, friction=friction, wall_height_m=wall)


def carried(scene: Scene, proposal: Proposal) -> Episode:
    plan = read_plan(plan_document(proposal, exact_belief(scene)))
    return Execution(World(scene), plan).run()


def test_the_simulator_slips_where_coulomb_says_so() -> None:
    scene = dataclasses.replace(draw(3), force_bias_n=0.0, wall_height_m=0.1)
    peak = 9.81 + 10 / np.sqrt(3) * (SLOW.height_m - scene.half_height_m) / SLOW.lift_s**2
    needed = scene.mass_kg * peak / (2 * scene.friction)
    assert carried(scene, dataclasses.replace(SLOW, force_n=0.93 * needed)).dropped
    held = carried(scene, dataclasses.replace(SLOW, force_n=1.05 * needed))
    assert held.succeeded(scene.breaks_at_n)
    assert held.peak_force_n < 1.1 * needed


def test_a_wall_that_is_not_cleared_is_hit() -> None:
    scene = dataclasses.replace(draw(1), wall_height_m=0.22)
    assert "wall" in carried(scene, dataclasses.replace(SLOW, force_n=4, height_m=0.2)).collisions


def test_closing_at_once_strikes_harder_than_closing_under_guard() -> None:
    scene = draw(1)
    plan = read_plan(plan_document(SLOW, exact_belief(scene)))
    guarded, struck = (Execution(World(scene), plan, is_guarded=guarded).run() for guarded in (True, False))
    assert struck.peak_force_n > 2 * guarded.peak_force_n


def test_a_scene_and_what_is_believed_of_it_follow_from_the_seed_and_errors_stay_as_declared() -> None:
    for seed in range(200):
        scene, told = draw(seed), believed(draw(seed), seed)
        assert scene == draw(seed)
        assert told.mass_kg[0] <= scene.mass_kg <= told.mass_kg[1]
        assert told.friction[0] <= scene.friction <= told.friction[1]
        assert told.wall_height_m[0] <= scene.wall_height_m <= told.wall_height_m[1]
        assert abs(scene.force_bias_n) <= told.force_error_n


def test_the_contracts_balls_cover_hand_fingers_and_load_of_the_simulator() -> None:
    rng = np.random.default_rng(0)
    for seed in range(6):
        scene = draw(seed)
        world, contract = World(scene), read_contract(contract_document(exact_belief(scene)))
        assert contract.gripper is not None
        assert contract.load is not None
        robot = [(np.array(body.at, dtype=float), float(body.radius)) for body in contract.gripper.bodies]
        load = [(np.array(body.at, dtype=float), float(body.radius)) for body in contract.load.bodies]
        for pads in (scene.radius_m, MOST_OPEN_M):
            for y in (pads + PAD_RADIUS_M, -pads - PAD_RADIUS_M):
                points = _in_box(rng, (0, np.sign(y) * (pads + 0.018), 0.035), (0.008, 0.004, 0.03))
                points += [np.array([0, y, 0]) + PAD_RADIUS_M * _direction(rng) for _ in range(200)]
                assert all(_is_covered(point, robot) for point in points)
        turns = rng.uniform(0, 2 * np.pi, 500)
        heights = rng.uniform(-scene.half_height_m, scene.half_height_m, 500)
        rims = np.stack([scene.radius_m * np.cos(turns), scene.radius_m * np.sin(turns), heights], axis=1)
        assert all(_is_covered(point, load) for point in rims)
        assert world.collisions() == set()


def _in_box(rng: np.random.Generator, centre: tuple[float, ...], half: tuple[float, ...]) -> list[np.ndarray]:
    return [np.array(centre) + np.array(half) * rng.choice([-1, 1], 3) for _ in range(40)]


def _direction(rng: np.random.Generator) -> np.ndarray:
    way = rng.normal(size=3)
    return np.asarray(way / np.linalg.norm(way))


def _is_covered(point: np.ndarray, balls: list[tuple[np.ndarray, float]]) -> bool:
    return any(np.linalg.norm(point - centre) <= radius + 1e-9 for centre, radius in balls)


def test_wild_proposals_become_plans_that_are_accepted_or_refused_with_the_reason() -> None:
    rng = random.Random(0)
    accepted = 0
    for seed in range(40):
        told = believed(draw(seed), seed)
        wild = Proposal(
            force_n=rng.uniform(0.5, 8),
            height_m=rng.uniform(0.1, 0.5),
            lift_s=rng.uniform(0.3, 3),
            cross_s=rng.uniform(0.3, 3),
            closing_speed_m_s=rng.uniform(0.001, 0.1),
        )
        outcome = until_accepted(wild, told)
        assert bool(outcome.refusal) != outcome.report.is_accepted
        accepted += outcome.report.is_accepted
    assert accepted >= 38


def test_an_impossible_load_is_refused_with_both_forces() -> None:
    told = dataclasses.replace(believed(draw(0), 0), breaks_at_n=1.0)
    outcome = until_accepted(SLOW, told)
    assert outcome.refusal.startswith("No force holds it without breaking it: it must be more than")


@pytest.mark.parametrize("seed", range(4))
def test_what_was_accepted_succeeds(seed: int) -> None:
    scene = draw(seed)
    told = believed(scene, seed)
    outcome = until_accepted(dataclasses.replace(SLOW, force_n=1.0, height_m=0.15, lift_s=0.8, cross_s=0.8), told)
    contract = read_contract(contract_document(told))
    assert verify(outcome.plan, contract).is_accepted
    assert recheck(certificate(outcome.plan, contract), outcome.plan, contract) > 50
    assert Execution(World(scene), outcome.plan).run().succeeded(scene.breaks_at_n)
