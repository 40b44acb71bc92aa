"""`zaphod verify --audit` writes, `audit verify` holds the chain, `audit actions` says what allowed what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.safety.audit.logs import Victim

from zaphod.agents.robotics.recording.evidence import Permit, Trail
from zaphod.cli.verify import REFUSED
from zaphod.core.errors import ZaphodError
from zaphod.safety.audit import read

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PLAN, CONTRACT = str(EXAMPLES / "plan.json"), ["--contract", str(EXAMPLES / "fragile.toml")]
OUTCOME = {"succeeded": True, "collisions": [], "peak_force_n": 3.1, "seconds": 12.0, "stopped": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


@pytest.fixture
def kept(zaphod: Zaphod, folder: Path, tmp_path: Path) -> Path:
    """The certificate of a plan that was verified under the audit."""
    file = tmp_path / "certificate.json"
    assert zaphod("verify", PLAN, *CONTRACT, "--certificate", str(file), "--audit", str(folder)).code == 0
    return file


EPISODE = {"format": "zaphod-episode-1", "outcome": OUTCOME, "instruction": "carry it"}


def carried_out(folder: Path) -> None:
    """As a robot would: with the permit of the first record."""
    first = next(iter(read(folder, "")))
    permit = Permit(
        verdict="verified", seq=first.seq, plan=first.object, contract=first.policy_hash,
        certificate=first.certificate_hash, belief="", scene="", planner="",
    )  # fmt: skip
    with Trail(folder, actor="cli:ada") as trail:
        trail.ended(permit, OUTCOME, recording=EPISODE)


def test_a_verified_plan_is_in_a_sound_log_with_its_certificate(zaphod: Zaphod, folder: Path, kept: Path) -> None:
    assert zaphod("audit", "verify", "--folder", str(folder)).code == 0
    told = zaphod("audit", "actions", "1", "--folder", str(folder), "--certificate", str(kept), "--json")
    assert (told.code, told.json["decision"], told.json["checked"]) == (0, "verified", len(claims(kept)))
    assert told.json["actor"].startswith("cli:")


def claims(kept: Path) -> list[object]:
    held: list[object] = json.loads(kept.read_text())["claims"]
    return held


def test_what_allowed_an_action_is_told(zaphod: Zaphod, folder: Path, kept: Path) -> None:
    carried_out(folder)
    listed = zaphod("audit", "actions", "--folder", str(folder))
    assert (listed.code, "carried out" in listed.out, "record 1" in listed.out) == (0, True, True)
    plan = zaphod("audit", "actions", "2", "--folder", str(folder), "--json").json["plan"]
    by_digest = zaphod("audit", "actions", plan.removeprefix("sha256:")[:10], "--folder", str(folder), "--json")
    assert (by_digest.json["seq"], by_digest.json["allowed_by"]) == (2, 1)


def test_a_refused_plan_is_listed(zaphod: Zaphod, folder: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(Path(PLAN).read_text().replace("3.0 N", "1.5 N"))
    assert zaphod("verify", str(plan), *CONTRACT, "--audit", str(folder)).code == REFUSED
    (told,) = zaphod("audit", "actions", "--folder", str(folder), "--json").json["actions"]
    assert (told["decision"], told["certificate"], told["details"]["broken"]) == ("refused", "", "grip")


def test_a_certificate_is_checked_under_the_audit_too(zaphod: Zaphod, folder: Path, kept: Path) -> None:
    assert zaphod("verify", PLAN, *CONTRACT, "--check", str(kept), "--audit", str(folder)).code == 0
    kept.write_text(kept.read_text().replace('"27/200"', '"26/200"', 1))
    assert zaphod("verify", PLAN, *CONTRACT, "--check", str(kept), "--audit", str(folder)).code == 1
    told = zaphod("audit", "actions", "--folder", str(folder), "--json").json["actions"]
    assert [one["decision"] for one in told] == ["verified", "verified", "refused"]
    assert told[0]["certificate"] == told[1]["certificate"] != told[2]["certificate"]


def test_a_plan_of_which_nothing_can_be_certified_is_written_down_as_refused(
    zaphod: Zaphod, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZaphodError("3 claims have no proof.")

    monkeypatch.setattr("zaphod.cli.verify.certificate", fail)
    assert zaphod("verify", PLAN, *CONTRACT, "--audit", str(folder)).code == 1
    (told,) = zaphod("audit", "actions", "--folder", str(folder), "--json").json["actions"]
    assert (told["decision"], told["certificate"]) == ("refused", "")


def test_an_action_that_nothing_allowed_has_a_code_of_its_own(zaphod: Zaphod, folder: Path, kept: Path) -> None:
    carried_out(folder)
    carried_out(folder)
    listed = zaphod("audit", "actions", "--folder", str(folder))
    assert (listed.code, "NOTHING" in listed.out) == (12, True)
    assert "record 3: Record 1 had allowed record 2 already" in listed.out


def test_another_certificate_is_told(zaphod: Zaphod, folder: Path, kept: Path) -> None:
    kept.write_text(kept.read_text().replace('"27/200"', '"26/200"', 1))
    told = zaphod("audit", "actions", "1", "--folder", str(folder), "--certificate", str(kept))
    assert (told.code, "Record 1 names sha256:" in told.err) == (12, True)


def test_a_recording_is_held_against_its_action(zaphod: Zaphod, folder: Path, kept: Path, tmp_path: Path) -> None:
    carried_out(folder)
    file = tmp_path / "episode.json"
    file.write_text(json.dumps(EPISODE, indent=2))
    question = ("audit", "actions", "2", "--folder", str(folder), "--recording", str(file))
    assert "the recording is this one" in zaphod(*question).out
    file.write_text(json.dumps({**EPISODE, "instruction": "drop it"}))
    told = zaphod(*question)
    assert (told.code, "Do not believe what it shows" in told.err) == (12, True)


def test_a_changed_log_says_nothing_of_actions(zaphod: Zaphod, folder: Path, kept: Path) -> None:
    victim = Victim(folder, "")
    victim.flip(victim.segments[0], 30)
    assert zaphod("audit", "verify", "--folder", str(folder)).code == 12
    told = zaphod("audit", "actions", "--folder", str(folder))
    assert (told.code, told.out, "from record 1 on" in told.err) == (12, "", True)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--certificate", "x.json"], 2, "no action"),
        (["--recording", "x.json"], 2, "no action"),
        (["99"], 5, "No record of a robot is called '99'"),
        (["sha256:"], 5, "means records 1, 2"),
        (["1", "--certificate", "absent.json"], 2, "cannot be read"),
    ],
)
def test_a_wrong_question_is_refused_in_words(
    zaphod: Zaphod, folder: Path, kept: Path, words: list[str], code: int, told: str
) -> None:
    zaphod("verify", PLAN, *CONTRACT, "--audit", str(folder))
    outcome = zaphod("audit", "actions", *words, "--folder", str(folder))
    assert (outcome.code, told in outcome.err) == (code, True)


def test_no_log_is_told(zaphod: Zaphod, tmp_path: Path) -> None:
    assert zaphod("audit", "actions", "--folder", str(tmp_path / "none")).code == 12
