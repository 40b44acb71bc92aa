"""From a contradiction everything follows: premises that would let any plan pass are refused, each in words."""

import copy
from typing import Any

import pytest
from benchmarks.verify_faults_made import NO_NUMBERS, TEXTS, UNITS, VACUOUS, leaves, replaced

from zaphod.core.errors import CapacityError, ConfigError
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.claims import Claims, Label
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.documents import read_json
from zaphod.safety.verification.plans import read_plan
from zaphod.safety.verification.polynomials import variable
from zaphod.safety.verification.verify import verify


@pytest.fixture
def documents(plan_document: dict[str, Any], contract_document: dict[str, Any]) -> dict[str, Any]:
    return {"plan": plan_document, "contract": contract_document}


def verified(documents: dict[str, Any]) -> bool:
    return verify(read_plan(documents["plan"]), read_contract(documents["contract"])).is_accepted


def test_what_is_not_changed_is_accepted(documents: dict[str, Any]) -> None:
    assert verified(documents)


@pytest.mark.parametrize("name", VACUOUS)
def test_an_empty_or_contradictory_premise_is_refused_before_anything_is_proved(
    documents: dict[str, Any], name: str
) -> None:
    made = copy.deepcopy(documents)
    VACUOUS[name](made)
    with pytest.raises(ConfigError):
        verified(made)


def test_no_quantity_takes_what_is_no_number(documents: dict[str, Any]) -> None:
    places = [place for place, _ in leaves(documents)]
    assert len(places) > 90
    for number, place in enumerate(places):
        for wrong in NO_NUMBERS[number % 3 :: 3]:
            with pytest.raises(ConfigError):
                verified(replaced(documents, place, wrong))


def test_no_quantity_takes_another_dimension(documents: dict[str, Any]) -> None:
    for place, value in leaves(documents):
        number, _, unit = str(value).partition(" ")
        for other in set(UNITS) - {unit, unit.removeprefix("m"), unit.removeprefix("k"), "k" + unit}:
            if "±" not in str(value) and (unit, other) not in {("mm/s", "m/s"), ("g", "kg"), ("N/mm", "N/m")}:
                with pytest.raises(ConfigError):
                    verified(replaced(documents, place, f"{number} {other}".strip()))


@pytest.mark.parametrize("name", TEXTS)
def test_json_that_two_readers_could_take_for_two_things_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"plan\.json is no JSON"):
        read_json(TEXTS[name], "plan.json")


def test_other_json_is_read_as_it_stands() -> None:
    assert read_json('{"a": [1, -2.5e3, "x", null, true], "b": {"a": {}}}', "it") == {
        "a": [1, -2500.0, "x", None, True],
        "b": {"a": {}},
    }


def test_on_a_box_without_a_point_nothing_is_claimed() -> None:
    with pytest.raises(ValueError, match="without a point"):
        Claims(variable("t", is_exact=True) - 5, {"t": Interval(1, 0)}, (Label("x", 0, 0, ""),))  # type: ignore[arg-type]


def test_where_nothing_is_claimed_nothing_is_accepted(plan_document: dict[str, Any]) -> None:
    only_grip = {
        "name": "grip",
        "load": {"mass": "1 kg", "breaks_at": "5 N"},
        "gripper": {"friction": "0.5"},
        "grip": {},
    }
    plan_document["steps"] = plan_document["steps"][:1]
    report = verify(read_plan(plan_document), read_contract(only_grip))
    assert report.num_claims == {"grip": 0}
    assert not report.is_accepted


def test_what_is_gripped_must_be_described(documents: dict[str, Any]) -> None:
    for name in ("load", "grip", "release", "standing", "people"):
        del documents["contract"][name]
    with pytest.raises(ConfigError, match="Step 2 grips something that the contract does not describe"):
        verified(documents)


def test_too_much_to_prove_at_once_is_refused_at_once(documents: dict[str, Any]) -> None:
    here, there = ["0 m", "0 m", "0.3 m"], ["0.1 m", "0 m", "0.3 m"]
    documents["plan"]["steps"] = [{"do": "move", "along": [here, there] * 999, "duration": "9000 s"}]
    documents["contract"]["gripper"]["bodies"] *= 30
    with pytest.raises(CapacityError, match="claims"):
        verified(documents)


def test_a_zero_length_path_is_held_against_everything_too(documents: dict[str, Any]) -> None:
    inside_the_wall = ["0.19 m", "0 m", "0.1 m"]
    documents["plan"]["steps"] = [{"do": "move", "along": [inside_the_wall] * 2, "duration": "1 s"}]
    report = verify(read_plan(documents["plan"]), read_contract(documents["contract"]))
    assert [finding.label.what for finding in report.findings] == ["it comes too close to wall"]
