"""Whether claims hold, asked of Z3: is there a point of the box where none of the polynomials is above 0?

Slower than Bernstein coefficients, and written by others: it checks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from zaphod.core.errors import MissingExtraError
from zaphod.safety.verification.bernstein import Decision, Outcome
from zaphod.safety.verification.claims import Claims


def decide_by_z3(claims: Claims, timeout_s: float = 1.0) -> list[Decision]:
    """Whether each exact claim holds on the whole box; unknown where Z3 gives up in time.

    Raises:
        MissingExtraError: Z3 is not installed.
    """
    try:
        import z3
    except ImportError as error:
        raise MissingExtraError("z3-solver", "robotics") from error
    return [_decided(z3, claims, row, timeout_s) for row in range(len(claims))]


def _decided(z3: Any, claims: Claims, row: int, timeout_s: float) -> Decision:
    variables = {name: z3.Real(name) for name in claims.polynomials.variables}
    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", max(1, int(timeout_s * 1000)))
    for name, variable in variables.items():
        low, high = claims.box[name]
        solver.add(_number(z3, low) <= variable, variable <= _number(z3, high))
    first = row * claims.num_alternatives
    for alternative in range(first, first + claims.num_alternatives):
        solver.add(_written(z3, claims, alternative, variables) <= 0)
    answer = solver.check()
    if answer == z3.unsat:
        return Decision(Outcome.PROVED)
    if answer == z3.sat:
        return _counterexample(solver.model(), variables, claims, row)
    return Decision(Outcome.UNKNOWN, reason=f"Z3: {solver.reason_unknown()}")


def _written(z3: Any, claims: Claims, alternative: int, variables: Mapping[str, Any]) -> Any:
    """A polynomial as Z3 reads it."""
    value = _number(z3, Fraction(0))
    for powers, coefficient in claims.polynomials.terms(alternative):
        term = _number(z3, coefficient)
        for name, power in zip(claims.polynomials.variables, powers, strict=True):
            for _ in range(power):
                term = term * variables[name]
        value = value + term
    return value


def _counterexample(model: Any, variables: Mapping[str, Any], claims: Claims, row: int) -> Decision:
    """Z3's point, or one beside it where that is irrational; it counts only if it is one."""
    point = {name: interval.middle for name, interval in claims.box.items()}
    for name, variable in variables.items():
        value = model.eval(variable, model_completion=True)
        near = value if hasattr(value, "as_fraction") else value.approx(20)
        low, high = claims.box[name]
        point[name] = min(max(Fraction(near.as_fraction()), low), high)
    if claims.best_value(row, point) > 0:
        return Decision(Outcome.UNKNOWN, reason="Z3 says that it is wrong at a point which is not rational")
    return Decision(Outcome.VIOLATED, point)


def _number(z3: Any, value: Fraction) -> Any:
    return z3.RealVal(f"{value.numerator}/{value.denominator}")
