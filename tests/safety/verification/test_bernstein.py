"""The decider beside Z3, beside itself over rationals, and beside points drawn at random."""

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.safety.verification.bernstein import Outcome, decide, proof_tree
from zaphod.safety.verification.box import Box, Interval
from zaphod.safety.verification.claims import Claims, Label
from zaphod.safety.verification.polynomials import Polynomials, constants, stacked, variable

UNIT = {name: Interval(Fraction(0), Fraction(1)) for name in "tuv"}


def claims_of(polynomials: Polynomials, box: Box = UNIT, num_alternatives: int = 1) -> Claims:
    num_claims = len(polynomials) // num_alternatives
    return Claims(polynomials, box, (Label("test", 0, 0, "it is not above 0"),) * num_claims, num_alternatives)


def random_pair(rng: random.Random, num: int, degrees: tuple[int, ...], box: Box) -> tuple[Claims, Claims]:
    """The same random polynomials exact and in floats."""
    shape = (num, *(degree + 1 for degree in degrees))
    values = [Fraction(rng.randrange(-999, 1000), rng.randrange(1, 99)) for _ in range(int(np.prod(shape)))]
    exact = np.array(values, dtype=object).reshape(shape)
    exact[(slice(None), *[0] * len(degrees))] += Fraction(rng.randrange(60), 3)
    rounded = exact.astype(float)
    names = tuple("tuv"[: len(degrees)])
    floats = Polynomials(names, rounded, np.abs(rounded) * 2.0**-52)
    return claims_of(Polynomials(names, exact), box), claims_of(floats, box)


def test_a_positive_polynomial_is_proved_and_a_negative_corner_is_a_counterexample() -> None:
    t = variable("t", is_exact=True)
    positive, negative = (t - Fraction(1, 3)).square() + Fraction(1, 100), t * 2 - 1
    proved, violated = decide(claims_of(stacked([positive, negative])))
    assert proved.outcome is Outcome.PROVED
    assert violated.counterexample is not None
    assert violated.counterexample["t"] <= Fraction(1, 2)


def test_what_touches_zero_inside_is_not_proved() -> None:
    t = variable("t", is_exact=False)
    (decision,) = decide(claims_of((t - Fraction(1, 3)).square()))
    assert decision.outcome is Outcome.UNKNOWN


def test_what_touches_zero_at_a_dyadic_point_is_violated_there() -> None:
    t = variable("t", is_exact=True)
    (decision,) = decide(claims_of((t - Fraction(3, 8)).square()))
    assert decision.counterexample is not None
    assert decision.counterexample["t"] == Fraction(3, 8)


@pytest.mark.parametrize("degrees", [(6,), (10,), (3, 2), (2, 1, 1)], ids=str)
def test_floats_prove_only_what_is_true_and_points_confirm_it(degrees: tuple[int, ...]) -> None:
    rng = random.Random(f"floats/{degrees}")
    box = {name: Interval(Fraction(-n, 3), Fraction(2, n)) for n, name in enumerate("tuv", 1)}
    exact, floats = random_pair(rng, 120, degrees, box)
    by_floats, by_fractions = decide(floats), decide(exact)
    assert [d.outcome for d in by_floats] == [d.outcome for d in by_fractions]
    assert {Outcome.PROVED, Outcome.VIOLATED} <= {d.outcome for d in by_floats}
    for row, decision in enumerate(by_floats):
        if decision.counterexample is not None:
            assert exact.best_value(row, decision.counterexample) <= 0
            assert all(decision.counterexample[name] in box[name] for name in box)
        for _ in range(20):
            point = {n: i.low + Fraction(rng.randrange(1001), 1000) * i.width for n, i in box.items()}
            assert decision.outcome is not Outcome.PROVED or exact.best_value(row, point) > 0


def test_z3_agrees_on_a_thousand_random_claims() -> None:
    pytest.importorskip("z3", reason="z3-solver is not installed")
    from zaphod.safety.verification.smt import decide_by_z3

    rng = random.Random("z3")
    for degrees, num in (((1,), 400), ((2,), 400), ((3,), 200)):
        exact, floats = random_pair(rng, num, degrees, UNIT)
        by_z3 = [d.outcome for d in decide_by_z3(exact, timeout_s=10)]
        assert [d.outcome for d in decide(floats)] == by_z3
        assert [d.outcome for d in decide(exact)] == by_z3


def test_a_claim_of_alternatives_needs_one_of_them_at_each_point() -> None:
    t = variable("t", is_exact=True)
    either = stacked([Fraction(2, 3) - t, t - Fraction(1, 3)])
    assert decide(claims_of(either, num_alternatives=2))[0].outcome is Outcome.PROVED
    neither = stacked([Fraction(1, 3) - t, t - Fraction(2, 3)])
    (decision,) = decide(claims_of(neither, num_alternatives=2))
    assert decision.counterexample is not None
    assert Fraction(1, 3) <= decision.counterexample["t"] <= Fraction(2, 3)


def test_numbers_that_are_none_are_never_proved() -> None:
    wrong = np.array([[np.nan, 1.0], [np.inf, 1.0], [1.0, np.nan]])
    assert all(
        d.outcome is not Outcome.PROVED for d in decide(claims_of(Polynomials(("t",), wrong, np.zeros(wrong.shape))))
    )


def test_a_budget_that_is_used_up_leaves_the_rest_unknown() -> None:
    t = variable("t", is_exact=False)
    almost = (t - Fraction(1, 3)).square() + Fraction(1, 10**9)
    assert decide(claims_of(almost))[0].outcome is Outcome.PROVED
    assert decide(claims_of(almost), max_boxes=5)[0].outcome is Outcome.UNKNOWN


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fractions(min_value=-5, max_value=5, max_denominator=64), min_size=1, max_size=6),
    st.fractions(min_value=0, max_value=1, max_denominator=997),
)
def test_errors_of_floats_cover_the_exact_value(values: list[Fraction], at: Fraction) -> None:
    exact, floats = (
        (variable("t", is_exact=kind) * values[0] + values[-1]).square() * constants(values, is_exact=kind) - values[0]
        for kind in (True, False)
    )
    assert floats.error is not None
    far = np.abs(floats.coefficients.astype(object) - 0 * exact.coefficients)
    assert far.shape == exact.coefficients.shape
    for place in np.ndindex(*exact.coefficients.shape):
        off = abs(Fraction(float(floats.coefficients[place])) - exact.coefficients[place])
        assert off <= Fraction(float(floats.error[place]))


def test_a_proof_tree_exists_exactly_where_a_claim_is_proved() -> None:
    exact, _ = random_pair(random.Random("trees"), 60, (5,), UNIT)
    outcomes = [decision.outcome for decision in decide(exact)]
    trees = [proof_tree(exact, row) for row in range(len(exact))]
    assert [tree is not None for tree in trees] == [outcome is Outcome.PROVED for outcome in outcomes]
