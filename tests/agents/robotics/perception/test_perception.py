"""What is seen is where it is said to be, within the error that is said; what is not seen for certain is refused."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import ConvexHull

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

import mujoco

from zaphod.agents.robotics.perception.cameras import ABOVE, SIDE, Camera
from zaphod.agents.robotics.perception.edges import edge, patches
from zaphod.agents.robotics.perception.perception import HEIGHT, WIDTH, Percept, believed, see, shots
from zaphod.agents.robotics.perception.shapes import Body, View, box, cylinder, fit
from zaphod.agents.robotics.planning.carrying import Proposal, contract_document
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.rendering.rendering import Pixels, draw, way_to_draw, why_not
from zaphod.agents.robotics.scene import Belief, Scene
from zaphod.agents.robotics.scene import believed as told_of
from zaphod.agents.robotics.scene import draw as drawn_scene
from zaphod.agents.robotics.simulation.execution import Execution
from zaphod.agents.robotics.simulation.world import World
from zaphod.core.errors import UnseenError
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.verify import verify

SEEDS = (0, 3, 11)
WILD = Proposal(force_n=1.0, height_m=0.15, lift_s=0.8, cross_s=0.8, closing_speed_m_s=0.02)

Pictures = dict[str, Pixels]


@pytest.fixture(scope="module")
def seen() -> dict[int, Pictures]:
    if way_to_draw() is None:
        pytest.skip(f"nothing here can draw: {why_not()}")
    wanted = [shot for seed in SEEDS for shot in shots(drawn_scene(seed))]
    pixels = draw(wanted, width=WIDTH, height=HEIGHT)
    pairs = [dict(zip(("above", "side"), pixels[n : n + 2], strict=True)) for n in range(0, len(pixels), 2)]
    return dict(zip(SEEDS, pairs, strict=True))


def truth(scene: Scene) -> dict[str, float]:
    return {
        "load_x": scene.start_m[0],
        "load_y": scene.start_m[1],
        "radius": scene.radius_m,
        "half_height": scene.half_height_m,
        "goal_x": scene.goal_m[0],
        "goal_y": scene.goal_m[1],
        "wall_x": scene.wall_x_m,
        "wall_half_thickness": scene.wall_half_thickness_m,
        "wall_height": scene.wall_height_m,
    }


def painted(pictures: Pictures, camera: Camera, at: tuple[float, float, float], radius: int, like: Pixels) -> Pictures:
    """The same pictures with a disc in one of them, of another pixel's colour."""
    changed = {name: picture.copy() for name, picture in pictures.items()}
    ((column, row),) = camera.project(np.array([at]), HEIGHT, WIDTH)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    changed[camera.name][(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = like
    return changed


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_is_where_it_is_said_to_be(seen: dict[int, Pictures], seed: int) -> None:
    percept, true = see(seen[seed]), truth(drawn_scene(seed))
    for name, value in true.items():
        measured = getattr(percept, name)
        assert measured.covers(value), name
        assert measured.error < 0.003, name


def colour(pictures: Pictures, camera: Camera, at: tuple[float, float, float]) -> Pixels:
    ((column, row),) = camera.project(np.array([at]), HEIGHT, WIDTH)
    return np.asarray(pictures[camera.name][int(row), int(column)])


def test_a_load_that_is_not_there_is_not_guessed(seen: dict[int, Pictures]) -> None:
    scene, table = drawn_scene(0), colour(seen[0], ABOVE, (-0.4, 0.3, 0.0))
    for camera in (ABOVE, SIDE):
        gone = painted(seen[0], camera, (*scene.start_m, scene.half_height_m), 70, table)
        with pytest.raises(UnseenError, match=f"The load is not seen by the camera {camera.name}"):
            see(gone)


def test_two_loads_are_not_told_apart(seen: dict[int, Pictures]) -> None:
    scene = drawn_scene(0)
    glass = colour(seen[0], ABOVE, (*scene.start_m, 2 * scene.half_height_m))
    twice = painted(seen[0], ABOVE, (-0.2, 0.3, 0.0), 22, glass)
    with pytest.raises(UnseenError, match="sees 2 things that could be the load"):
        see(twice)


def test_a_load_that_is_half_hidden_has_another_shape(seen: dict[int, Pictures]) -> None:
    (x, y), height = drawn_scene(0).start_m, drawn_scene(0).half_height_m
    hidden = painted(seen[0], ABOVE, (x + 0.03, y, 2 * height), 22, np.array([30, 30, 30], np.uint8))
    with pytest.raises(UnseenError, match="What could be the load has another shape"):
        see(hidden)


def test_a_load_at_the_edge_of_a_picture_is_cut_off(seen: dict[int, Pictures]) -> None:
    scene, picture = drawn_scene(0), seen[0]["above"]
    ((column, _),) = ABOVE.project(np.array([[*scene.start_m, scene.half_height_m]]), HEIGHT, WIDTH)
    moved = np.concatenate([picture[:, int(column) :], np.repeat(picture[:, -1:], int(column), axis=1)], axis=1)
    with pytest.raises(UnseenError, match="The load is cut off by the edge of the picture above"):
        see({**seen[0], "above": moved})


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        (lambda picture: np.zeros_like(picture), "is dark"),
        (lambda picture: np.full_like(picture, 128), "shows one surface only"),
        (lambda picture: np.minimum(picture.astype(int) * 4, 255).astype(np.uint8), "overexposed"),
        (lambda picture: picture[..., 0], "has the shape"),
    ],
    ids=["covered", "a hand before the lens", "overexposed", "no colours"],
)
def test_a_spoilt_picture_is_refused(seen: dict[int, Pictures], spoilt: object, told: str) -> None:
    assert callable(spoilt)
    for name in ("above", "side"):
        with pytest.raises(UnseenError, match=told):
            see({**seen[0], name: spoilt(seen[0][name])})


def test_both_cameras_are_needed(seen: dict[int, Pictures]) -> None:
    with pytest.raises(UnseenError, match="no picture of the camera side"):
        see({"above": seen[0]["above"]})


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_from_what_was_seen_is_proved_and_succeeds(seen: dict[int, Pictures], seed: int) -> None:
    scene, told = drawn_scene(seed), told_of(drawn_scene(seed), seed)
    belief = belief_from(see(seen[seed]), told)
    outcome = until_accepted(WILD, belief)
    assert not outcome.refusal
    assert Execution(World(scene), outcome.plan).run().succeeded(scene.breaks_at_n)


def belief_from(percept: Percept, told: Belief) -> Belief:
    return believed(
        percept,
        mass_kg=told.mass_kg,
        friction=told.friction,
        breaks_at_n=told.breaks_at_n,
        force_error_n=told.force_error_n,
    )


def test_the_cameras_are_those_of_the_simulator() -> None:
    model = World(drawn_scene(0)).model
    for camera in (ABOVE, SIDE):
        own = model.camera(camera.name)
        turned = np.zeros(9)
        mujoco.mju_quat2Mat(turned, own.quat)
        assert own.pos == pytest.approx(camera.position_m)
        assert turned.reshape(3, 3)[:, 0] == pytest.approx(camera.right)
        assert turned.reshape(3, 3)[:, 1] == pytest.approx(camera.up)
        assert float(own.fovy[0]) == camera.opening_degrees


@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(0, 0.2))
def test_a_point_is_found_again_where_its_plane_is_known(x: float, y: float, z: float) -> None:
    for camera in (ABOVE, SIDE):
        ((column, row),) = camera.project(np.array([[x, y, z]]), HEIGHT, WIDTH)
        assert camera.on_plane((column, row), z, HEIGHT, WIDTH) == pytest.approx((x, y))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.floats(0.2, 0.8))
def test_patches_are_those_of_scipy(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((17, 23)) < share
    labels, num = ndimage.label(mask)
    theirs = sorted(tuple(np.flatnonzero(labels == n + 1)) for n in range(num))
    assert sorted(tuple(np.flatnonzero(patch.mask)) for patch in patches(mask, 1)) == theirs


def test_an_edge_is_found_between_pixels() -> None:
    columns = np.clip(np.arange(40) + 1 - 12.3, 0, 1)  # covered from column 12.3 on
    score = np.tile(columns, (20, 1))
    points = edge(score, score >= 0.5, 0.5)
    assert np.median(points[:, 0]) == pytest.approx(12.3, abs=1e-9)


def test_a_fit_finds_a_cylinder_and_a_wall_again() -> None:
    rng = np.random.default_rng(0)
    for make, right, start in (
        (lambda k: cylinder(k[0], k[1], k[2], k[3]), [-0.21, 0.07, 0.024, 0.037], [-0.2, 0.05, 0.02, 0.04]),
        (lambda k: box(k[0], k[1], k[2], 0.6), [0.012, 0.01, 0.17], [0.0, 0.012, 0.15]),
    ):
        views = [View(camera, HEIGHT, WIDTH, outline(camera, make(np.array(right)), rng)) for camera in (ABOVE, SIDE)]
        found = fit(make, start, views)
        assert found.values_K == pytest.approx(right, abs=5e-4)
        assert found.residual_pixels < 0.5


def outline(camera: Camera, body: Body, rng: np.random.Generator) -> np.ndarray:
    """Points on the hull of a body's image, spoilt by a third of a pixel."""
    corners = camera.project(body.corners_VX, HEIGHT, WIDTH)
    hull = corners[ConvexHull(corners).vertices]
    ends = np.roll(hull, -1, axis=0)
    shares = np.linspace(0, 1, 30)[:, None, None]
    points = (hull + shares * (ends - hull)).reshape(-1, 2)
    inside = (points > 0).all(axis=1) & (points < (WIDTH, HEIGHT)).all(axis=1)
    return np.asarray(points[inside] + rng.normal(0, 0.33, (int(inside.sum()), 2)))


def true_contract(belief: Belief, scene: Scene) -> Contract:
    """What really holds while a plan made from a belief is carried out: the load's balls are where the load is."""
    exact = dataclasses.replace(
        belief,
        radius_m=scene.radius_m,
        half_height_m=scene.half_height_m,
        wall_x_m=scene.wall_x_m,
        wall_half_thickness_m=scene.wall_half_thickness_m,
        wall_height_m=(scene.wall_height_m, scene.wall_height_m),
        load_error_m=0.0,
        wall_error_m=0.0,
    )
    document = contract_document(exact)
    offset = [
        scene.start_m[0] - belief.start_m[0],
        scene.start_m[1] - belief.start_m[1],
        scene.half_height_m - belief.half_height_m,
    ]
    for ball in document["load"]["bodies"]:
        ball["at"] = [f"{float(at.split()[0]) + by:.6f} m" for at, by in zip(ball["at"], offset, strict=True)]
    return read_contract(document)


def test_what_is_proved_of_a_vague_belief_holds_of_every_scene_that_it_covers() -> None:
    rng = random.Random(0)
    for seed in range(25):
        scene, error, wall_error = drawn_scene(seed), 0.0015, 0.001

        def off(by: float) -> float:
            return rng.choice((-1, 1, rng.uniform(-1, 1))) * by * 0.999

        told = told_of(scene, seed)
        belief = dataclasses.replace(
            told,
            start_m=(scene.start_m[0] + off(error), scene.start_m[1] + off(error)),
            radius_m=scene.radius_m + off(error),
            half_height_m=scene.half_height_m + off(error),
            wall_x_m=scene.wall_x_m + off(wall_error / 2),
            wall_half_thickness_m=scene.wall_half_thickness_m + off(wall_error / 2),
            load_error_m=error,
            wall_error_m=wall_error,
        )
        outcome = until_accepted(WILD, belief)
        if not outcome.refusal:
            assert verify(outcome.plan, true_contract(belief, scene)).is_accepted


def test_without_errors_a_contract_is_what_it_was() -> None:
    document = contract_document(told_of(drawn_scene(0), 0))
    assert "off_centre" not in document["gripper"]
    vague = contract_document(dataclasses.replace(told_of(drawn_scene(0), 0), load_error_m=0.001))
    assert float(vague["gripper"]["friction"][0]) < float(document["gripper"]["friction"][0])
    assert vague["gripper"]["off_centre"] == "0.001414 m"
