"""`zaphod robot`, as a newcomer and as another program meet it; the built-in model plans, MuJoCo moves."""

from __future__ import annotations

import functools
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Zaphod

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from tests.support.served_planner import WEAK, proposing, saying, serving

from zaphod.agents.robotics.planning.carrying import contract_document
from zaphod.agents.robotics.recording import recording
from zaphod.agents.robotics.rendering.rendering import way_to_draw, why_not
from zaphod.agents.robotics.scene import believed, draw
from zaphod.cli.robot_episode import toml

RECORDING = Path(__file__).parents[1] / "agents/robotics/speech/recordings/command.wav"
INSTRUCTION = "Pick up the fragile glass and place it carefully on the shelf."


def test_the_seeds_instruction_is_planned_proved_carried_out_and_kept(zaphod: Zaphod, tmp_path: Path) -> None:
    folder = tmp_path / "episode"
    outcome = zaphod("robot", "run", INSTRUCTION, "--seed", "3", "--out", str(folder))
    assert outcome.code == 0, outcome.out + outcome.err
    assert f"wanted       {INSTRUCTION}" in outcome.out
    assert "every proof holds" in outcome.out
    assert "it stands at its goal, whole and upright" in outcome.out
    kept = {"plan.json", "contract.toml", "certificate.json", "episode.json", "report.html"}
    assert kept <= {file.name for file in folder.iterdir()}
    again = ["verify", str(folder / "plan.json"), "-c", str(folder / "contract.toml")]
    assert zaphod(*again, "--check", str(folder / "certificate.json")).code == 0


def test_json_tells_rounds_proof_and_ending(zaphod: Zaphod, tmp_path: Path) -> None:
    outcome = zaphod("robot", "run", INSTRUCTION, "--seed", "5", "--out", str(tmp_path), "--json")
    found = outcome.json
    assert (outcome.code, outcome.err) == (0, "")
    assert found["refused_by"] is None
    assert found["rounds"][-1]["accepted"]
    assert found["outcome"]["succeeded"]
    assert found["proposal"]["carry"] == "glass"
    assert {"grip", "clearance", "limits"} == {one["requirement"] for one in found["margins"]}
    assert all(Path(file).exists() for file in found["files"].values())


def test_an_instruction_is_heard_and_the_scene_is_seen(zaphod: Zaphod, tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra speech is not installed")
    if way_to_draw() is None:
        pytest.skip(f"nothing here can draw: {why_not()}")
    outcome = zaphod("robot", "run", "--spoken", str(RECORDING), "--camera", "--out", str(tmp_path), "--json")
    found, told, true = outcome.json, json.loads((tmp_path / "episode.json").read_text()), draw(0)
    assert (outcome.code, found["instruction"]) == (0, "pick up the fragile glass and place it carefully on the shelf")
    assert found["outcome"]["succeeded"]
    assert told["belief"]["start_m"] != list(true.start_m)  # seen, not told
    assert told["belief"]["start_m"] == pytest.approx(list(true.start_m), abs=0.003)
    assert told["belief"]["load_error_m"] > 0


def test_what_is_not_here_is_declined_with_the_reason_and_nothing_moves(zaphod: Zaphod, tmp_path: Path) -> None:
    outcome = zaphod("robot", "run", "put the red book from the table into the drawer", "--out", str(tmp_path))
    assert outcome.code == 14
    assert "nothing was moved" in outcome.out
    assert "Here the glass can be carried from the table to the shelf." in outcome.out
    assert json.loads((tmp_path / "episode.json").read_text())["samples"]["time_s"] == []
    assert not (tmp_path / "certificate.json").exists()


def test_a_served_model_that_never_gives_way_is_refused_by_the_verifier(zaphod: Zaphod, tmp_path: Path) -> None:
    (tmp_path / "certificate.json").write_text("of an earlier run")
    with serving(proposing(WEAK)) as (url, asked):
        outcome = zaphod("robot", "run", "carry it", "--endpoint", url, "--seed", "3", "--out", str(tmp_path))
    assert outcome.code == 13
    assert len(asked) == 8
    assert "refused: grip: at mass" in outcome.out
    assert "nothing was moved" in outcome.out
    assert not (tmp_path / "certificate.json").exists()


def test_what_a_served_model_says_cannot_move_the_cursor(zaphod: Zaphod, tmp_path: Path) -> None:
    with serving(saying("\x1b[2J\x1b]0;owned\x07")) as (url, _):
        outcome = zaphod("robot", "run", "carry it", "--endpoint", url, "--out", str(tmp_path))
    assert outcome.code == 14
    assert "\x1b" not in outcome.out


def test_a_robot_that_measures_nothing_is_stopped_and_that_is_told(
    zaphod: Zaphod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = functools.partial(recording.act, fault=lambda reading: None)
    monkeypatch.setattr(recording, "act", blind)
    outcome = zaphod("robot", "run", INSTRUCTION, "--seed", "3", "--out", str(tmp_path))
    assert outcome.code == 15
    assert "the monitor went to hold" in outcome.out
    assert "NOT done: stopped: no measurement arrived" in outcome.out


def test_verdict_and_ending_are_in_the_audit_log(zaphod: Zaphod, tmp_path: Path) -> None:
    audit = str(tmp_path / "audit")
    run = zaphod("robot", "run", INSTRUCTION, "--seed", "3", "--out", str(tmp_path / "e"), "--audit", audit)
    assert run.code == 0, run.out + run.err
    assert zaphod("audit", "actions", "--folder", audit).code == 0


def test_both_schemas_are_printed(zaphod: Zaphod) -> None:
    found = zaphod("robot", "schema").json
    assert (found["proposal"]["title"], found["plan"]["title"]) == ("zaphod-proposal-1", "zaphod-plan-1")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["run"], 2, "no instruction"),
        (["run", "carry it", "--spoken", str(RECORDING)], 2, "two instructions"),
        (["run", "--spoken", __file__], 5, "WAV"),
        (["run", ""], 5, "empty"),
        (["run", "carry it", "--model", "no/such"], 8, "no/such"),
        (["run", "carry it", "--endpoint-model", "x"], 2, "--endpoint"),
        (["run", "carry it", "--endpoint", "localhost"], 2, "http://"),
        (["run", "carry it", "--endpoint", "http://127.0.0.1:1"], 11, "cannot be asked"),
        (["run", "carry it", "--endpoint", "http://127.0.0.1:1", "--key-file", "/nowhere"], 2, "/nowhere"),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_a_mistake_is_told_before_anything_is_made(
    zaphod: Zaphod, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    folder = tmp_path / "episode"
    outcome = zaphod("robot", *arguments, "--out", str(folder))
    assert outcome.code == code
    assert told in outcome.err
    assert not folder.exists()


def test_a_contract_is_kept_as_the_file_that_verify_reads() -> None:
    document: dict[str, Any] = contract_document(believed(draw(0), 0))
    assert tomllib.loads(toml(document)) == document
