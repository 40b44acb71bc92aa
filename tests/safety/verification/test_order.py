"""Deeds that work in every case are accepted; Z3 agrees on random ones."""

import random

import pytest

from zaphod.core.errors import CapacityError
from zaphod.safety.verification.order import Deed, breach
from zaphod.safety.verification.stl import Above, Always, And, Not

OPEN = Deed("open the door", {"door open": False}, {"door open": True})
GRASP = Deed("grasp the cup", {"holding": False, "door open": True}, {"holding": True})
POUR = Deed("pour", {"holding": True}, {"full": False})
NEVER_BOTH = {"it carries while somebody is near": Always(Not(And(Above("holding"), Above("somebody near"))))}


def test_a_sequence_that_works_is_accepted() -> None:
    assert breach([OPEN, GRASP, POUR], {}, [], {}) is None


def test_a_deed_whose_needs_are_not_met_is_named() -> None:
    found = breach([GRASP], {}, [], {})
    assert str(found) == "deed 1: grasp the cup needs that door open is so"


def test_what_is_not_known_is_tried_both_ways() -> None:
    found = breach([OPEN, GRASP], {}, ["door open"], {})
    assert found is not None
    assert found.supposing == {"door open": True}


def test_a_rule_about_the_course_is_held_in_every_case() -> None:
    deeds = [OPEN, GRASP]
    assert breach(deeds, {}, [], NEVER_BOTH) is None
    found = breach(deeds, {}, ["somebody near"], NEVER_BOTH)
    assert str(found) == "deed 3: it carries while somebody is near, if somebody near is so"


def test_too_much_that_is_unknown_is_refused() -> None:
    with pytest.raises(CapacityError, match="15 facts are not known"):
        breach([], {}, [f"f{n}" for n in range(15)], {})


def test_z3_agrees_on_random_sequences() -> None:
    z3 = pytest.importorskip("z3", reason="z3-solver is not installed")
    rng, outcomes = random.Random(0), []
    names = [f"f{n}" for n in range(5)]
    for _ in range(150):
        unknown = rng.sample(names, rng.randrange(4))
        known = {name: rng.random() < 0.5 for name in names if name not in unknown}
        deeds = []
        for number in range(rng.randrange(1, 4)):
            needs, makes = ({n: rng.random() < 0.5 for n in rng.sample(names, rng.randrange(2))} for _ in range(2))
            deeds.append(Deed(f"d{number}", needs, makes))
        facts = {name: z3.Bool(name) if name in unknown else z3.BoolVal(known[name]) for name in names}
        wrong = []
        for deed in deeds:
            wrong += [facts[fact] != holds for fact, holds in deed.needs.items()]
            facts = {**facts, **{fact: z3.BoolVal(holds) for fact, holds in deed.makes.items()}}
        solver = z3.Solver()
        solver.add(z3.Or(*wrong) if wrong else z3.BoolVal(False))
        found = breach(deeds, known, unknown, {})
        assert (found is not None) == (solver.check() == z3.sat)
        outcomes.append(found is not None)
    assert 30 < sum(outcomes) < 120
