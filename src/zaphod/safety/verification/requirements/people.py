"""People are not reached: the robot would have stopped before anybody who comes closer could touch it.

The distance that must be left is the one of ISO 10218-2:2025 (speed and separation monitoring; Marvel and Norcross,
Robotics and Computer-Integrated Manufacturing 44, 2017): what a person walks while the robot sees, reacts and brakes,
what the robot goes while it reacts and brakes, and the margin. The robot's speed is bounded piece by piece.

Legend: t share of the piece's time; S pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from zaphod.safety.verification.bounds import highest, root_above
from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Body, Contract, Obstacle, PeopleRules
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.requirements.clearance import Pair, apart

NAME: Final = "people"
_REACHES: Final = "it could reach person "


def claims(motion: Motion, contract: Contract) -> list[Claims]:
    """For each piece, each ball that moves and each person."""
    rules = contract.people
    if rules is None:
        return []
    pairs, labels = [], []
    for place, distance in enumerate(separations(motion.pieces, rules)):
        piece = motion.pieces[place]
        for number, at in enumerate(rules.at, 1):
            person = Obstacle(name=str(number), at=at, radius=rules.radius + distance)
            for body in _bodies(contract, is_carrying=piece.grip is not None):
                pairs.append(Pair(place, body, person))
                labels.append(Label(NAME, piece.step, piece.number, f"{_REACHES}{number}"))
    polynomials = apart(motion, pairs, rules.margin)
    return [Claims(polynomials, {TIME: WHOLE_PIECE}, tuple(labels))]


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """How far away the person is, and what is wanted."""
    rules = contract.people
    assert rules is not None
    pieces = [plan.pieces[label.piece]]
    motion = Motion(pieces, is_exact=True)
    person = [float(value) for value in rules.at[int(label.what.removeprefix(_REACHES)) - 1]]
    found = []
    for place, distance in enumerate(separations(pieces, rules)):
        at = [float(axis.rows([place]).at(point)[0]) for axis in motion.position]
        for body in _bodies(contract, is_carrying=pieces[place].grip is not None):
            centre = [value + float(offset) for value, offset in zip(at, body.at, strict=True)]
            gap = math.dist(centre, person) - float(body.radius + rules.radius)
            found.append((gap - float(distance + rules.margin), gap, distance + rules.margin))
    _, gap, wanted = min(found)
    return Explanation(f"{gap:.2f} m away; {float(wanted):.2f} m are needed to stop in time", gap, float(wanted))


def separations(pieces: Sequence[Piece], rules: PeopleRules) -> list[Fraction]:
    """For each piece what must lie between robot and person, the margin left out; metres."""
    motion = Motion(pieces, is_exact=True)
    x, y, z = motion.velocity
    found = []
    for square in highest(x.square() + y.square() + z.square(), {TIME: WHOLE_PIECE}):
        speed = root_above(square)
        stopping_s = speed / rules.braking
        person = rules.speed * (rules.reaction + stopping_s)
        found.append(person + speed * rules.reaction + speed * stopping_s / 2)
    return found


def _bodies(contract: Contract, *, is_carrying: bool) -> tuple[Body, ...]:
    tool = contract.gripper.bodies if contract.gripper else ()
    carried = contract.load.bodies if contract.load and is_carrying else ()
    return (*tool, *carried)
