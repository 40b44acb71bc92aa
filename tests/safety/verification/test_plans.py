"""Plans are read exactly; what jumps, grips twice or ends in motion is refused."""

import copy
import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.plans import read_plan


def test_a_move_rests_at_each_point_and_its_pieces_follow_each_other(plan_document: dict[str, Any]) -> None:
    pieces = read_plan(plan_document).pieces
    assert all(a.end == b.start for a, b in itertools.pairwise(pieces))
    assert all(piece.start_speed == piece.end_speed == (0, 0, 0) for piece in pieces)
    assert pieces[-1].end == (Fraction(2, 5), 0, Fraction(3, 10))
    assert [piece.grip is not None for piece in pieces] == [False, True, True, True, True, False]


def followed(*pieces: dict[str, Any]) -> dict[str, Any]:
    return {"format": "zaphod-plan-1", "steps": [{"do": "follow", "pieces": list(pieces)}]}


START = {"duration": "1 s", "x": ["0 m", "0 m", "1 m"], "y": ["0 m"], "z": ["0 m"]}
STOP = {"duration": "1 s", "x": ["1 m", "2 m", "-1 m"], "y": ["0 m"], "z": ["0 m"]}


def test_own_polynomials_are_followed() -> None:
    first, second = read_plan(followed(START, STOP)).pieces
    assert first.end_speed == second.start_speed == (2, 0, 0)
    assert second.start_s == 1


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (followed(START), "ends in motion"),
        (followed(STOP), "begins with a speed"),
        (followed(START, {**STOP, "duration": "2 s"}), "begins with a speed"),
        (followed(START, {**STOP, "x": ["1.001 m", "2 m", "-1 m"]}), "the tool is at"),
        (followed({**START, "y": []}), "1 to 10 lengths"),
        (followed({**START, "duration": "0 s"}), "Time goes forward"),
        (followed({**START, "w": []}), "It knows"),
    ],
    ids=range(7),
)
def test_jumps_and_open_ends_are_refused(document: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_plan(document)


def _without(place: int) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["steps"].pop(place)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d["steps"].insert(2, d["steps"][1]), "grips while something is held"),
        (lambda d: d["steps"].insert(0, {"do": "release"}), "nothing is held"),
        (lambda d: d["steps"].insert(0, d["steps"][1]), "comes before any move"),
        (lambda d: d["steps"][1].update(force="-1 N"), "above 0"),
        (lambda d: d["steps"][0].update(touching="table"), "It lists names"),
        (lambda d: d["steps"][0].update(along=[["0 m", "0 m", "0 m"]]), "at least two points"),
        (lambda d: d["steps"][0].update(along=[["0 m", "0 m"], ["0 m"] * 3]), "x, y and z"),
        (_without(2), "the tool is at"),
    ],
    ids=range(8),
)
def test_what_cannot_be_done_is_refused(
    plan_document: dict[str, Any], change: Callable[[dict[str, Any]], None], told: str
) -> None:
    change(plan_document)
    with pytest.raises(ConfigError, match=told):
        read_plan(plan_document)


def scrambled(document: dict[str, Any], rng: random.Random) -> Any:
    """Some value replaced, removed or doubled, wherever it is."""
    made = copy.deepcopy(document)
    inner: Any = made
    while isinstance(inner, dict | list) and inner:
        key = rng.choice(list(inner)) if isinstance(inner, dict) else rng.randrange(len(inner))
        if rng.random() < 0.4 or not isinstance(inner[key], dict | list):
            inner[key] = rng.choice(
                [None, True, -1, 1e308, float("nan"), "", "1 m", "5 kg", "-3", [], {}, [None], inner[key], [inner[key]]]
            )
            if isinstance(inner, dict) and rng.random() < 0.3:
                inner[rng.choice(["Mass", "at", "do", "x" * 300])] = inner.pop(key)
            break
        inner = inner[key]
    return made


def test_scrambled_plans_and_contracts_are_read_or_refused_in_words(
    plan_document: dict[str, Any], contract_document: dict[str, Any]
) -> None:
    rng = random.Random(1)
    num_refused = 0
    for _ in range(600):
        for document, read in ((plan_document, read_plan), (contract_document, read_contract)):
            try:
                read(scrambled(document, rng))
            except ConfigError:
                num_refused += 1
    assert num_refused > 600


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.pop("gripper"), r"\[grip\] needs"),
        (
            lambda d: [d.pop(name) for name in ("grip", "clearance", "limits", "people", "standing", "release")],
            "requires nothing",
        ),
        (lambda d: d["gripper"].pop("bodies"), "need bodies"),
        (lambda d: d["load"].pop("bodies"), "has no bodies"),
        (lambda d: d.pop("obstacles"), "has no obstacles"),
        (lambda d: d["people"].update(at=[]), "nobody"),
        (lambda d: d["gripper"].update(friction=["0", "0.5"]), "Without friction"),
        (lambda d: d["gripper"].update(off_centre="5 mm"), "without pad_radius"),
        (lambda d: d["obstacles"][0].update(at=["0 m", "0 m", "0 m"]), "no shape, or two"),
        (lambda d: d["obstacles"][0].update(speed="1 m/s"), "is a box that moves"),
        (lambda d: d["obstacles"][0].update(low=["1 m", "0 m", "0 m"]), "low is above high"),
        (lambda d: d["obstacles"][1].update(name="wall"), "have one name"),
        (lambda d: d["load"].update(mass="150 N"), "no mass"),
        (lambda d: d["load"].update(mass=["2 kg", "1 kg"]), "goes from"),
        (lambda d: d["load"].update(mass="-1 kg"), "at least 0"),
        (lambda d: d["grip"].update(safety_factor=0.5), "at least 1"),
        (lambda d: d.update(griper={}), "Did you mean 'grip"),
    ],
    ids=range(17),
)
def test_a_contract_that_says_nothing_or_nonsense_is_refused(
    contract_document: dict[str, Any], change: Callable[[dict[str, Any]], None], told: str
) -> None:
    change(contract_document)
    with pytest.raises(ConfigError, match=told):
        read_contract(contract_document)
