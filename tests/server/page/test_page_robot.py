"""The replay of a robot's episode in a real browser: what is shown, for whom, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.server.page import episodes
from tests.server.page.conftest import Visit, Visits
from tests.server.page.scripted import Script

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e'

MOVED = """() => new Promise((resolve) => {
  const look = () => (document.querySelector(".scrub").value > 3 ? resolve() : requestAnimationFrame(look));
  look();
})"""


def give(visit: Visit, document: Any, name: str = "episode.json") -> None:
    """As if a person had chosen this file."""
    text = document if isinstance(document, str) else json.dumps(document)
    visit.page.set_input_files("#file", {"name": name, "mimeType": "application/json", "buffer": text.encode()})


def shown(visit: Visit, document: Any) -> str:
    """The verdict once it is on the page."""
    give(visit, document)
    visit.page.wait_for_selector("#verdict")
    return visit.page.locator("#verdict").inner_text()


def figure(visit: Visit, name: str) -> str:
    cell = visit.page.locator(f".episode .cell:has(dt:text-is('{name}')) dd")
    return cell.inner_text()


def at_replay(visits: Visits, script: Script, **options: Any) -> Visit:
    visit = visits(script.url, **options)
    visit.page.goto(f"{script.url}page/robot.html")
    return visit


@pytest.fixture
def replay(visits: Visits, script: Script) -> Visit:
    return at_replay(visits, script)


def test_the_help_of_the_page_leads_to_the_replay(visit: Visit) -> None:
    visit.page.click("#open-help")
    visit.page.click("text=Replay a robot")
    visit.page.wait_for_selector("#choose")
    visit.page.click(".wordmark")
    visit.page.wait_for_selector("#question")


def test_an_empty_page_says_what_it_wants_and_that_nothing_is_sent(replay: Visit) -> None:
    text = replay.page.locator("#start").inner_text()
    assert "sent nowhere" in text
    assert "zaphod robot run" in text
    with replay.page.expect_file_chooser() as chosen:
        replay.page.click("#choose")
    assert chosen.value.element.get_attribute("id") == "file"


def test_an_episode_is_shown_with_its_proof(replay: Visit) -> None:
    assert shown(replay, episodes.episode()) == "Carried out. Nothing was broken."
    text = replay.page.locator(".episode").inner_text()
    for told in ("Pick up the fragile glass", "4.2 mm from its goal", "24 claims", "nothing to prove", "mass 0.135"):
        assert told in text
    assert "the load slips: mass 0.165 kg" in replay.page.locator(".rounds").inner_text()
    assert replay.page.locator("svg.scene").count() == 2
    assert replay.page.locator("svg.chart").count() == 2
    assert replay.page.locator("#start").is_hidden()


def test_the_path_of_a_line_keeps_every_peak(replay: Visit) -> None:
    forces = [[0.1, 0.1]] * episodes.NUM
    forces[123] = [4.9, 0.1]
    shown(replay, episodes.episode(samples=episodes.samples(pad_forces_n=forces)))
    drawn = replay.page.locator(".line[data-kind=first]").first.get_attribute("d") or ""
    heights = {point.split()[1] for point in drawn[1:].split("L")}
    assert len(heights) == 2


def test_playing_moves_every_picture_to_the_same_moment_and_ends(replay: Visit) -> None:
    shown(replay, episodes.episode())
    before = replay.page.locator("[data-view=side] .load").get_attribute("points")
    replay.page.select_option(".player select", "4")
    replay.page.click("text=Play")
    replay.page.wait_for_selector("#announcements >> text=The end.", state="attached")
    assert replay.page.locator("[data-view=side] .load").get_attribute("points") != before
    assert figure(replay, "time") == "7.98 s"
    assert replay.page.locator(".player .main").inner_text() == "Play"
    cursors = replay.page.eval_on_selector_all(".cursor", "(lines) => lines.map((line) => line.getAttribute('x1'))")
    assert len(set(cursors)) == 1


def test_playing_is_paused_where_it_is(replay: Visit) -> None:
    shown(replay, episodes.episode())
    replay.page.click("text=Play")
    replay.page.evaluate(MOVED)
    replay.page.click("text=Pause")
    stood = figure(replay, "time")
    replay.page.wait_for_timeout(200)
    assert figure(replay, "time") == stood
    assert f"Paused. {stood} of 7.98 s" in replay.page.locator("#announcements").inner_text()


def test_everything_is_reached_by_keyboard(replay: Visit) -> None:
    shown(replay, episodes.episode())
    press = replay.page.keyboard.press
    replay.page.focus(".scrub")
    press("ArrowRight")
    assert figure(replay, "time") == "0.02 s"
    press("PageUp")
    assert figure(replay, "time") == "1.02 s"
    press("PageDown")
    press("End")
    assert figure(replay, "time") == "7.98 s"
    press("Home")
    press("Space")
    replay.page.wait_for_selector(".player .main:text-is('Pause')")
    press("Alt+Shift+P")
    assert replay.page.locator(".player .main").inner_text() == "Play"
    value = replay.page.get_attribute(".scrub", "aria-valuetext") or ""
    assert "of 7.98 s, clearance" in value
    assert "monitor go" in value


def test_steps_go_one_sample_and_not_beyond_the_ends(replay: Visit) -> None:
    shown(replay, episodes.episode())
    replay.page.click("[aria-label='One moment back']")
    assert figure(replay, "time") == "0.00 s"
    replay.page.click("[aria-label='One moment on']")
    assert figure(replay, "time") == "0.02 s"


def test_a_click_into_a_chart_leads_to_its_moment(replay: Visit) -> None:
    shown(replay, episodes.episode())
    chart = replay.page.locator("svg.chart").first
    box = chart.bounding_box()
    assert box
    chart.click(position={"x": 52 + (box["width"] - 62) / 2, "y": 60})
    assert figure(replay, "time") in ("3.98 s", "4.00 s")


def test_the_rungs_of_the_monitor_are_a_band_and_lead_to_their_moments(replay: Visit) -> None:
    assert shown(replay, episodes.stopped()) == "Stopped by the monitor. Nothing was broken."
    rungs = replay.page.eval_on_selector_all(".rungs rect", "(all) => all.map((one) => one.dataset.rung)")
    assert rungs == ["go", "clamp", "slow", "stop"]
    replay.page.click("text=4.40 s slow")
    assert (figure(replay, "monitor"), figure(replay, "pace")) == ("slow", "40 %")
    assert "A person is 0.42 m away." in replay.page.locator(".verdict").inner_text()


def test_a_change_of_the_rung_is_said_while_it_plays(replay: Visit) -> None:
    shown(replay, episodes.stopped())
    replay.page.click("text=4.00 s clamp")
    replay.page.click("text=Play")
    replay.page.wait_for_selector("#announcements >> text=Monitor: slow.", state="attached")


def test_a_refused_plan_is_drawn_and_told_with_its_reason(replay: Visit) -> None:
    assert shown(replay, episodes.refused()) == "Refused. The robot did not move."
    text = replay.page.locator(".episode").inner_text()
    for told in (
        "No force holds it without breaking it",
        "Not every claim is proved",
        "No certificate was kept",
        "and 3 more",
    ):
        assert told in text
    assert replay.page.locator(".player").count() == 0
    assert replay.page.locator("path.planned").count() == 2  # one in each picture


def test_what_was_turned_down_before_there_was_a_plan_is_told(replay: Visit) -> None:
    nothing: dict[str, Any] = {
        "plan": None,
        "contract": None,
        "proof": None,
        "limits": None,
        "rounds": [],
        "assuming": "",
    }
    assert shown(replay, episodes.refused(**nothing)) == "Refused. The robot did not move."
    assert "there was no plan" in replay.page.locator(".proof").inner_text()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dropped": True, "succeeded": False}, "The load was lost."),
        ({"collisions": ["wall"], "succeeded": False}, "Touched: wall."),
        ({"peak_force_n": 5.5, "succeeded": False}, "a pad pressed with 5.50 N"),
        ({"upright": False, "succeeded": False}, "The load lies."),
        ({"misplaced_m": 0.2, "succeeded": False}, "200 mm from its goal"),
    ],
)
def test_what_went_wrong_is_said_and_that_it_had_been_proved(replay: Visit, changes: dict[str, Any], told: str) -> None:
    assert shown(replay, episodes.episode(outcome=episodes.outcome(**changes))) == "It went wrong."
    text = replay.page.locator(".verdict").inner_text()
    assert told.casefold() in text.casefold()
    assert "The plan had been proved" in text


def test_a_digest_can_be_copied(visits: Visits, script: Script) -> None:
    visit = at_replay(visits, script, permissions=["clipboard-read", "clipboard-write"])
    shown(visit, episodes.episode())
    visit.page.click("[aria-label='Copy the digest of the certificate']")
    visit.page.wait_for_selector("#announcements >> text=Copied.", state="attached")
    assert visit.page.evaluate("navigator.clipboard.readText()") == episodes.DIGEST


def test_another_recording_takes_the_place_of_one_that_plays(replay: Visit) -> None:
    shown(replay, episodes.episode())
    replay.page.click("text=Play")
    give(replay, episodes.refused())
    replay.page.wait_for_selector("text=Refused. The robot did not move.")
    give(replay, "{")
    replay.page.wait_for_selector("text=This file cannot be shown")
    assert replay.page.locator(".episode").count() == 0
    assert shown(replay, episodes.episode()) == "Carried out. Nothing was broken."


def test_a_file_may_be_dropped(replay: Visit) -> None:
    dropped = """(text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "dropped.json"));
      const how = { bubbles: true, cancelable: true, dataTransfer: data };
      for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, how));
    }"""
    replay.page.evaluate(dropped, json.dumps(episodes.episode()))
    replay.page.wait_for_selector("text=Carried out. Nothing was broken.")


def test_a_file_that_is_too_large_is_not_read(replay: Visit) -> None:
    large = """() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(65e6)], "large.json"));
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
    }"""
    replay.page.evaluate(large)
    replay.page.wait_for_selector("text=large.json has 65 MB.")


def test_nothing_of_a_file_becomes_markup(replay: Visit) -> None:
    scene = {**episodes.SCENE}
    contract = json.loads(json.dumps(episodes.CONTRACT))
    contract["obstacles"][0]["name"] = HOSTILE
    rounds = [{"proposal": {HOSTILE: HOSTILE}, "accepted": False, "findings": [HOSTILE]}]
    proof = {"accepted": True, "claims": {HOSTILE: 1}, "seconds": 0.1, "subjects": {"plan": HOSTILE, HOSTILE: HOSTILE}}
    document = episodes.episode(
        instruction=HOSTILE, planner=HOSTILE, assuming=HOSTILE, certificate_sha256=HOSTILE, scene=scene, rounds=rounds,
        proof=proof, contract=contract, outcome=episodes.outcome(stopped=HOSTILE, collisions=[HOSTILE]),
    )  # fmt: skip
    shown(replay, document)
    assert replay.page.evaluate("window.hacked") is None
    assert replay.page.locator("#episode img, #episode script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shape", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_view_of_the_replay_has_a_barrier(
    visits: Visits, script: Script, scheme: str, shape: dict[str, Any]
) -> None:
    visit = at_replay(visits, script, color_scheme=scheme, **shape)
    found = {"empty": visit.audit()}
    for name, document in (
        ("carried out", episodes.episode()),
        ("stopped", episodes.stopped()),
        ("refused", episodes.refused()),
        ("long words", episodes.episode(assuming="x" * 3000, planner="y" * 300)),
    ):
        shown(visit, document)
        found[name] = visit.audit()
    give(visit, "{" * 50)
    visit.page.wait_for_selector(".problem")
    found["malformed"] = visit.audit()
    assert found == {name: [] for name in found}


def test_whoever_asked_for_less_motion_sees_pictures_that_follow_each_other(visits: Visits, script: Script) -> None:
    visit = at_replay(visits, script, reduced_motion="reduce")
    shown(visit, episodes.episode())
    seen = """async () => {
      const seen = new Set();
      document.querySelector(".player .main").click();
      while (document.querySelector(".player .main").textContent === "Pause") {
        seen.add(document.querySelector(".scrub").value);
        await new Promise(requestAnimationFrame);
      }
      return seen.size;
    }"""
    visit.page.select_option(".player select", "4")
    assert visit.page.evaluate(seen) <= 18  # eight seconds in halves, with both ends


def test_what_the_recorder_writes_is_what_the_page_reads(replay: Visit) -> None:
    pytest.importorskip("mujoco", reason="the extra robotics is not installed")
    from zaphod.agents.robotics.planning.carrying import Proposal
    from zaphod.agents.robotics.planning.repair import until_accepted
    from zaphod.agents.robotics.recording.recording import act
    from zaphod.agents.robotics.scene import believed, draw

    proposal = Proposal(force_n=3.0, height_m=0.30, lift_s=2.0, cross_s=2.5, closing_speed_m_s=0.01)
    belief = believed(draw(1), 1)
    recording = act(belief, draw(1), until_accepted(proposal, belief), instruction=None, planner="fixed")
    assert recording.outcome is not None
    shown(replay, recording.document())
    assert figure(replay, "time") == "0.00 s"
    replay.page.focus(".scrub")
    replay.page.keyboard.press("End")
    assert figure(replay, "time") == f"{recording.samples.time_s[-1]:.2f} s"
