"""Ways around the contract that were looked for: each is closed, and a counterexample says how."""

import copy
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from benchmarks.verify_faults import _broken, answer
from benchmarks.verify_faults_made import mutated, varied
from benchmarks.verify_faults_oracle import margins

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.bernstein import Outcome, decide
from zaphod.safety.verification.bounds import highest, highest_square, root_above
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.requirements.people import separations
from zaphod.safety.verification.verify import REQUIREMENTS, all_claims, certificate, recheck, subjects, verify


def told(plan: dict[str, Any], contract: dict[str, Any]) -> list[str]:
    """What is found."""
    return [str(finding) for finding in verify(read_plan(plan), read_contract(contract)).findings]


def move(*along: list[str], duration: str = "2 s", touching: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"do": "move", "along": list(along), "duration": duration, "touching": list(touching)}


def test_to_touch_a_table_is_not_to_go_through_it(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    above, below = ["0.4 m", "0 m", "0.30 m"], ["0.4 m", "0 m", "-0.03 m"]
    plan_document["steps"].append(move(above, below, above, duration="8 s", touching=("table",)))
    contract_document["limits"]["low"] = ["-1 m", "-1 m", "-1 m"]
    contract_document["gripper"]["bodies"][0]["at"] = ["0 mm", "0 mm", "20 mm"]
    assert [line for line in told(plan_document, contract_document) if "table" in line] == [
        "step 8: it goes into table: -60.0 mm from it at 14.00 s, at (0.4, 0, -0.01) m; wanted: -50.0 mm"
    ]


def test_a_step_that_names_everything_as_touched_may_touch_only_what_may_be_touched(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    for step in plan_document["steps"]:
        if step["do"] == "move":
            step["touching"] = ["wall", "table", "lamp", "everything"]
    plan_document["steps"][3]["along"][0][2] = plan_document["steps"][3]["along"][1][2] = "0.17 m"
    plan_document["steps"][2]["along"][1][2] = plan_document["steps"][4]["along"][0][2] = "0.17 m"
    lines = told(plan_document, contract_document)
    assert any("too close to wall" in line for line in lines)
    assert any("it touches too fast" in line for line in lines)


def test_a_load_let_go_in_the_air_is_not_kept(plan_document: dict[str, Any], contract_document: dict[str, Any]) -> None:
    steps = plan_document["steps"]
    steps.insert(4, steps.pop(5))
    assert any("let go in the air: at (0.4, 0, 0.3) m" in line for line in told(plan_document, contract_document))


def test_a_load_put_down_beside_the_table_is_let_go_in_the_air(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    contract_document["obstacles"][1]["high"][0] = "0.39 m"
    assert any("let go in the air" in line for line in told(plan_document, contract_document))


def test_a_load_that_stands_a_little_higher_than_it_may_fall_is_let_go_in_the_air(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    for fall, is_kept in (("5.001 mm", True), ("5 mm", False), ("4.999 mm", False)):
        contract_document["release"]["may_fall"] = fall
        assert (told(plan_document, contract_document) == []) == is_kept


def test_nothing_is_thrown(plan_document: dict[str, Any]) -> None:
    going = {"duration": "1 s", "x": ["0 m", "0 m", "1 m"], "y": ["0 m"], "z": ["0 m"]}
    stop = {"duration": "1 s", "x": ["1 m", "2 m", "-1 m"], "y": ["0 m"], "z": ["0 m"]}
    here = ["0 m", "0 m", "0 m"]
    for last in ({"do": "release"}, {"do": "wait", "duration": "1 s"}, {"do": "grip", **plan_document["steps"][1]}):
        plan_document["steps"] = [
            move(here, here),
            {"do": "grip", "force": "3 N", "closing_speed": "5 mm/s"},
            {"do": "follow", "pieces": [going]},
            last,
            {"do": "follow", "pieces": [stop]},
        ]
        with pytest.raises(ConfigError, match=r"in motion|begins with a speed|while something is held"):
            read_plan(plan_document)


def test_who_reacts_late_is_faster_by_then(plan_document: dict[str, Any], contract_document: dict[str, Any]) -> None:
    """A rest before a fast move is no place to be near: the robot is on its way before it reacts."""
    here, there = ["0 m", "0 m", "0.3 m"], ["0.3 m", "0 m", "0.3 m"]
    plan_document["steps"] = [
        move(here, here),
        {"do": "wait", "duration": "1 s"},
        {"do": "wait", "duration": "50 ms"},
        move(here, there, duration="0.8 s"),
    ]
    contract_document["people"]["reaction"] = "400 ms"
    rules = read_contract(contract_document).people
    assert rules is not None
    pieces = read_plan(plan_document).pieces
    first, waiting, short, fast = separations(pieces, pieces, rules)
    assert waiting == short == fast > first * Fraction(3, 2)  # after the first it rests for longer than it reacts
    assert separations(pieces[2:3], pieces[2:3], rules) == [first]


def test_an_obstacle_that_moves_comes_closer_while_pads_close(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    contract_document["obstacles"][2].update(at=["0 m", "0.9 m", "0.3 m"], speed="40 mm/s")
    with pytest.raises(ConfigError, match="how long step 2 takes, and 'lamp' moves"):
        told(plan_document, contract_document)
    for step in plan_document["steps"]:
        if step["do"] in ("grip", "release"):
            step["duration"] = "1 s"
    assert told(plan_document, contract_document) == []
    plan_document["steps"][1]["duration"] = "20 s"
    assert any("too close to lamp" in line for line in told(plan_document, contract_document))


def test_a_crushed_load_counts_what_presses_it_besides_the_pads(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    contract_document["gripper"]["closing_axis"] = "x"
    plan_document["steps"][1]["force"] = "4.55 N"
    report = verify(read_plan(plan_document), read_contract(contract_document))
    (crushed,) = [one for one in report.findings if one.label.what == "the load is crushed" and one.label.step == 3][:1]
    assert crushed.explanation is not None
    assert crushed.explanation.value >= crushed.explanation.wanted


def test_the_longest_numbers_that_are_read_can_be_proved_and_checked(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    long = f"0.{'3' * 20} mm"
    for step, point in ((3, 1), (4, 0), (4, 1), (6, 0), (6, 1)):
        plan_document["steps"][step]["along"][point][1] = long
    for step in plan_document["steps"]:
        if "duration" in step:
            step["duration"] = f"2.{'3' * 20} s"
    contract_document["gripper"]["friction"] = f"0.5{'3' * 19}"
    contract_document["load"]["mass"] = [f"0.14{'3' * 18} kg", f"0.15{'3' * 18} kg"]
    plan, contract = read_plan(plan_document), read_contract(contract_document)
    assert plan.pieces[3].end[1] == Fraction(int("3" * 20), 10**23)
    assert verify(plan, contract).is_accepted
    assert recheck(certificate(plan, contract), plan, contract) > 100


@pytest.mark.parametrize("text", ["1e13 m", "1e-13 m", "0." + "0" * 50 + "1 m", "9" * 60 + " m", f"0.{'3' * 21} m"])
def test_numbers_that_nobody_measured_are_refused(plan_document: dict[str, Any], text: str) -> None:
    plan_document["steps"][3]["along"][1][1] = text
    with pytest.raises(ConfigError, match=r"point 2, y is"):
        read_plan(plan_document)


def test_a_corner_that_cannot_be_told_from_0_ends_the_search_at_once(plan: Plan, contract_document: Any) -> None:
    """A lower limit that the tool reaches exactly: floats give up, rationals refuse, and no box is halved in vain."""
    contract_document["limits"]["low"][2] = "0.05 m"
    contract = read_contract(contract_document)
    (group,) = REQUIREMENTS["limits"].claims(Motion(plan.pieces, is_exact=False), contract, "it leaves its space")
    open_or_wrong = [one.outcome for one in decide(group, max_boxes=len(group))]
    assert Outcome.PROVED in open_or_wrong
    findings = verify(plan, contract).findings
    assert {finding.label.what for finding in findings} == {"it leaves its space"}
    assert all(finding.outcome is Outcome.VIOLATED for finding in findings)


def test_what_rounding_hides_is_decided_by_rationals(plan: Plan, contract_document: dict[str, Any]) -> None:
    for low, is_kept in (("0.0499999999999999999 m", True), ("0.0500000000000000001 m", False)):
        contract_document["limits"]["low"][2] = low
        report = verify(plan, read_contract(contract_document))
        assert report.is_accepted == is_kept
        assert all(finding.outcome is Outcome.VIOLATED for finding in report.findings)


def test_too_much_that_rounding_hides_is_refused_as_unknown(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    near, far = ["0 m", "0 m", "0.05 m"], ["0 m", "0 m", "0.06 m"]
    plan_document["steps"] = [move(*[near, far] * 12, duration="48 s", touching=("table",))]
    contract_document["limits"]["low"][2] = "0.0499999999999999999 m"
    (finding,) = verify(read_plan(plan_document), read_contract(contract_document)).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert str(finding) == "step 1: it leaves its space: too much cannot be told from 0"


def test_values_at_a_point_are_those_of_the_polynomials(plan: Plan, contract_document: dict[str, Any]) -> None:
    contract_document["obstacles"][2]["speed"] = "10 mm/s"
    contract, rng = read_contract(contract_document), random.Random(0)
    timed = copy.copy(plan)
    object.__setattr__(timed, "untimed_steps", ())
    for group in all_claims(timed, contract):
        point = {n: i.low + Fraction(rng.randrange(1001), 1000) * i.width for n, i in group.box.items()}
        for row in range(0, len(group), 5):
            label = group.labels[row]
            piece = [plan.pieces[label.piece]]
            there = Motion(piece, is_exact=True, among=plan.pieces, at=point)
            values = [
                one.best_value(n, {})
                for one in REQUIREMENTS[label.requirement].claims(there, contract, label.what)
                for n, own in enumerate(one.labels)
                if own == label
            ]
            assert group.best_value(row, point) in values


def test_documents_that_are_changed_after_they_were_read_change_nothing(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    plan, contract = read_plan(plan_document), read_contract(contract_document)
    before = subjects(plan, contract)
    plan_document["steps"][1]["force"] = "9 N"
    contract_document["load"]["breaks_at"] = "1 N"
    assert subjects(plan, contract) == before
    assert subjects(read_plan(plan_document), contract) != before


def test_the_bound_of_a_speed_is_the_greatest_bernstein_coefficient(plan: Plan) -> None:
    x, y, z = Motion(plan.pieces, is_exact=True).velocity
    squares = highest(x.square() + y.square() + z.square(), {TIME: WHOLE_PIECE})
    for piece, square in zip(plan.pieces, squares, strict=True):
        changes = [[n * value for n, value in enumerate(powers)][1:] or [Fraction(0)] for powers in piece.path]
        assert root_above(highest_square(changes) / piece.duration_s**2) >= root_above(square)


def test_what_another_computation_shows_to_be_unsafe_is_refused(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    base, rng = {"plan": plan_document, "contract": contract_document}, random.Random("soundness")
    broken = dict[str, int]()
    for _ in range(100):
        documents = mutated(varied(base, rng), rng)
        found = _broken(documents)
        if found is not None:
            broken[found] = broken.get(found, 0) + 1
            assert answer(documents) != "accepted", documents
    assert len(broken) >= 5
    assert sum(broken.values()) >= 40


def _height(documents: dict[str, Any], value: float) -> None:
    for step in documents["plan"]["steps"]:
        for point in step.get("along", []):
            point[2] = f"{value:.9f} m" if point[2] in ("0.3 m", "0.30 m") else point[2]


def _wall_end(documents: dict[str, Any], value: float) -> None:
    documents["contract"]["obstacles"][2]["at"] = ["200 mm", f"{value:.9f} m", "300 mm"]


TURNS: dict[str, tuple[str, float, float, float, Callable[[dict[str, Any], float], None]]] = {
    "less force": ("grip", 3.0, 1.0, 1e-3, lambda d, v: d["plan"]["steps"][1].update(force=f"{v:.9f} N")),
    "more force": ("grip", 3.0, 6.0, 1e-3, lambda d, v: d["plan"]["steps"][1].update(force=f"{v:.9f} N")),
    "a lower path": ("clearance", 0.3, 0.1, 1e-4, _height),
    "a lamp that is nearer": ("clearance", 0.2, 0.0, 1e-4, _wall_end),
    "less time": ("limits", 2.0, 0.5, 1e-3, lambda d, v: d["plan"]["steps"][2].update(duration=f"{v:.9f} s")),
    "a lighter base": (
        "standing",
        20.0,
        0.5,
        0.1,
        lambda d, v: d["contract"]["standing"].update(base_mass=f"{v:.9f} kg"),
    ),
    "less to fall": ("release", 0.01, 0.0, 1e-6, lambda d, v: d["contract"]["release"].update(may_fall=f"{v:.9f} m")),
    "people who are nearer": (
        "people",
        3.0,
        0.5,
        2.0,
        lambda d, v: d["contract"]["people"].update(at=[[f"{v:.9f} m", "0 m", "0 m"]]),
    ),
}
"""What is changed: what it breaks, from where to where, and how much may be left over when it is refused."""


@pytest.mark.parametrize("name", TURNS)
def test_the_verdict_turns_where_another_computation_says_so(
    plan_document: dict[str, Any], contract_document: dict[str, Any], name: str
) -> None:
    requirement, good, bad, slack, change = TURNS[name]
    documents = {"plan": plan_document, "contract": contract_document}

    def at(value: float) -> dict[str, Any]:
        made = copy.deepcopy(documents)
        change(made, value)
        return made

    assert answer(at(good)) == "accepted"
    assert answer(at(bad)) == "refused"
    for _ in range(22):
        middle = (good + bad) / 2
        good, bad = (middle, bad) if answer(at(middle)) == "accepted" else (good, middle)
    kept, broken = (margins(made["plan"], made["contract"])[requirement] for made in (at(good), at(bad)))
    assert kept > -1e-6
    assert broken < slack
