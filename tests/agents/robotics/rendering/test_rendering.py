"""Pictures show what was recorded; where nothing can draw, that is said, and a flat drawing takes their place."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from PIL import Image

from zaphod.agents.robotics.perception.cameras import ABOVE, SIDE, Camera
from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.recording.recording import Recording, act
from zaphod.agents.robotics.rendering import rendering
from zaphod.agents.robotics.rendering.flat import flat_svg
from zaphod.agents.robotics.rendering.moments import moments
from zaphod.agents.robotics.rendering.process import Shot, State
from zaphod.agents.robotics.rendering.rendering import Way, draw, state_at, tried, way_to_draw, why_not
from zaphod.agents.robotics.rendering.strip import film_webp, strip_png
from zaphod.agents.robotics.scene import believed
from zaphod.agents.robotics.scene import draw as drawn_scene
from zaphod.core.errors import UnavailableError

SCENE = drawn_scene(3)
STATE = State(position_m=(0.0, 0.5, 0.6), pads_m=(0.04, 0.04), load_m=(-0.2, 0.0, 0.04), load_quaternion=(1, 0, 0, 0))
WILD = Proposal(force_n=1.0, height_m=0.15, lift_s=0.8, cross_s=0.8, closing_speed_m_s=0.02)


@pytest.fixture
def _can_draw() -> None:
    if way_to_draw() is None:
        pytest.skip(f"nothing here can draw: {why_not()}")


@pytest.fixture
def _cannot_draw(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(rendering, "WAYS", (Way("nothing", "nothing"),))
    tried.cache_clear()
    yield
    tried.cache_clear()


@pytest.fixture(scope="module")
def recording() -> Recording:
    belief = believed(SCENE, 3)
    return act(belief, SCENE, until_accepted(WILD, belief), instruction=None, planner="test")


@pytest.mark.usefixtures("_can_draw")
@pytest.mark.parametrize("camera", [ABOVE, SIDE], ids=["above", "side"])
def test_a_load_is_drawn_where_it_is(camera: Camera) -> None:
    moved = State(**{**{name: getattr(STATE, name) for name in STATE.__struct_fields__}, "load_m": (-0.1, 0.1, 0.04)})
    shots = [Shot(scene=SCENE, state=state, camera=camera.name) for state in (STATE, moved)]
    before, after = (picture.astype(float) for picture in draw(shots, width=480, height=360))
    for one, other, place in ((before, after, STATE.load_m), (after, before, moved.load_m)):
        ((column, row),) = camera.project(np.array([place]), 360, 480)
        here = (int(row), int(column))
        assert one[here][2] - one[here][0] > 20
        assert other[here][2] - other[here][0] < 20


@pytest.mark.usefixtures("_can_draw")
def test_pictures_of_several_scenes_are_drawn_at_once() -> None:
    higher = dataclasses.replace(SCENE, wall_height_m=0.3)
    first, second, third = draw([Shot(scene=one, state=STATE, camera="side") for one in (SCENE, higher, SCENE)])
    assert first.shape == (360, 480, 3)
    assert (first == third).all()
    assert (first != second).any()


@pytest.mark.usefixtures("_cannot_draw")
def test_where_nothing_can_draw_each_way_is_named_with_its_reason() -> None:
    assert way_to_draw() is None
    assert set(why_not()) == {"nothing"}
    with pytest.raises(UnavailableError, match=r"Nothing here can draw: nothing: .*MUJOCO_GL"):
        draw([Shot(scene=SCENE, state=STATE, camera="side")])


def test_the_moments_of_a_carried_load_come_in_their_order(recording: Recording) -> None:
    found = moments(recording)
    assert [one.name for one in found] == ["above", "grasp", "lift", "over the wall", "down", "released"]
    over, down = found[3], found[4]
    assert recording.samples.load_m[over.number][0] == pytest.approx(recording.belief.wall_x_m, abs=0.02)
    assert min(recording.samples.pad_forces_n[down.number]) > 0.05
    assert max(recording.samples.pad_forces_n[min(down.number + 5, len(recording.samples) - 1)]) < 0.05


def test_an_episode_that_was_stopped_ends_with_that_moment(recording: Recording) -> None:
    assert recording.outcome is not None
    some = {name: values[: len(values) // 2] for name, values in vars(recording.samples).items()}
    stopped = dataclasses.replace(
        recording,
        samples=dataclasses.replace(recording.samples, **some),
        outcome=dataclasses.replace(recording.outcome, stopped="a person came"),
    )
    names = [one.name for one in moments(stopped)]
    assert names[-1] == "stopped"
    assert "down" not in names


def test_what_was_refused_has_no_moments(recording: Recording) -> None:
    empty = dataclasses.replace(recording.samples, **dict.fromkeys(vars(recording.samples), ()))
    assert moments(dataclasses.replace(recording, samples=empty)) == []


def test_a_flat_drawing_has_the_load_and_the_hand_where_they_are(recording: Recording) -> None:
    states = [state_at(recording.samples, number) for number in (0, len(recording.samples) // 2)]
    first, second = (ElementTree.fromstring(flat_svg(SCENE, state, "a < b")) for state in states)
    loads = [next(one for one in svg.iter("rect") if "transform" in one.attrib) for svg in (first, second)]
    moved_m = recording.samples.load_m[len(recording.samples) // 2][0] - recording.samples.load_m[0][0]
    assert float(loads[1].attrib["x"]) - float(loads[0].attrib["x"]) == pytest.approx(420 * moved_m, abs=0.3)
    assert first.attrib["aria-label"] == "a < b"


def test_a_strip_has_all_its_pictures_and_a_film_plays_them() -> None:
    pictures = [np.full((60, 80, 3), shade, np.uint8) for shade in (10, 120, 240)]
    strip = Image.open(io.BytesIO(strip_png(pictures, ["1", "2", "3"]))).convert("RGB")
    assert strip.size == (3 * 88 + 8, 60 + 38)
    assert [strip.getpixel((48 + 88 * n, 30)) for n in range(3)] == [(10,) * 3, (120,) * 3, (240,) * 3]
    film = Image.open(io.BytesIO(film_webp(pictures, 0.08)))
    assert getattr(film, "n_frames", 1) == 3
