"""People are not reached: the robot would have stopped before anybody who comes closer could touch it.

The distance that must be left is the one of ISO 10218-2:2025 (speed and separation monitoring; Marvel and Norcross,
Robotics and Computer-Integrated Manufacturing 44, 2017): what a person walks while the robot sees, reacts and brakes,
what the robot goes while it reacts and brakes, and the margin. The robot's speed is bounded piece by piece. People are
thought to stand where the contract has them until they come closer, at any moment; that they are seen is the monitor's.

Legend: t share of the piece's time; S pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from zaphod.safety.verification.bounds import highest_square, root_above
from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Body, Contract, Obstacle, PeopleRules
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.requirements.clearance import Kind, Pair, apart

NAME: Final = "people"
_REACHES: Final = "it could reach person "


def claims(motion: Motion, contract: Contract, what: str | None = None) -> list[Claims]:
    """For each piece, each ball that moves and each person; only those that say `what`, if it is given."""
    rules = contract.people
    if rules is None:
        return []
    kinds: list[Kind] = []
    pairs: list[Pair] = []
    labels: list[Label] = []
    for place, distance in enumerate(separations(motion.pieces, motion.among, rules)):
        piece = motion.pieces[place]
        for number, at in enumerate(rules.at, 1):
            told = f"{_REACHES}{number}"
            if what not in (None, told):
                continue
            person = Obstacle(name=str(number), at=at, radius=rules.radius + distance)
            for body in _bodies(contract, is_carrying=piece.grip is not None):
                pairs.append(Pair(place, len(kinds)))
                kinds.append(Kind(body, person, body.radius + rules.margin))
                labels.append(Label(NAME, piece.step, piece.number, told))
    return [Claims(apart(motion, kinds, pairs), {TIME: WHOLE_PIECE}, tuple(labels))] if pairs else []


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """How far away the person is, and what is wanted."""
    rules = contract.people
    assert rules is not None
    piece = plan.pieces[label.piece]
    (distance,) = separations([piece], plan.pieces, rules)
    at = [float(axis.at({})[0]) for axis in Motion([piece], is_exact=True, at=point).position]
    person = [float(value) for value in rules.at[int(label.what.removeprefix(_REACHES)) - 1]]
    gaps = []
    for body in _bodies(contract, is_carrying=piece.grip is not None):
        centre = [value + float(offset) for value, offset in zip(at, body.at, strict=True)]
        gaps.append(math.dist(centre, person) - float(body.radius + rules.radius))
    gap, wanted = min(gaps), float(distance + rules.margin)
    return Explanation(f"{gap:.2f} m away; {wanted:.2f} m are needed to stop in time", gap, wanted)


def separations(pieces: Sequence[Piece], among: Sequence[Piece], rules: PeopleRules) -> list[Fraction]:
    """For each piece what must lie between robot and person, the margin left out; metres.

    Until the robot reacts it goes on with its plan: it may then be in a piece that is faster.

    Args:
        pieces: some of the plan's.
        among: all of the plan's, in their order.
        rules: how people and robot move.
    """
    speeds: dict[int, Fraction] = {}
    found = []
    for piece in pieces:
        reacted_s = piece.start_s + piece.duration_s + rules.reaction
        speed = Fraction(0)
        for later in among:
            if later.number < piece.number:
                continue
            if later.start_s > reacted_s:
                break
            if later.number not in speeds:
                speeds[later.number] = _speed_bound(later)
            speed = max(speed, speeds[later.number])
        stopping_s = speed / rules.braking
        person = rules.speed * (rules.reaction + stopping_s)
        found.append(person + speed * rules.reaction + speed * stopping_s / 2)
    return found


def _speed_bound(piece: Piece) -> Fraction:
    """Metres per second that the tool does not exceed during a piece."""
    changes = [[n * value for n, value in enumerate(powers)][1:] or [Fraction(0)] for powers in piece.path]
    return root_above(highest_square(changes) / piece.duration_s**2)


def _bodies(contract: Contract, *, is_carrying: bool) -> tuple[Body, ...]:
    tool = contract.gripper.bodies if contract.gripper else ()
    carried = contract.load.bodies if contract.load and is_carrying else ()
    return (*tool, *carried)
