"""Every number of the example decides something, or it can be said why it does not."""

import json
import tomllib
from typing import Any

import pytest
from tests.safety.verification.conftest import EXAMPLES

from zaphod.core.errors import ZaphodError
from zaphod.safety.verification.influence import Influence, influences

WITHOUT: dict[str, str] = {
    "contract.load.bodies.0.at.1.0": "the load passes under the lamp, and the wall is as wide as the table",
    "contract.gripper.friction.1.0": "more friction only holds better",
    "contract.obstacles.0.low.1.0": "the plan crosses the wall far from its ends",
    "contract.obstacles.0.high.1.0": "the plan crosses the wall far from its ends",
    "contract.obstacles.0.low.2.0": "the plan passes above the wall, wherever its foot is",
    "contract.obstacles.1.low.2.0": "the plan stays above the table, however thick it is",
    "contract.obstacles.2.at.0.0": "the lamp stands 200 mm beside the path, wherever along it",
    "contract.obstacles.2.at.2.0": "the lamp stands 200 mm beside the path, however high",
    "contract.people.at.0.1.0": "three metres ahead, and to the side only further away",
    "contract.people.at.0.2.0": "three metres ahead, and up or down only further away",
    "contract.standing.base_centre.2.0": "the base rests: its height has no lever",
    "contract.standing.arm_mass.0.0": "a lighter arm tips less",
    "contract.standing.high.2.0": "the ground's height is that of the other corner",
}
"""Numbers that turn nothing in the example, whatever they are, and the reason."""


@pytest.fixture(scope="module")
def found() -> list[Influence]:
    plan = json.loads((EXAMPLES / "plan.json").read_text())
    return list(influences(plan, tomllib.loads((EXAMPLES / "fragile.toml").read_text())))


def test_each_number_turns_the_verdict_or_has_a_reason_not_to(found: list[Influence]) -> None:
    assert len(found) > 90
    assert {str(one) for one in found if one.turns_at is None} == set(WITHOUT)


def test_every_requirement_is_broken_by_some_number(found: list[Influence]) -> None:
    told = " ".join(one.told for one in found)
    for what in (
        "slips",
        "crushed",
        "comes too close",
        "too fast",
        "too much",
        "leaves its space",
        "tips",
        "reach person",
    ):
        assert what in told
    assert "let go in the air" in told


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        ("gravity", "9.81 m/s^2"),
        ("gripper", {"pad_radius": "8 mm", "off_centre": "1 mm"}),
        ("people", {"speed": "1.7 m/s"}),
        ("standing", {"margin": "25 mm"}),
        ("obstacles", {"speed": "5 mm/s"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_be_left_out_decides_something_where_it_is_given(
    plan_document: dict[str, Any], contract_document: dict[str, Any], section: str, fields: object
) -> None:
    for step in plan_document["steps"]:
        if step["do"] in ("grip", "release"):
            step["duration"] = "1 s"
    place, inner = section, contract_document.get(section)
    if isinstance(inner, list):
        place, inner = "obstacles.2", inner[2]
    if isinstance(inner, dict) and isinstance(fields, dict):
        inner.update(fields)
        names = [f"contract.{place}.{name}" for name in fields]
    else:
        contract_document[section] = fields
        names = [f"contract.{section}"]
    for name in names:
        (found,) = influences(plan_document, contract_document, within=name)
        assert found.turns_at is not None, found


def test_what_is_refused_already_has_no_influences(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    contract_document["load"]["breaks_at"] = "1 N"
    with pytest.raises(ZaphodError, match="refused as it is"):
        list(influences(plan_document, contract_document))
