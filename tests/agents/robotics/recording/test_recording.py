"""What is recorded is what happened, comes back as it was, and nothing malformed is read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.monitoring.monitor import Reading
from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.recording.clearance import Clearance
from zaphod.agents.robotics.recording.recording import Recording, Samples, act, open_recording, read_recording, refused
from zaphod.agents.robotics.scene import believed, draw
from zaphod.core.errors import ConfigError
from zaphod.safety.verification.certificates import digest
from zaphod.safety.verification.contracts import read_contract

WILD = Proposal(force_n=1.0, height_m=0.15, lift_s=0.8, cross_s=0.8, closing_speed_m_s=0.02)
UPRIGHT = np.array([[1.0, 0.0, 0.0, 0.0]])


@pytest.fixture(scope="module")
def recording() -> Recording:
    scene, belief = draw(3), believed(draw(3), 3)
    return act(belief, scene, until_accepted(WILD, belief), instruction="Carry it.", planner="test")


def test_an_episode_comes_back_as_it_was(recording: Recording, tmp_path: Path) -> None:
    recording.write(tmp_path / "episode.json")
    assert open_recording(tmp_path / "episode.json") == recording
    assert read_recording(json.dumps(recording.document())) == recording


def test_samples_are_taken_fifty_times_a_second_from_the_beginning_to_the_end(recording: Recording) -> None:
    times = recording.samples.time_s
    assert recording.outcome is not None
    assert times[0] == 0
    assert times[-1] == pytest.approx(recording.outcome.seconds, abs=0.003)
    assert np.diff(times)[:-1] == pytest.approx(0.02, abs=0.0021)


def test_no_blow_between_two_samples_is_lost(recording: Recording) -> None:
    assert recording.outcome is not None
    assert np.max(recording.samples.pad_forces_n) == recording.outcome.peak_force_n


def test_what_was_carried_out_was_proved_and_stayed_clear(recording: Recording) -> None:
    assert recording.proof is not None
    assert recording.limits is not None
    assert recording.limits.force_n is not None
    assert recording.outcome is not None
    assert recording.proof.accepted
    assert recording.outcome.succeeded
    assert 0 < min(recording.samples.clearance_m) < 0.1
    assert set(recording.samples.rung) == {"go"}
    assert "mass" in recording.assuming
    assert recording.limits.force_n[0] < recording.limits.force_n[1] < recording.scene.breaks_at_n


def test_an_episode_stays_small(recording: Recording) -> None:
    assert len(recording.to_json()) < 150 * len(recording.samples) + 20_000


def test_a_certificate_is_named_by_its_digest(recording: Recording) -> None:
    belief = believed(draw(0), 0)
    outcome = dataclasses.replace(until_accepted(WILD, belief), refusal="not wanted")
    found = act(belief, draw(0), outcome, instruction=None, planner="test", certificate={"format": "x"})
    assert found.certificate_sha256 == digest({"format": "x"})


def test_what_is_refused_is_not_carried_out() -> None:
    belief = dataclasses.replace(believed(draw(0), 0), breaks_at_n=1.0)
    found = act(belief, draw(0), until_accepted(WILD, belief), instruction=None, planner="test")
    assert found.refusal.startswith("No force holds it")
    assert len(found.samples) == 0
    assert found.outcome is None
    assert not found.rounds[-1].accepted
    assert read_recording(found.to_json()) == found


def test_the_monitors_rung_is_recorded() -> None:
    def lost(reading: Reading) -> Reading | None:
        return None if reading.stamp_s > 6.0 else reading

    scene, belief = draw(3), believed(draw(3), 3)
    found = act(belief, scene, until_accepted(WILD, belief), instruction=None, planner="test", fault=lost)
    assert found.outcome is not None
    assert found.samples.rung[0] == "go"
    assert found.samples.rung[-1] == "hold"
    assert found.samples.pace[-1] == 0
    assert found.outcome.stopped == "no measurement arrived"


def contract_with(*obstacles: dict[str, Any]) -> Clearance:
    document = {
        "name": "test",
        "load": {"mass": "1 kg", "bodies": [{"at": ["0 m", "0 m", "1 m"], "radius": "0.1 m"}]},
        "gripper": {"friction": "0.5", "bodies": [{"at": ["0 m", "0 m", "0 m"], "radius": "0.5 m"}]},
        "obstacles": list(obstacles),
        "clearance": {"margin": "1 mm"},
    }
    return Clearance(read_contract(document))


BOX = {"name": "box", "low": ["0 m", "0 m", "0 m"], "high": ["1 m", "1 m", "1 m"]}
FAR = np.array([[100.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("tool", "apart"),
    [([3.0, 0.5, 0.5], 1.5), ([2.0, 2.0, 0.5], np.sqrt(2) - 0.5), ([0.5, 0.5, 0.9], -0.6)],
    ids=["beside a face", "beside an edge", "inside"],
)
def test_clearance_of_a_box_is_the_distance_of_its_surface(tool: list[float], apart: float) -> None:
    assert contract_with(BOX)(np.zeros(1), np.array([tool]), FAR, UPRIGHT)[0] == pytest.approx(apart)


def test_a_ball_that_moves_has_come_closer() -> None:
    ball = {"name": "ball", "at": ["0 m", "0 m", "0 m"], "radius": "1 m", "speed": "0.5 m/s"}
    tools = np.array([[5.0, 0.0, 0.0]] * 2)
    found = contract_with(ball)(np.array([0.0, 2.0]), tools, np.repeat(FAR, 2, 0), np.repeat(UPRIGHT, 2, 0))
    assert found == pytest.approx([3.5, 2.5])


def test_balls_of_a_load_that_lies_lie_with_it() -> None:
    lies = np.array([[np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0]])  # a quarter turn about y: what was above is at +x
    found = contract_with(BOX)(np.zeros(1), FAR, np.array([[-2.0, 0.5, 0.5]]), lies)
    assert found[0] == pytest.approx(0.9)


def test_what_may_be_touched_has_no_clearance() -> None:
    assert contract_with({**BOX, "may_be_touched": True})(np.zeros(1), FAR, FAR, UPRIGHT)[0] == np.inf


@pytest.fixture(scope="module")
def short(recording: Recording) -> dict[str, Any]:
    few = {name: values[:3] for name, values in vars(recording.samples).items()}
    return dataclasses.replace(recording, samples=Samples(**few)).document()


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("format",), "zaphod-episode-2", "format"),
        (("planner",), None, "planner"),
        (("scene", "mass_kg"), "heavy", "scene.mass_kg"),
        (("belief", "start_m"), [1.0], "belief.start_m"),
        (("rounds",), [{"accepted": True}], "rounds[0]"),
        (("plan",), {"format": "zaphod-plan-1", "steps": []}, "steps"),
        (("contract",), {"name": "nothing"}, "requires nothing"),
        (("plan",), None, "missing"),
        (("outcome",), None, "missing"),
        (("samples", "time_s"), [0.0, 0.02], "has 3 values"),
        (("samples", "time_s"), [0.0, 0.02, 0.02], "does not grow"),
        (("samples", "rung"), ["go", "go", "run"], "samples.rung"),
        (("samples", "pace"), [1.0, 1.0, 2.0], "from 0 to 1"),
        (("samples", "load_quaternion"), [[0.0] * 4] * 3, "no rotation"),
        (("samples", "load_m"), [[0.0, 0.0]] * 3, "load_m"),
    ],
)
def test_what_is_malformed_is_refused_by_name(short: dict[str, Any], place: list[str], value: Any, told: str) -> None:
    document = json.loads(json.dumps(short))
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ConfigError, match=told.replace("[", r"\[")):
        read_recording(json.dumps(document))


def test_a_recording_of_nothing_needs_a_reason() -> None:
    found = refused(believed(draw(0), 0), draw(0), "It was not asked for.", instruction="x", planner="p")
    assert read_recording(found.to_json()) == found
    with pytest.raises(ConfigError, match="no refusal says why"):
        read_recording(dataclasses.replace(found, refusal="").to_json())


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.json cannot be read"):
        open_recording(tmp_path / "gone.json")


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format":NaN}'])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError, match="This is no recording"):
        read_recording(data)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_spoilt_bytes_are_read_or_refused_and_nothing_else(short: dict[str, Any], data: st.DataObject) -> None:
    text = bytearray(json.dumps(short), "ascii")
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_recording(bytes(text))
    except ConfigError:
        return
    assert len(found.samples) == 3
