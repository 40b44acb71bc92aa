"""Nothing is touched that should not be: each ball of the tool and its load stays outside each obstacle, at all times.

A ball is outside a box if it is beyond one of its six sides, and outside a ball if the centres are further apart than
both radii. A ball that may move grows by its speed times the time since the plan began.

Legend: t share of the piece's time; S pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Body, Contract, Obstacle
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.polynomials import Polynomials, stacked

NAME: Final = "clearance"
_NUM_SIDES: Final = 6


class Pair(NamedTuple):
    """What must stay apart during a piece."""

    place: int
    """Of the piece, in the plan."""
    body: Body
    obstacle: Obstacle


def claims(motion: Motion, contract: Contract) -> list[Claims]:
    """For each piece, each ball that moves and each obstacle that may not be touched then."""
    if contract.clearance is None:
        return []
    made = []
    margin = contract.clearance.margin
    pairs = list(_pairs(motion.pieces, contract))
    of_boxes, of_balls = ([pair for pair in pairs if (pair.obstacle.at is None) == is_box] for is_box in (True, False))
    if of_boxes:
        sides = _beyond_sides(motion, of_boxes, margin)
        made.append(Claims(sides, {TIME: WHOLE_PIECE}, _labels(motion.pieces, of_boxes), _NUM_SIDES))
    if of_balls:
        made.append(Claims(apart(motion, of_balls, margin), {TIME: WHOLE_PIECE}, _labels(motion.pieces, of_balls)))
    return made


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """How close which ball comes, and when."""
    assert contract.clearance is not None
    name = label.what.removeprefix(_TOUCHES)
    pieces = [plan.pieces[label.piece]]
    motion = Motion(pieces, is_exact=True)
    found = []
    for pair in _pairs(pieces, contract):
        piece = pieces[pair.place]
        if pair.obstacle.name == name:
            centre = _centre(motion, pair, point)
            time_s = piece.start_s + point[TIME] * piece.duration_s
            found.append((_distance(centre, pair.obstacle, time_s) - float(pair.body.radius), time_s, centre))
    distance, time_s, centre = min(found)
    told = ", ".join(f"{float(value):.3g}" for value in centre)
    wanted = float(contract.clearance.margin)
    text = f"{distance * 1000:.1f} mm from it at {float(time_s):.2f} s, at ({told}) m; wanted: {wanted * 1000:.1f} mm"
    return Explanation(text, distance, wanted)


def apart(motion: Motion, pairs: Sequence[Pair], margin: Fraction) -> Polynomials:
    """Square of the distance of two centres less that of what it must be."""
    places = [pair.place for pair in pairs]
    total = motion.number(0)
    for axis in range(3):
        offsets = [pair.body.at[axis] - (pair.obstacle.at or (0, 0, 0))[axis] for pair in pairs]
        total = total + (motion.position[axis].rows(places) + motion.numbers(offsets)).square()
    radii = motion.numbers([pair.body.radius + pair.obstacle.radius + margin for pair in pairs])
    speeds = motion.numbers([pair.obstacle.speed for pair in pairs])
    return total - (radii + motion.since_beginning().rows(places) * speeds).square()


def _beyond_sides(motion: Motion, pairs: Sequence[Pair], margin: Fraction) -> Polynomials:
    """How far a ball is beyond each side of a box, six for each pair."""
    places = [pair.place for pair in pairs]
    sides: list[Polynomials] = []
    for axis in range(3):
        position = motion.position[axis].rows(places)
        lows, highs = [], []
        for pair in pairs:
            assert pair.obstacle.low is not None
            assert pair.obstacle.high is not None
            reach = pair.body.radius + margin
            lows.append(pair.obstacle.low[axis] - reach - pair.body.at[axis])
            highs.append(pair.obstacle.high[axis] + reach - pair.body.at[axis])
        sides += [motion.numbers(lows) - position, position - motion.numbers(highs)]
    num = len(pairs)
    order = [side * num + pair for pair in range(num) for side in range(_NUM_SIDES)]
    return stacked(sides).rows(order)


def _pairs(pieces: Sequence[Piece], contract: Contract) -> Iterator[Pair]:
    tool = contract.gripper.bodies if contract.gripper else ()
    for place, piece in enumerate(pieces):
        carried = contract.load.bodies if contract.load and piece.grip else ()
        for obstacle in contract.obstacles:
            if not (obstacle.may_be_touched and obstacle.name in piece.touching):
                yield from (Pair(place, body, obstacle) for body in (*tool, *carried))


_TOUCHES: Final = "it comes too close to "


def _labels(pieces: Sequence[Piece], pairs: Sequence[Pair]) -> tuple[Label, ...]:
    held = [(pieces[pair.place], pair.obstacle.name) for pair in pairs]
    return tuple(Label(NAME, piece.step, piece.number, _TOUCHES + name) for piece, name in held)


def _centre(motion: Motion, pair: Pair, point: dict[str, Fraction]) -> list[Fraction]:
    at = [axis.rows([pair.place]).at(point)[0] for axis in motion.position]
    return [value + offset for value, offset in zip(at, pair.body.at, strict=True)]


def _distance(centre: Sequence[Fraction], obstacle: Obstacle, time_s: Fraction) -> float:
    """From a point to the obstacle's surface, metres; at a box's edges to the nearest of its sides' planes."""
    if obstacle.at is not None:
        apart = math.dist([float(v) for v in centre], [float(v) for v in obstacle.at])
        return apart - float(obstacle.radius + obstacle.speed * time_s)
    assert obstacle.low is not None
    assert obstacle.high is not None
    return float(max(max(low - v, v - high) for v, low, high in zip(centre, obstacle.low, obstacle.high, strict=True)))
