"""That a monitor's rule keeps what it promises, proved over rationals for its constants; knows no robot.

The three obligations of SOTER (Desai et al., DSN 2019), for a robot and a person who walks towards it:

    P1  the stop keeps the safe set: from where a stop is in time, it stays in time while the robot brakes
    P2  the stop ends: the robot rests within a stated time
    P3  from where the monitor lets the robot go on, any order leads only into the safe set, for as long as nothing may
        be noticed: two periods with their jitter, or an old or frozen measurement

Together: a stop that is in time exists whenever the monitor looks, also after it has looked away for a period. That is
also proved by itself, of the gap at every moment of a stop begun at any moment (`a stop one period ahead`). A person
may walk up to a robot at rest, so no stop can win back distance: what rests moves on only where P3 holds again.

The safe set is all gaps of at least B(v), what both go while the robot brakes from v. More gap helps, so that the least
is looked at: B(v) itself, or where the monitor still lets go what its rule needs.

Legend: v speed, t time until the stop begins, w share of the speed that could be gained until then is gained, z share
of the stop that is over, f force, e its error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from zaphod.agents.robotics.monitoring.stopping import Pursuit, braked_m, needed_m
from zaphod.core.errors import ConfigError
from zaphod.safety.verification import checker
from zaphod.safety.verification.bernstein import Outcome, decide
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.certificates import certify, digest
from zaphod.safety.verification.claims import Claims, Label
from zaphod.safety.verification.polynomials import Polynomials, variable

if TYPE_CHECKING:
    from zaphod.agents.robotics.monitoring.envelope import Envelope

NAME: Final = "monitor"
_HAIR_M: Final = Fraction(1, 10**9)
"""A gap this much smaller than 0 is none: equalities are proved up to a nanometre."""
_UNIT: Final = Interval(Fraction(0), Fraction(1))

Rule = Callable[[Any, Pursuit], Any]
"""What must be free for the monitor to let the robot go on with a speed."""


def obligations(envelope: Envelope, rule: Rule = needed_m) -> list[Claims]:
    """What must be proved, exact.

    Args:
        envelope: the constants.
        rule: by which the monitor decides.
    """
    rules = Pursuit(*map(Fraction, envelope.pursuit))
    speeds = Interval(Fraction(0), Fraction(envelope.most_speed_m_s))
    delays = Interval(Fraction(0), Fraction(envelope.unnoticed_s))
    box = {"v": speeds, "t": delays, "w": _UNIT, "z": _UNIT}
    v, t, w, z = (variable(name, is_exact=True) for name in box)

    braking_s = v * z * (1 / rules.braking)
    stays = _closed(braked_m(v, rules), v, -rules.braking, braking_s, rules) - braked_m(v * (1 - z), rules)
    gained = t * w * rules.gaining
    left = _closed(rule(v, rules), v, w * rules.gaining, t, rules)
    stop_s = (v + gained) * z * (1 / rules.braking)
    gap = _closed(left, v + gained, -rules.braking, stop_s, rules)
    found = [
        _claim("P1: a stop that is in time stays in time", stays + _HAIR_M, box),
        _claim("P2: a stop ends", rules.braking * Fraction(envelope.rest_within_s) - v, box),
        _claim("P3: until it is noticed a stop is in time", left - braked_m(v + gained, rules) + _HAIR_M, box),
        _claim("a stop one period ahead keeps the gap", gap + _HAIR_M, box),
    ]
    return [*found, *_of_the_grip(envelope), *_of_the_path(envelope, t, delays)]


@lru_cache(maxsize=256)
def prove(envelope: Envelope) -> int:
    """That a monitor with these constants keeps its obligations; how many were proved.

    Raises:
        ConfigError: one of them is not kept, with the values for which it fails.
    """
    claims = obligations(envelope)
    for one in claims:
        (decision,) = decide(one)
        if decision.outcome is not Outcome.PROVED:
            point = decision.counterexample or {}
            where = ", ".join(f"{name} = {float(value):.4g}" for name, value in point.items())
            raise ConfigError(
                f"A monitor with these constants does not keep “{one.labels[0].what}”: {where or decision.reason}.",
                "Its constants must bear their proof (agents/robotics/monitoring/proof.py).",
                "Take a longer horizon, stronger braking or a lower speed; for the grip, a lower force.",
            )
    return len(claims)


def certificate(envelope: Envelope) -> dict[str, Any]:
    """The proofs of all obligations, read by the checker that trusts nothing.

    Raises:
        RefusedError: of the checker: a proof is none.
    """
    subjects = {"envelope": digest(dataclasses.asdict(envelope)), "zaphod": version("zaphod")}
    document, unproved = certify(obligations(envelope), subjects)
    assert not unproved, unproved
    checker.check(document)
    return document


def _closed(gap: Any, speed: Any, gaining: Any, time: Any, rules: Pursuit) -> Any:
    """What is left of a gap after a time in which the robot goes faster by so much, and the person walks."""
    return gap - speed * time - gaining * time * time * Fraction(1, 2) - time * rules.walking


def _of_the_grip(envelope: Envelope) -> list[Claims]:
    """The hardest force that is ever ordered, off by its error and ringing after a change, breaks nothing."""
    low, high = map(Fraction, envelope.force_n)
    error = Fraction(envelope.force_error_n)
    box = {"f": Interval(low, high), "e": Interval(-error, error)}
    f, e = (variable(name, is_exact=True) for name in box)
    left = Fraction(envelope.breaks_at_n) - Fraction(envelope.force_step_n) - (f + e)
    return [_claim("no force that is ordered breaks the load", left, box)]


def _of_the_path(envelope: Envelope, t: Polynomials, delays: Interval) -> list[Claims]:
    """A tool that leaves its path is seen before it is where nothing was proved."""
    if envelope.proved_margin_m is None:
        return []
    left = Fraction(envelope.proved_margin_m) - Fraction(envelope.margin_m) - t * Fraction(envelope.drift_m_s)
    return [_claim("the tool is seen off its path before it leaves its margin", left, {"t": delays})]


def _claim(what: str, polynomial: Polynomials, box: dict[str, Interval]) -> Claims:
    return Claims(polynomial, {name: box[name] for name in polynomial.variables}, (Label(NAME, 0, 0, what),))
