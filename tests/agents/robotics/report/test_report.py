"""An episode's page tells what came of it, shows it against its limits, and asks nothing of the network."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from zaphod.agents.robotics.monitoring.monitor import Reading
from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.recording.recording import Recording, Round, act, refused
from zaphod.agents.robotics.rendering import rendering
from zaphod.agents.robotics.rendering.moments import moments
from zaphod.agents.robotics.rendering.rendering import Way, tried, way_to_draw, why_not
from zaphod.agents.robotics.report.charts import Limit, Line, Mark, chart, standalone
from zaphod.agents.robotics.report.page import page, told
from zaphod.agents.robotics.report.report import clearance_chart, forces_chart, write
from zaphod.agents.robotics.scene import believed, draw

WILD = Proposal(force_n=1.0, height_m=0.15, lift_s=0.8, cross_s=0.8, closing_speed_m_s=0.02)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def recording() -> Recording:
    belief = believed(draw(3), 3)
    outcome = until_accepted(WILD, belief)
    first = Round(proposal={"force_n": 1.0}, accepted=False, findings=("step 2: the load slips: <2 N",))
    found = act(belief, draw(3), outcome, instruction="Carry <it> & smile.", planner="test")
    return dataclasses.replace(found, rounds=(first, *found.rounds))


@pytest.fixture
def _cannot_draw(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(rendering, "WAYS", (Way("nothing", "nothing"),))
    tried.cache_clear()
    yield
    tried.cache_clear()


def test_a_page_and_its_pictures_are_written(recording: Recording, tmp_path: Path) -> None:
    if way_to_draw() is None:
        pytest.skip(f"nothing here can draw: {why_not()}")
    files = write(recording, tmp_path / "new", has_film=True)
    assert files.strip.name == "strip.png"
    assert {file.name for file in (tmp_path / "new").iterdir()} == {file.name for file in files if file is not None}
    text = files.report.read_text()
    assert text.count("data:image/webp;base64,") == 6
    assert "Drawn by MuJoCo" in text
    assert len(text) < 400_000


@pytest.mark.usefixtures("_cannot_draw")
def test_where_nothing_can_draw_the_strip_is_flat_and_says_why(recording: Recording, tmp_path: Path) -> None:
    files = write(recording, tmp_path, has_film=True)
    assert files.strip.name == "strip.svg"
    assert files.film is None
    assert len(list(ElementTree.parse(files.strip).getroot().iter(SVG + "svg"))) == 7
    text = files.report.read_text()
    assert "Drawn flat, from the side: MuJoCo cannot draw here (nothing: " in text
    assert text.count('class="flat"') == 6


@pytest.mark.usefixtures("_cannot_draw")
def test_a_page_asks_nothing_of_the_network_and_believes_no_text(recording: Recording, tmp_path: Path) -> None:
    text = write(recording, tmp_path).report.read_text()
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
    assert "Carry &lt;it&gt; &amp; smile." in text
    assert "the load slips: &lt;2 N" in text


@pytest.mark.usefixtures("_cannot_draw")
def test_what_was_refused_is_told_with_its_reason_and_leaves_no_curves(recording: Recording, tmp_path: Path) -> None:
    write(recording, tmp_path)
    nothing = refused(recording.belief, recording.scene, "A <person> is not carried.", instruction=None, planner="test")
    files = write(nothing, tmp_path)
    assert (files.forces, files.clearance) == (None, None)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.html", "strip.svg"]
    text = files.report.read_text()
    assert "<b>Refused.</b>Nothing was moved. A &lt;person&gt; is not carried." in text
    assert "none: there was no plan" in text


def test_a_page_says_what_was_proved_and_under_which_assumptions(recording: Recording) -> None:
    text = page(recording, [], "", [forces_chart(recording), clearance_chart(recording)])
    assert recording.assuming in text
    assert recording.proof is not None
    assert f"grip {recording.proof.claims['grip']}" in text
    assert recording.proof.subjects["plan"] in text
    assert "The load stands upright" in text


def test_a_stop_is_told_with_its_reason(recording: Recording) -> None:
    (over,) = (one for one in moments(recording) if one.name == "over the wall")

    def lost(reading: Reading) -> Reading | None:
        return None if reading.stamp_s > over.time_s else reading

    belief = believed(draw(3), 3)
    found = act(belief, draw(3), until_accepted(WILD, belief), instruction=None, planner="test", fault=lost)
    assert told(found) == "The monitor stopped it: no measurement arrived. The load is still held."
    text = page(found, [], "", [forces_chart(found)])
    assert "<b>Not done.</b>" in text
    begun = re.search(r"go from 0\.00 s, hold from (\d+\.\d\d) s", text)
    assert begun is not None
    assert float(begun[1]) == pytest.approx(over.time_s, abs=0.05)


def test_curves_stand_against_their_limits(recording: Recording) -> None:
    forces = ElementTree.fromstring(forces_chart(recording))
    assert [one.attrib["class"] for one in forces.iter("polyline")] == ["line line-1", "line line-2"]
    words = [one.text or "" for one in forces.iter("text")]
    assert "may break at 5 N" in words
    assert any(re.fullmatch(r"proved: \d\.\d\d to \d\.\d\d N", word) for word in words)
    clearance = ElementTree.fromstring(clearance_chart(recording))
    assert "margin 6 mm" in [one.text for one in clearance.iter("text")]


def test_a_limit_lies_where_the_axis_has_its_value() -> None:
    drawn = ElementTree.fromstring(chart("t", [Line("a", [(0, 0), (1, 4)])], limits=[Limit("l", 2), Limit("r", 1, 3)]))
    grid = [
        float(one.attrib["d"].split()[1].split("H")[0]) for one in drawn.iter("path") if one.attrib["class"] == "grid"
    ]
    bottom, top = max(grid), min(grid)
    (limit,) = (one for one in drawn.iter("path") if one.attrib["class"] == "limit")
    assert float(limit.attrib["d"].split()[1].split("H")[0]) == pytest.approx((bottom + top) / 2, abs=0.1)
    (area,) = (one for one in drawn.iter("rect") if one.attrib["class"] == "range")
    assert float(area.attrib["height"]) == pytest.approx((bottom - top) / 2, abs=0.2)


def test_a_chart_of_its_own_brings_its_colours() -> None:
    svg = standalone(chart("t", [Line("a", [(0, 0), (1, 1)])]))
    root = ElementTree.fromstring(svg)
    assert root.tag == SVG + "svg"
    assert "prefers-color-scheme:dark" in svg


def test_a_band_has_one_bar_for_each_state() -> None:
    band = [(0.0, "go"), (1.0, "go"), (2.0, "stop"), (3.0, "stop")]
    drawn = ElementTree.fromstring(chart("t", [Line("a", [(0, 0), (3, 1)])], band=band))
    bars = [one for one in drawn.iter("rect") if one.attrib["class"] in ("go", "stop")]
    assert [one[0].text for one in bars] == ["go from 0.00 s to 2.00 s", "stop from 2.00 s to 3.00 s"]


FLOATS = st.floats(-1e6, 1e6)


@settings(max_examples=60, deadline=None)
@given(st.lists(FLOATS, max_size=30), st.lists(FLOATS, max_size=3), st.none() | st.floats(0.001, 1e6))
def test_any_values_can_be_drawn(values: list[float], ends: list[float], most: float | None) -> None:
    limits = [Limit("<l>", end) for end in ends]
    svg = chart("<t>", [Line("a", list(enumerate(values)))], limits=limits, marks=[Mark("1", 0.0)], most=most)
    assert bool(svg) == bool(values)
    if svg:
        ElementTree.fromstring(svg)
        assert not re.search(r"\b(nan|inf)\b", svg)
        assert all(math.isfinite(float(one)) for one in re.findall(r' [xy]="([^"]*)"', svg))
