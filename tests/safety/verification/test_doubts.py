"""Numbers of the right dimension and an odd size change no verdict, and are told."""

import re
from typing import Any

import pytest

from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.doubts import doubts
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.verify import verify


def test_the_example_raises_no_doubt(plan: Plan, contract: Contract) -> None:
    assert doubts(plan, contract) == []


@pytest.mark.parametrize(
    ("section", "field", "value", "told"),
    [
        ("load", "mass", "150 kg", r"\[load\] mass is 150 kg; from 0.0005 to 50 is usual"),
        ("load", "breaks_at", "5 kN", "breaks_at is 5000 N"),
        ("clearance", "margin", "10 um", "margin is 1e-05 m"),
        ("gripper", "friction", ["45", "55"], "friction is 45; from 0.05"),
        ("people", "reaction", "100 min", "reaction is 6000 s"),
        ("limits", "speed", "800 m/s", "speed is 800 m/s"),
    ],
)
def test_a_number_a_thousand_times_too_large_is_doubted(
    plan: Plan, contract_document: dict[str, Any], section: str, field: str, value: object, told: str
) -> None:
    contract_document[section][field] = value
    assert any(re.search(told, line) for line in doubts(plan, read_contract(contract_document)))


def test_a_doubt_is_no_verdict(plan_document: dict[str, Any], contract_document: dict[str, Any]) -> None:
    contract_document["clearance"]["margin"] = "10 um"
    plan, contract = read_plan(plan_document), read_contract(contract_document)
    assert doubts(plan, contract)
    assert verify(plan, contract).is_accepted


def test_the_plans_own_numbers_are_doubted_too(plan_document: dict[str, Any], contract: Contract) -> None:
    plan_document["steps"][1]["closing_speed"] = "5 m/s"
    plan_document["steps"][3]["duration"] = "30 min"
    lines = doubts(read_plan(plan_document), contract)
    assert [line.split(";")[0] for line in lines] == [
        "step 2: the closing speed is 5 m/s",
        "step 3: the closing speed is 5 m/s",
        "step 4: the time of a piece is 1800 s",
        "step 4: the closing speed is 5 m/s",
        "step 5: the closing speed is 5 m/s",
    ]
