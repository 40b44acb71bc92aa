"""What a robot's plans leave in the audit log, and what is found when somebody lays hands on it."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from tests.safety.audit.logs import Victim

from zaphod.agents.robotics.recording.allowed import Action, actions, hold_against
from zaphod.agents.robotics.recording.evidence import Permit, Trail, digest_of
from zaphod.agents.robotics.scene import Belief, believed, draw
from zaphod.core.errors import AuditError, RequestError
from zaphod.safety.audit import read
from zaphod.safety.audit import verify as verify_log
from zaphod.safety.verification.contracts import Contract, open_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.verify import certificate, verify

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"
OUTCOME = {
    "succeeded": True, "collisions": [], "peak_force_n": 3.1, "dropped": False, "misplaced_m": 0.004, "upright": True,
    "seconds": 12.0, "stopped": "",
}  # fmt: skip
WORDS = "carry grandmother's glass"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return open_contract(EXAMPLES / "fragile.toml")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(json.loads((EXAMPLES / "plan.json").read_text()))


@pytest.fixture(scope="module")
def weak_plan() -> Plan:
    return read_plan(json.loads((EXAMPLES / "plan.json").read_text().replace("3.0 N", "1.5 N")))


@pytest.fixture(scope="module")
def proof(plan: Plan, contract: Contract) -> dict[str, Any]:
    return certificate(plan, contract)


@pytest.fixture
def belief() -> Belief:
    return believed(draw(1), 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


@pytest.fixture
def permit(folder: Path, plan: Plan, contract: Contract, proof: dict[str, Any], belief: Belief) -> Permit:
    """A plan that was verified and carried out."""
    with Trail(folder, actor="cli:ada") as trail:
        given = trail.decided(
            plan, contract, verify(plan, contract), certificate=proof, belief=belief, planner="random"
        )
        trail.ended(given, OUTCOME, recording={"instruction": WORDS, "outcome": OUTCOME})
    return given


def found_in(folder: Path) -> list[Action]:
    return actions(read(folder, ""))


def test_an_action_is_allowed_by_the_record_of_its_verification(folder: Path, permit: Permit) -> None:
    verified, carried_out = found_in(folder)
    assert (verified.record.decision, verified.is_deed) == ("verified", False)
    assert (carried_out.record.decision, carried_out.problem) == ("carried_out", "")
    assert carried_out.allowed_by == verified.record
    assert carried_out.certificate == permit.certificate != ""


def test_a_record_names_what_decided_and_what_it_decided_on(folder: Path, permit: Permit, belief: Belief) -> None:
    record = found_in(folder)[0].record
    assert (record.object, record.policy_hash, record.model_id) == (permit.plan, permit.contract, "random")
    assert record.details["belief"] == digest_of(belief)
    assert record.details["claims.grip"] == 24
    assert {"zaphod", "python"} <= set(record.details)


def test_what_was_said_is_not_written_down(folder: Path, permit: Permit) -> None:
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert permit.plan.encode() in written
    assert not any(word.encode() in written for word in WORDS.split())


def test_a_refused_plan_leaves_a_record_too(folder: Path, weak_plan: Plan, contract: Contract) -> None:
    with Trail(folder, actor="cli:ada") as trail:
        permit = trail.decided(weak_plan, contract, verify(weak_plan, contract))
    assert not permit.is_given
    record = found_in(folder)[0].record
    assert (record.decision, record.certificate_hash, record.details["broken"]) == ("refused", "", "grip")


def test_nothing_is_allowed_unless_somebody_said_so(folder: Path, plan: Plan, contract: Contract) -> None:
    report = verify(plan, contract)
    with Trail(folder, actor="cli:ada") as trail:
        said = [
            trail.decided(plan, contract, one, is_accepted=word).is_given for one in (None, report) for word in WORD
        ]
    assert said == [False, False, True, True, False, True]


WORD = (None, False, True)


def test_a_stopped_action_is_told_as_one_without_the_reason_s_words(folder: Path, permit: Permit) -> None:
    with Trail(folder, actor="cli:ada") as trail:
        trail.ended(permit, {**OUTCOME, "stopped": "a person is 0.4 m away"})
    record = found_in(folder)[-1].record
    assert record.decision == "stopped"
    assert "person" not in record.line.decode()


def test_a_permit_is_for_one_action(folder: Path, permit: Permit) -> None:
    with Trail(folder, actor="cli:ada") as trail:
        trail.ended(permit, OUTCOME)
    assert [action.problem for action in found_in(folder)] == ["", "", ANOTHER_TIME]


ANOTHER_TIME = "Record 1 had allowed record 2 already; the world was another one then."


def test_an_action_after_a_refusal_is_found(folder: Path, weak_plan: Plan, contract: Contract) -> None:
    with Trail(folder, actor="cli:ada") as trail:
        trail.ended(trail.decided(weak_plan, contract, verify(weak_plan, contract)), OUTCOME)
    assert found_in(folder)[-1].problem == "Record 1 refused this plan."


def test_an_action_without_a_certificate_is_found(folder: Path, plan: Plan, contract: Contract) -> None:
    with Trail(folder, actor="cli:ada") as trail:
        trail.ended(trail.decided(plan, contract, verify(plan, contract)), OUTCOME)
    assert found_in(folder)[-1].problem == "Record 1 carries no certificate."


@pytest.mark.parametrize("name", ["plan", "contract", "certificate", "belief", "scene"])
def test_an_action_that_differs_from_what_was_verified_is_found(folder: Path, permit: Permit, name: str) -> None:
    with Trail(folder, actor="cli:ada") as trail:
        changed: dict[str, Any] = {name: digest_of("another one")}
        trail.ended(dataclasses.replace(permit, **changed), OUTCOME)
    assert found_in(folder)[-1].problem == f"Record 1 speaks of another {name}."


@pytest.mark.parametrize("number", [0, 2, 99, True, "1"])
def test_an_action_that_names_no_verification_is_found(folder: Path, permit: Permit, number: Any) -> None:
    with Trail(folder, actor="cli:ada") as trail:
        trail.ended(dataclasses.replace(permit, seq=number), OUTCOME)
    assert "verified no plan before it" in found_in(folder)[-1].problem


MEMBERS = ("actor", "action", "object", "decision", "policy_hash", "model_id", "certificate_hash", "ts_utc")
DETAILS = ("belief", "zaphod", "python", "how", "claims.grip", "num_findings", "broken")


@pytest.mark.parametrize("is_rehashed", [False, True])
@pytest.mark.parametrize("name", [*MEMBERS, *DETAILS])
def test_a_changed_field_is_found(folder: Path, permit: Permit, name: str, is_rehashed: bool) -> None:
    victim = Victim(folder, "")
    record = json.loads(victim.lines()[0][1])
    changed = {name: "2001-01-01T00:00:00.000000Z" if name == "ts_utc" else "changed"}
    members = {"details": {**record["details"], **changed}} if name in DETAILS else changed
    if is_rehashed:
        victim.replace(1, until=2, **members)
    else:
        victim.edit(lambda lines: lines.__setitem__(0, (lines[0][0], _told_anew(record, members))))
    assert not verify_log(folder).is_sound


def _told_anew(record: dict[str, Any], members: dict[str, Any]) -> bytes:
    return json.dumps({**record, **members}, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_every_field_of_a_record_is_tampered_with(folder: Path, permit: Permit) -> None:
    record = json.loads(Victim(folder, "").lines()[0][1])
    assert set(record) == {*MEMBERS, "details", "tenant", "seq", "prev", "hash", "v"}
    counted = {name for name in record["details"] if name.startswith("claims.")} | {"mujoco"}
    assert set(record["details"]) | {"claims.grip", "mujoco"} == set(DETAILS) | counted


def test_the_certificate_that_was_kept_is_the_one_that_is_named(
    folder: Path, permit: Permit, proof: dict[str, Any]
) -> None:
    kept = json.loads(json.dumps(proof, indent=3))
    assert hold_against(found_in(folder)[1], kept) == len(proof["claims"])


def test_a_certificate_made_anew_from_plan_and_contract_is_the_same(
    permit: Permit, plan: Plan, contract: Contract
) -> None:
    assert digest_of(certificate(plan, contract)) == permit.certificate


@pytest.mark.parametrize("what", ["subjects", "claims", "format"])
def test_a_certificate_that_is_not_the_recorded_one_is_told(
    folder: Path, permit: Permit, proof: dict[str, Any], what: str
) -> None:
    other = copy.deepcopy(proof)
    other[what] = other[what][:-1] if isinstance(other[what], list) else "\ud800"
    with pytest.raises(AuditError, match="Record 2 names sha256:"):
        hold_against(found_in(folder)[1], other)


def test_a_recorded_certificate_that_proves_nothing_is_told(
    folder: Path, plan: Plan, contract: Contract, proof: dict[str, Any]
) -> None:
    broken = copy.deepcopy(proof)
    broken["claims"][0]["tree"] = []
    of_another = {**proof, "subjects": {**proof["subjects"], "plan": "sha256:0"}}
    with Trail(folder, actor="cli:ada") as trail:
        for document in (broken, of_another):
            trail.decided(plan, contract, None, certificate=document, is_accepted=True)
    first, second = found_in(folder)
    with pytest.raises(AuditError, match="proves nothing"):
        hold_against(first, broken)
    with pytest.raises(AuditError, match="another plan or contract"):
        hold_against(second, of_another)


@pytest.mark.parametrize("name", ["a sentence of a person", "x" * 65, "naïve", "\n"])
def test_a_planner_s_name_is_no_text(folder: Path, plan: Plan, contract: Contract, name: str) -> None:
    with Trail(folder, actor="cli:ada") as trail, pytest.raises(RequestError, match="planner"):
        trail.decided(plan, contract, verify(plan, contract), planner=name)
