"""The load is neither lost nor crushed: Coulomb friction at two pads, for every mass, friction and error of the force.

A pad presses with F + e, less or more what accelerates the load along the closing axis. Two pads bear at most 2 mu N.
A stop may come at any moment: it adds its braking to the acceleration, across as well as along the closing axis.
A load held at a distance d from its centre of mass also twists on pads of radius R: friction bears both where
(f / 2 mu N)^2 + (f d / (4/3 mu N R))^2 <= 1, the ellipse of Goyal, Ruina and Papadopoulos (1991).

Legend: m mass, mu friction, e error of the force, t share of the piece's time; S pieces that carry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from zaphod.safety.verification.bounds import highest, root_above, root_below
from zaphod.safety.verification.box import Box, Interval, corners
from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Contract, Gripper
from zaphod.safety.verification.farkas import Row, contradiction
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.polynomials import Polynomials, stacked

NAME: Final = "grip"
_MOMENTS: Final = 8
"""Of each piece at which a conflict of two forces is looked for."""
SLIPS, LOSES_CONTACT, IS_CRUSHED = "the load slips", "a pad leaves the load", "the load is crushed"


def claims(motion: Motion, contract: Contract, what: str | None = None) -> list[Claims]:
    """For each piece that carries, and for both pads; only those that say `what`, if it is given."""
    motion = motion.of([place for place, piece in enumerate(motion.pieces) if piece.grip is not None])
    carrying = motion.pieces
    load, gripper, rules = contract.load, contract.gripper, contract.grip
    if not carrying or load is None or gripper is None or rules is None:
        return []
    mass, friction, error = (motion.variable(name) for name in ("m", "mu", "e"))
    force_S = motion.numbers([_force_n(piece) for piece in carrying]) + error
    along = "xyz".index(gripper.closing_axis)
    pull_S, stop = mass * motion.acceleration[along], mass * rules.braking
    times = rules.safety_factor * root_above(_square_of_twist(gripper))
    weight_S = _squared_weight(motion, along, contract.gravity) * (mass * times).square()
    polynomials: list[Polynomials] = []
    labels: list[Label] = []

    def add(wrong: str, values_S: Polynomials) -> None:
        polynomials.append(values_S)
        labels.extend(Label(NAME, piece.step, piece.number, wrong) for piece in carrying)

    for pressed_S in (force_S - pull_S, force_S + pull_S):
        # What is left of friction for the load's weight, when a stop has taken its part.
        left_S = friction * 2 * (pressed_S - stop) - stop * times
        if what in (None, LOSES_CONTACT):
            add(LOSES_CONTACT, left_S)
        if what in (None, SLIPS):
            add(SLIPS, left_S.square() - weight_S)
        if load.breaks_at is not None and what in (None, IS_CRUSHED):
            impacts = motion.numbers([impact_n(piece, gripper) for piece in carrying])
            add(IS_CRUSHED, load.breaks_at - pressed_S - stop - impacts)
    box: Box = {TIME: WHOLE_PIECE, "m": load.mass, "mu": gripper.friction, "e": gripper.force_error}
    return [Claims(stacked(polynomials), box, tuple(labels))]


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """What the numbers of a counterexample say."""
    load, gripper, rules = contract.load, contract.gripper, contract.grip
    assert load is not None
    assert gripper is not None
    assert rules is not None
    piece = plan.pieces[label.piece]
    force = _force_n(piece) + point["e"]
    told = f"mass {_si(point['m'])} kg, friction {_si(point['mu'])}, force {_si(force)} N"
    motion = Motion([piece], is_exact=True, at=point)
    along = "xyz".index(gripper.closing_axis)
    if label.what == IS_CRUSHED:
        assert load.breaks_at is not None
        blow = impact_n(piece, gripper)
        inertia = point["m"] * (abs(motion.acceleration[along].at({})[0]) + rules.braking)
        text = f"{told}, inertia {_si(inertia)} N, impact {_si(blow)} N: the load breaks at {_si(load.breaks_at)} N"
        return Explanation(text, float(force + inertia + blow), float(load.breaks_at))
    weight = _squared_weight(motion, along, contract.gravity).at({})[0] * point["m"] ** 2
    stop = float(point["m"] * rules.braking)
    needed = (math.sqrt(weight * _square_of_twist(gripper)) + stop) * float(
        rules.safety_factor / point["mu"] / 2
    ) + stop
    return Explanation(f"{told}: friction bears the load from {needed:.3g} N on", float(force), needed)


def feasible_force(plan: Plan, contract: Contract) -> Interval | None:
    """Forces of a pad that keep the contract with this plan's motion, in newtons; None if there are none.

    Every force inside keeps it. One beside it may too: accelerations are bounded axis by axis.
    """
    carrying = [piece for piece in plan.pieces if piece.grip is not None]
    load, gripper, rules = contract.load, contract.gripper, contract.grip
    assert load is not None
    assert gripper is not None
    assert rules is not None
    motion = Motion(carrying, is_exact=True)
    along = "xyz".index(gripper.closing_axis)
    weight = root_above(_most(_squared_weight(motion, along, contract.gravity)) * _square_of_twist(gripper))
    pull = load.mass.high * (root_above(_most(motion.acceleration[along].square())) + rules.braking)
    twist = root_above(_square_of_twist(gripper))
    needed = rules.safety_factor * load.mass.high * (weight + twist * rules.braking) / (2 * gripper.friction.low)
    low = needed + pull - gripper.force_error.low
    if load.breaks_at is None:
        return Interval(low, low * 1000)
    impact = max(impact_n(piece, gripper) for piece in carrying)
    high = load.breaks_at - pull - gripper.force_error.high - impact
    return Interval(low, high) if low < high else None


class Conflict(NamedTuple):
    """Why no force keeps the contract with a plan's motion."""

    rows: tuple[Row, ...]
    """What the force of a pad must be, each at one point of the contract's ranges."""
    told: tuple[str, ...]
    """Each row in words."""
    times: tuple[Fraction, ...]
    """How many times to take each row for a contradiction (`farkas`)."""


def conflict(plan: Plan, contract: Contract) -> Conflict | None:
    """Two moments or loads that no force suits both; None if none were found among corners and some moments.

    These are conditions that any force must meet: roots are rounded in the force's favour.
    """
    load, gripper, rules = contract.load, contract.gripper, contract.grip
    carrying = [piece for piece in plan.pieces if piece.grip is not None]
    if load is None or gripper is None or rules is None or load.breaks_at is None or not carrying:
        return None
    motion = Motion(carrying, is_exact=True)
    along = "xyz".index(gripper.closing_axis)
    weights = _squared_weight(motion, along, contract.gravity)
    rows, told = [], []
    for point in corners({"m": load.mass, "mu": gripper.friction, "e": gripper.force_error}):
        for share in range(_MOMENTS + 1):
            at = {**point, TIME: Fraction(share, _MOMENTS)}
            values = zip(carrying, weights.at(at), motion.acceleration[along].at(at), strict=True)
            for piece, weight, pull in values:
                weighs = root_below(weight * _square_of_twist(gripper)) + rules.braking
                bears = rules.safety_factor * at["m"] * weighs / (2 * at["mu"])
                inertia = at["m"] * (abs(pull) + rules.braking)
                rows.append(Row((Fraction(-1),), at["e"] - inertia - bears))
                told.append(f"more than {_si(bears + inertia - at['e'])} N in step {piece.step + 1}: {_loaded(at)}")
                blow = load.breaks_at - _impact_n(piece, gripper, root_below) - inertia - at["e"]
                rows.append(Row((Fraction(1),), blow))
                told.append(f"less than {_si(blow)} N in step {piece.step + 1}: {_loaded(at)}")
    tightest = _tightest(rows)
    times = contradiction(tightest)
    if times is None:
        return None
    places = [rows.index(row) for row in tightest]
    return Conflict(tuple(tightest), tuple(told[place] for place in places), tuple(times))


def impact_n(piece: Piece, gripper: Gripper) -> Fraction:
    """At most what a finger's blow adds when it closes: v sqrt(k m), rounded up."""
    return _impact_n(piece, gripper, root_above)


def _impact_n(piece: Piece, gripper: Gripper, root: Callable[[Fraction], Fraction]) -> Fraction:
    assert piece.grip is not None
    return piece.grip.closing_speed_m_s * root(gripper.contact_stiffness * gripper.finger_mass)


def _tightest(rows: Sequence[Row]) -> list[Row]:
    """The lowest bound from above and the highest from below."""
    return [min((row for row in rows if row.a[0] == sign), key=lambda row: row.b) for sign in (-1, 1)]


def _loaded(point: Mapping[str, Fraction]) -> str:
    return f"mass {_si(point['m'])} kg, friction {_si(point['mu'])}, force off by {_si(point['e'])} N"


def _squared_weight(motion: Motion, along: int, gravity: Fraction) -> Polynomials:
    """Square of what a kilogram pulls across the closing axis, (m/s^2)^2, [S]."""
    across, up = motion.acceleration[1 - along], motion.acceleration[2] + gravity
    return across.square() + up.square()


def _square_of_twist(gripper: Gripper) -> Fraction:
    """By how much the twist of an off-centre load raises the square of what friction must bear."""
    if not gripper.off_centre:
        return Fraction(1)
    return 1 + (3 * gripper.off_centre / (2 * gripper.pad_radius)) ** 2


def _most(polynomials: Polynomials) -> Fraction:
    """Not less than any value of any of them."""
    return max(highest(polynomials, {TIME: WHOLE_PIECE}))


def _force_n(piece: Piece) -> Fraction:
    assert piece.grip is not None
    return piece.grip.force_n


def _si(value: Fraction) -> str:
    return f"{float(value):.4g}"
