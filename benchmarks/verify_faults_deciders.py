"""The same random claims given to all deciders: floats, rationals, closed forms, Z3, and cvc5 where it is installed."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from zaphod.core.progress import Advance
from zaphod.safety.verification.bernstein import Outcome, decide
from zaphod.safety.verification.box import Box, Interval, corners
from zaphod.safety.verification.claims import Claims, Label
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.motion import Motion
from zaphod.safety.verification.plans import read_plan
from zaphod.safety.verification.polynomials import Polynomials, nearest
from zaphod.safety.verification.requirements import grip
from zaphod.safety.verification.smt import decide_by_z3

TIMEOUT_S = 5.0
_MOST_VARIABLES_OF_CVC5 = 2
"""In three its coverings took a minute in spite of the limit."""
_SHAPES = ((1,), (2,), (3,), (4,), (6,), (1, 1), (1, 1, 1), (2, 1))


def instances(num: int) -> list[tuple[Claims, Claims]]:
    """Claims of one row each, exact and in floats: four in five of random polynomials, one of random grips."""
    rng = random.Random("deciders")
    return [_grip(rng) if n % 5 == 4 else _random(rng, _SHAPES[n % len(_SHAPES)]) for n in range(num)]


def decided(claims: tuple[Claims, Claims]) -> dict[str, Outcome]:
    """What each decider says."""
    exact, floats = claims
    said = {"floats": decide(floats)[0].outcome, "rationals": decide(exact)[0].outcome}
    if max(exact.polynomials.degrees, default=0) <= 1:
        said["closed form"] = _by_corners(exact)
    said["Z3"] = decide_by_z3(exact, TIMEOUT_S)[0].outcome
    if find_spec("cvc5") is not None and len(exact.polynomials.variables) <= _MOST_VARIABLES_OF_CVC5:
        said["cvc5"] = _by_cvc5(exact)
    return said


def compared(num: int, advance: Advance) -> dict[str, Any]:
    """How often each decider agrees with the rationals, contradicts them, or does not know."""
    counts: dict[str, Counter[str]] = {}
    outcomes: Counter[str] = Counter()
    contradicted = 0
    for claims in instances(num):
        said = decided(claims)
        outcomes[said["rationals"]] += 1
        known = {outcome for outcome in said.values() if outcome is not Outcome.UNKNOWN}
        contradicted += len(known) > 1
        for name, outcome in said.items():
            counts.setdefault(name, Counter())[_compared(outcome, said["rationals"])] += 1
        advance(1)
    return {"instances": num, "contradicted": contradicted, "outcomes": dict(outcomes), "by": counts}


def _compared(outcome: Outcome, other: Outcome) -> str:
    if Outcome.UNKNOWN in (outcome, other):
        return "undecided"
    return "agrees" if outcome is other else "disagrees"


def _random(rng: random.Random, degrees: tuple[int, ...]) -> tuple[Claims, Claims]:
    box: Box = {}
    for name in "tuv"[: len(degrees)]:
        low, high = sorted(Fraction(rng.randrange(-30, 31), rng.randrange(1, 12)) for _ in range(2))
        box = {**box, name: Interval(low, high)}
    shape = tuple(degree + 1 for degree in degrees)
    values = [Fraction(rng.randrange(-999, 1000), rng.randrange(1, 99)) for _ in range(int(np.prod(shape)))]
    # Half of them lifted, so that what holds is not rare.
    lifted = rng.choice([Fraction(0), Fraction(1, 2), Fraction(2), Fraction(20)])
    values[0] += sum(map(abs, values), Fraction(0)) * lifted
    return _both(values, (1, *shape), tuple("tuv"[: len(degrees)]), box)


def _grip(rng: random.Random) -> tuple[Claims, Claims]:
    """One of the claims of a load that is held at rest, of mass, friction and error of the force."""
    here = ["0 m", "0 m", "0.1 m"]
    plan = read_plan(
        {
            "format": "zaphod-plan-1",
            "steps": [
                {"do": "move", "along": [here, here], "duration": "1 s"},
                {"do": "grip", "force": f"{rng.uniform(0.5, 6):.3f} N", "closing_speed": "10 mm/s"},
            ],
        }
    )
    mass, friction = sorted(rng.uniform(0.05, 0.3) for _ in range(2)), sorted(rng.uniform(0.3, 0.8) for _ in range(2))
    contract = read_contract(
        {
            "name": "held",
            "load": {"mass": [f"{m:.4f} kg" for m in mass], "breaks_at": "5 N"},
            "gripper": {"friction": [f"{f:.4f}" for f in friction], "force_error": ["-0.2 N", "0.2 N"]},
            "grip": {"safety_factor": 1.1, "braking": "1 m/s^2"},
        }
    )
    row = rng.randrange(6)
    exact, floats = (grip.claims(Motion(plan.pieces, is_exact=kind), contract)[0] for kind in (True, False))
    places = [n for n, label in enumerate(exact.labels) if label.piece == 1]
    return exact.one(places[row]), floats.one(places[row])


def _both(values: list[Fraction], shape: tuple[int, ...], names: tuple[str, ...], box: Box) -> tuple[Claims, Claims]:
    rounded, error = nearest(values)
    labels = (Label("random", 0, 0, "it is not above 0"),)
    exact = Polynomials(names, np.array(values, dtype=object).reshape(shape))
    floats = Polynomials(names, rounded.reshape(shape), error.reshape(shape))
    return Claims(exact, box, labels), Claims(floats, box, labels)


def _by_corners(claims: Claims) -> Outcome:
    """What is linear in each variable is least at a corner."""
    box = {name: claims.box[name] for name in claims.polynomials.variables}
    values = [claims.best_value(0, point) for point in corners(box)]
    return Outcome.PROVED if min(values) > 0 else Outcome.VIOLATED


def _by_cvc5(claims: Claims) -> Outcome:
    cvc5: Any = import_module("cvc5")
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setLogic("QF_NRA")
    solver.setOption("tlimit-per", str(int(1000 * TIMEOUT_S)))
    names = claims.polynomials.variables

    def number(value: Fraction) -> Any:
        return terms.mkReal(value.numerator, value.denominator)

    variables = [terms.mkConst(terms.getRealSort(), name) for name in names]
    for name, variable in zip(names, variables, strict=True):
        solver.assertFormula(terms.mkTerm(cvc5.Kind.LEQ, number(claims.box[name].low), variable))
        solver.assertFormula(terms.mkTerm(cvc5.Kind.LEQ, variable, number(claims.box[name].high)))
    value = number(Fraction(0))
    for powers, coefficient in claims.polynomials.terms(0):
        factors = itertools.chain.from_iterable([v] * power for v, power in zip(variables, powers, strict=True))
        product = list(factors)
        term = terms.mkTerm(cvc5.Kind.MULT, number(coefficient), *product) if product else number(coefficient)
        value = terms.mkTerm(cvc5.Kind.ADD, value, term)
    solver.assertFormula(terms.mkTerm(cvc5.Kind.LEQ, value, number(Fraction(0))))
    answer = solver.checkSat()
    if answer.isUnsat():
        return Outcome.PROVED
    return Outcome.VIOLATED if answer.isSat() else Outcome.UNKNOWN
