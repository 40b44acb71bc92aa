"""A third party: cvc5 on the same claims. It is a peer of Z3, written by others again."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from tests.safety.verification.test_bernstein import random_pair

from zaphod.safety.verification.bernstein import Outcome, decide
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.claims import Claims

cvc5 = pytest.importorskip("cvc5", reason="cvc5 is not installed")


def decided_by_cvc5(claims: Claims, row: int) -> Outcome:
    """Is there a point of the box where the polynomial is not above 0?"""
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setLogic("QF_NRA")
    solver.setOption("tlimit-per", "5000")
    names = claims.polynomials.variables
    variables = [terms.mkConst(terms.getRealSort(), name) for name in names]

    def number(value: Fraction) -> Any:
        return terms.mkReal(value.numerator, value.denominator)

    for name, variable in zip(names, variables, strict=True):
        solver.assertFormula(terms.mkTerm(cvc5.Kind.LEQ, number(claims.box[name].low), variable))
        solver.assertFormula(terms.mkTerm(cvc5.Kind.LEQ, variable, number(claims.box[name].high)))
    value = number(Fraction(0))
    for powers, coefficient in claims.polynomials.terms(row):
        factors = [v for v, power in zip(variables, powers, strict=True) for _ in range(power)]
        product = terms.mkTerm(cvc5.Kind.MULT, number(coefficient), *factors) if factors else number(coefficient)
        value = terms.mkTerm(cvc5.Kind.ADD, value, product)
    solver.assertFormula(terms.mkTerm(cvc5.Kind.LEQ, value, number(Fraction(0))))
    answer = solver.checkSat()
    if answer.isUnsat():
        return Outcome.PROVED
    return Outcome.VIOLATED if answer.isSat() else Outcome.UNKNOWN


@pytest.mark.parametrize("degrees", [(1,), (2,), (1, 1)], ids=str)
def test_cvc5_never_says_otherwise(degrees: tuple[int, ...]) -> None:
    box = {name: Interval(Fraction(-n, 3), Fraction(2, n)) for n, name in enumerate("tuv", 1)}
    exact, floats = random_pair(random.Random(f"cvc5/{degrees}"), 60, degrees, box)
    ours = [decision.outcome for decision in decide(floats)]
    theirs = [decided_by_cvc5(exact, row) for row in range(len(exact))]
    assert all(other in (own, Outcome.UNKNOWN) for own, other in zip(ours, theirs, strict=True))
    assert theirs.count(Outcome.UNKNOWN) < 10
