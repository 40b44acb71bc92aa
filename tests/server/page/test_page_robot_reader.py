"""What the replay makes of files that nobody vouches for, and its arithmetic, in the browser that will run them."""

from __future__ import annotations

import copy
import json
import math
import random
import re
from importlib.resources import files
from typing import Any

import pytest
from tests.server.page import episodes
from tests.server.page.conftest import Visit

READ = """(() => {
  try { return { found: "", read: m.readRecording(a[0]) }; }
  catch (error) {
    if (error.constructor.name !== "Malformed") throw error;
    return { found: error.found, wanted: error.wanted, remedy: error.remedy };
  }
})()"""


def reading(tab: Visit, document: Any) -> dict[str, Any]:
    """What the reader says: the episode, or why it is none."""
    text = document if isinstance(document, str) else json.dumps(document)
    told: dict[str, Any] = tab.run("robot-recording", READ, text)
    return told


def test_an_episode_is_read_whole(tab: Visit) -> None:
    read = reading(tab, episodes.episode())["read"]
    assert read["samples"]["num"] == episodes.NUM
    assert read["proof"]["claims"][0] == ["grip", 24]
    assert read["path"][0] == [-0.2, 0.05, 0.35]
    assert (len(read["obstacles"]), read["isPathWhole"]) == (2, True)


@pytest.mark.parametrize("none", [{}, {"time_s": []}, None])
def test_a_refused_one_has_no_samples(tab: Visit, none: dict[str, list[float]] | None) -> None:
    assert reading(tab, episodes.refused(samples=none))["read"]["samples"] is None


WRONG = {
    "": "no JSON",
    "{": "no JSON",
    "[" * 200_000: "no JSON",
    "null": "It holds null",
    "[]": "a list of 0",
    '{"format": "zaphod-episode-2"}': "“zaphod-episode-2”",
    '{"__proto__": {"format": "zaphod-episode-1"}}': "Its format is missing",
    '{"format": "zaphod-episode-1"}': "planner is missing",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_no_episode_is_refused_in_words(tab: Visit, text: str) -> None:
    told = reading(tab, text)
    assert WRONG[text] in told["found"]
    assert told["wanted"]
    assert told["remedy"]


def changed(path: str, value: Any) -> dict[str, Any]:
    """An episode with one member of another value; `...` takes it out."""
    document = copy.deepcopy(episodes.episode())
    *names, last = path.split(".")
    inner: Any = document
    for name in names:
        inner = inner[int(name) if isinstance(inner, list) else name]
    if value is ...:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("planner", 3, "planner is 3."),
        ("planner", "x" * 10_001, "planner is “xxx"),
        ("refusal", ..., "refusal is missing."),
        ("scene.radius_m", -1, "scene.radius_m is -1."),
        ("scene.start_m", [1], "scene.start_m is a list of 1."),
        ("scene.goal_m.1", "far", "scene.goal_m[1] is “far”."),
        ("rounds.0.findings", "none", "rounds[0].findings is “none”."),
        ("proof.claims", {str(n): 1 for n in range(65)}, "proof.claims has 65 members."),
        ("limits.force_n", [1, 2, 3], "limits.force_n is a list of 3."),
        ("samples.rung.7", "panic", "samples.rung[7] is “panic”."),
        ("samples.pace.0", 1.5, "samples.pace[0] is 1.5."),
        ("samples.load_m.3", [0, 0, 1e9], "samples.load_m[3][2] is 1000000000."),
        ("samples.load_m.3", [0, 0, None], "samples.load_m[3][2] is null."),
        ("samples.load_quaternion.2", [0, 0, 0, 0], "samples.load_quaternion[2] is no rotation."),
        ("samples.time_s.5", 0.01, "samples.time_s[5] is 0.01."),
        ("samples.clearance_m", [0.1] * 399, "samples.clearance_m has 399 values."),
        ("samples.clearance_m", ..., "samples.clearance_m is missing."),
        ("samples.time_s", list(range(100_001)), "samples.time_s is a list of 100001."),
        ("outcome", None, "outcome is null."),
        ("outcome.stopped", None, "outcome.stopped is null."),
        ("samples", None, "refusal is “”."),
    ],
)
def test_a_wrong_member_is_named_with_what_it_is_and_must_be(tab: Visit, path: str, value: Any, told: str) -> None:
    found = reading(tab, changed(path, value))
    assert found["found"].startswith(told)
    assert re.match("It must|There|A rec|Its", found["wanted"])


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, 10**400, "", "\ud800", "<b>", "\u202e" * 50, [], {}, [[]], [None] * 5,
    {"__proto__": {"x": 1}}, {"constructor": 1, "toString": 2}, "x" * 20_000,
)  # fmt: skip

MUTATED = """(async () => {
  const { EpisodeView } = await import("/page/robot-episode.js");
  const root = document.querySelector("main") ?? document.body;
  const counts = { shown: 0, refused: 0 };
  for (const json of a[0]) {
    let episode;
    try { episode = m.readRecording(json); }
    catch (error) {
      if (error.constructor.name !== "Malformed" || !error.found || !error.wanted || !error.remedy) throw error;
      counts.refused += 1;
      continue;
    }
    const view = new EpisodeView(episode, { say() {}, copy() {} });
    root.append(view.element);
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    view.player?.step(3);
    view.player?.seek(1e9);
    view.end();
    if (view.element.querySelector("img, script, iframe, object")) throw new Error("markup");
    view.element.remove();
    counts.shown += 1;
  }
  return counts;
})()"""


def mutated(rng: random.Random) -> str:
    """An episode with a few members changed, exchanged or taken out; at times its text is cut or has a byte changed."""
    document = copy.deepcopy(rng.choice([small, episodes.refused])())
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(list(places(document)))
        if rng.random() < 0.2 and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(ODD))
    text = json.dumps(document)
    if rng.random() < 0.2:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", "0", "}", "\\", '"']) + text[at + 1 :]
    return text[: rng.randrange(len(text))] if rng.random() < 0.05 else text


def small() -> dict[str, Any]:
    document = episodes.stopped()
    document["samples"] = {name: values[::40] for name, values in document["samples"].items()}
    return document


def places(value: Any) -> Any:
    """Every (holder, key) inside, so that each is as likely as another; of long lists the first two and the last."""
    keys = list(value) if isinstance(value, dict) else [*range(len(value))][:2] + [len(value) - 1]
    for key in keys:
        yield value, key
        if isinstance(value[key], dict) or (isinstance(value[key], list) and value[key]):
            yield from places(value[key])


@pytest.mark.parametrize("seed", range(4))
def test_mutated_recordings_are_shown_or_refused_by_name(tab: Visit, seed: int) -> None:
    rng = random.Random(seed)
    counts = tab.run("robot-recording", MUTATED, [mutated(rng) for _ in range(120)])
    assert counts["refused"] > 40
    assert counts["shown"] > 5


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("0.25 m", 0.25), ("-12.5 mm", -0.0125), ("+3e1 cm", 0.3), ("5 µm", 5e-6), (".5m", 0.5), ("5", None),
        ("5 N", None), ("5 constructor", None), ("1e99 m", None), (5, None), (None, None), ("x" * 200, None),
    ],
)  # fmt: skip
def test_lengths_are_read_with_their_units(tab: Visit, written: Any, length: float | None) -> None:
    found = tab.run("robot-plan", "m.metres(a[0])", written)
    assert found == (None if length is None else pytest.approx(length))


def test_a_followed_path_is_drawn_and_what_cannot_be_drawn_is_told(tab: Visit) -> None:
    piece = {"duration": "1 s", "x": ["0 m", "1 m"], "y": ["0 m"], "z": ["0 m", "0 m", "2 m"]}
    steps = [{"do": "follow", "pieces": [piece]}, {"do": "dance"}]
    drawn = tab.run("robot-plan", "m.drawable(a[0], null)", {"steps": steps})
    assert drawn["path"][8] == pytest.approx([0.5, 0, 0.5])
    assert drawn["isPathWhole"] is False


def test_a_cylinder_that_stands_is_a_rectangle_from_the_side_and_a_circle_from_above(tab: Visit) -> None:
    call = "m.cylinder(m.VIEWS[a[0]], [1, 2, 3], a[1], 0.02, 0.05)"
    side = tab.run("robot-geometry", call, "side", [1, 0, 0, 0])
    assert (min(p[0] for p in side), max(p[0] for p in side)) == pytest.approx((0.98, 1.02))
    assert (min(p[1] for p in side), max(p[1] for p in side)) == pytest.approx((2.95, 3.05))
    top = tab.run("robot-geometry", call, "top", [1, 0, 0, 0])
    assert all(math.dist(point, (1, 2)) == pytest.approx(0.02) for point in top)


def test_a_cylinder_that_has_fallen_lies(tab: Visit) -> None:
    quarter = [math.cos(math.pi / 4), 0, math.sin(math.pi / 4), 0]  # about y
    side = tab.run("robot-geometry", "m.cylinder(m.VIEWS.side, [0, 0, 0], a[0], 0.02, 0.05)", quarter)
    assert max(p[0] for p in side) == pytest.approx(0.05)
    assert max(p[1] for p in side) == pytest.approx(0.02)


@pytest.mark.parametrize(("time_s", "index"), [(-1, 0), (0, 0), (0.019, 0), (0.02, 1), (0.05, 2), (9, 3)])
def test_a_moment_is_the_last_one_that_is_not_later(tab: Visit, time_s: float, index: int) -> None:
    assert tab.run("robot-player", "m.indexAt([0, 0.02, 0.04, 0.06], a[0])", time_s) == index


@pytest.mark.parametrize("end", [1e-9, 0.013, 0.1, 5.4, 8, 1999, 1e9])
def test_ticks_are_few_and_round(tab: Visit, end: float) -> None:
    found = tab.run("robot-chart", "m.ticks(a[0], 4)", end)
    assert 2 <= len(found) <= 6
    assert found[-1] <= end * 1.000001


def test_the_drawn_hand_is_the_simulated_one(tab: Visit) -> None:
    world = pytest.importorskip("zaphod.agents.robotics.simulation.world", reason="the extra robotics is not installed")
    drawn = tab.run("robot-geometry", "({ pad: m.PAD_RADIUS_M, hand: m.HAND, table: m.TABLE })")
    assert drawn["pad"] == world.PAD_RADIUS_M
    assert drawn["hand"] == {"above_m": world.HAND_ABOVE_M, "radius_m": world.HAND_RADIUS_M}
    assert drawn["table"]["half_m"] == world.TABLE_HALF_M


def test_the_replay_s_html_holds_no_inline_script_or_style() -> None:
    html = files("zaphod.server.page").joinpath("robot.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r"<style|\bstyle=|\bon[a-z]+=|javascript:", html) == []
