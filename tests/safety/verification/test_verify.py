"""Plans that keep a contract are accepted with a certificate; each thing that is wrong is refused in words."""

import copy
import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.safety.verification.conftest import margins

from zaphod.core.errors import ZaphodError
from zaphod.safety.verification.bernstein import Outcome
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.farkas import is_contradiction
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.requirements.grip import conflict, feasible_force
from zaphod.safety.verification.smt import decide_by_z3
from zaphod.safety.verification.verify import all_claims, certificate, recheck, verify


def test_the_example_is_accepted_and_its_certificate_checked(plan: Plan, contract: Contract) -> None:
    report = verify(plan, contract)
    assert report.is_accepted
    document = json.loads(json.dumps(certificate(plan, contract)))
    assert recheck(document, plan, contract) == sum(report.num_claims.values()) > 100
    assert all(report.num_claims.values())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"force": "1.5 N"}, "the load slips"),
        ({"force": "6 N"}, "the load is crushed"),
        ({"height": "0.17 m"}, "too close to wall"),
        ({"duration": "0.9 s"}, "it is too fast"),
        ({"far": "0.7 m", "duration": "1.2 s"}, "it could reach person 1"),
        ({"far": "0.9 m", "duration": "5 s"}, "it leaves its space"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_mistake_is_refused_with_a_counterexample(
    carrying: Callable[..., dict[str, Any]], contract: Contract, change: dict[str, str], told: str
) -> None:
    report = verify(read_plan(carrying(**change)), contract)
    (finding,) = [f for f in report.findings if told in f.label.what][:1]
    assert finding.outcome is Outcome.VIOLATED
    assert any(character.isdigit() for character in finding.told)


def test_a_base_that_is_too_light_tips_over(plan: Plan, contract_document: dict[str, Any]) -> None:
    contract_document["standing"]["base_mass"] = "1 kg"
    report = verify(plan, read_contract(contract_document))
    assert {finding.label.what for finding in report.findings} == {"the base tips over"}


def test_what_is_accepted_holds_and_what_is_violated_fails_when_computed_another_way(
    carrying: Callable[..., dict[str, Any]], contract: Contract
) -> None:
    rng = random.Random(0)
    outcomes = set()
    for _ in range(60):
        change = {
            "force": f"{rng.uniform(2.2, 5.2):.3f} N",
            "height": f"{rng.uniform(0.17, 0.4):.3f} m",
            "duration": f"{rng.uniform(0.9, 3):.3f} s",
            "far": f"{rng.uniform(0.3, 0.6):.3f} m",
        }
        plan = read_plan(carrying(**change))
        report, real = verify(plan, contract), margins(plan, contract)
        refused = {finding.label.requirement for finding in report.findings}
        assert all(finding.outcome is Outcome.VIOLATED for finding in report.findings)
        for name in ("grip", "clearance", "limits"):
            assert (real[name] < 1e-4) if name in refused else (real[name] > 0), (change, name, real)
            outcomes.add((name, name in refused))
    assert len(outcomes) == 6


def test_changing_any_number_of_the_plan_far_enough_is_noticed(
    plan_document: dict[str, Any], contract: Contract
) -> None:
    places = [
        (step, "along", point, axis)
        for step, one in enumerate(plan_document["steps"])
        for point in range(len(one.get("along", [])))
        for axis in range(3)
    ]
    places += [(step, "duration") for step, one in enumerate(plan_document["steps"]) if "duration" in one]
    places += [(1, "force"), (1, "closing_speed")]
    for place in places:
        assert any(_is_noticed(plan_document, place, change, contract) for change in _CHANGES[place[1]]), place


_CHANGES = {
    "along": ["+ 1 m", "- 1 m"],
    "duration": ["0.05 s"],
    "force": ["0.5 N", "50 N"],
    "closing_speed": ["2 m/s"],
}


def _is_noticed(document: dict[str, Any], place: tuple[Any, ...], change: str, contract: Contract) -> bool:
    """The plan cannot be read any more, or is refused."""
    made = copy.deepcopy(document)
    *path, last = place
    inner: Any = made["steps"]
    for key in path:
        inner = inner[key]
    inner[last] = f"{float(inner[last].split()[0]) + float(change[0] + '1'):g} m" if path[1:] else change
    try:
        return not verify(read_plan(made), contract).is_accepted
    except ZaphodError:
        return True


def test_forces_inside_the_feasible_range_are_accepted_and_the_range_is_nearly_as_wide_as_it_can_be(
    carrying: Callable[..., dict[str, Any]], contract: Contract
) -> None:
    force = feasible_force(read_plan(carrying()), contract)
    assert force is not None
    for value, is_kept in ((force.low, True), (force.high, True), (force.low * 9 / 10, False), (force.high + 1, False)):
        inside = value + (force.middle - value) / 10**6 if is_kept else value
        plan = read_plan(carrying(force=f"{float(inside):.9f} N"))
        assert verify(plan, contract).is_accepted == is_kept


def test_no_force_is_feasible_for_a_load_that_breaks_too_easily(plan: Plan, contract_document: dict[str, Any]) -> None:
    contract_document["load"]["breaks_at"] = "2 N"
    contract = read_contract(contract_document)
    assert feasible_force(plan, contract) is None
    found = conflict(plan, contract)
    assert found is not None
    assert is_contradiction(found.rows, found.times)
    assert "mass 0.165 kg, friction 0.45, force off by -0.2 N" in found.told[0]


def test_where_a_force_is_feasible_there_is_no_conflict(plan: Plan, contract: Contract) -> None:
    assert conflict(plan, contract) is None


def test_a_certificate_of_another_plan_or_contract_is_refused(
    carrying: Callable[..., dict[str, Any]], plan: Plan, contract: Contract, contract_document: dict[str, Any]
) -> None:
    document = json.loads(json.dumps(certificate(plan, contract)))
    other = read_plan(carrying(force="3.1 N"))
    contract_document["limits"]["speed"] = "0.9 m/s"
    for wrong_plan, wrong_contract in ((other, contract), (plan, read_contract(contract_document))):
        with pytest.raises(ZaphodError, match="another plan or contract"):
            recheck(document, wrong_plan, wrong_contract)
        relabelled = copy.deepcopy(document)
        relabelled["subjects"] = json.loads(json.dumps(certificate(wrong_plan, wrong_contract)))["subjects"]
        with pytest.raises(ZaphodError, match="another plan or contract"):
            recheck(relabelled, wrong_plan, wrong_contract)


def test_a_certificate_that_leaves_a_claim_out_is_refused(plan: Plan, contract: Contract) -> None:
    document = json.loads(json.dumps(certificate(plan, contract)))
    for place in (0, len(document["claims"]) // 2, -1):
        shorter = copy.deepcopy(document)
        del shorter["claims"][place]
        with pytest.raises(ZaphodError, match="another plan or contract"):
            recheck(shorter, plan, contract)


def test_a_refused_plan_gets_no_certificate(carrying: Callable[..., dict[str, Any]], contract: Contract) -> None:
    with pytest.raises(ZaphodError, match="have no proof, the first: grip, step 2: the load slips"):
        certificate(read_plan(carrying(force="1.5 N")), contract)


def test_z3_agrees_on_the_claims_of_the_example(plan: Plan, contract: Contract) -> None:
    for group in all_claims(plan, contract):
        rows = range(0, len(group), 7)
        for row in itertools.islice(rows, 4):
            (decision,) = decide_by_z3(group.one(row), timeout_s=3)
            assert decision.outcome is not Outcome.VIOLATED


def test_a_requirement_that_the_plan_does_not_touch_is_counted_as_nothing(
    plan_document: dict[str, Any], contract: Contract
) -> None:
    plan_document["steps"] = [plan_document["steps"][0]]
    report = verify(read_plan(plan_document), contract)
    assert report.is_accepted
    assert report.num_claims["grip"] == 0
