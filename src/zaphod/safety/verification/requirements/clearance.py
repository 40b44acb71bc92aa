"""Nothing is touched that should not be: each ball of the tool and its load stays outside each obstacle, at all times.

A ball is outside a box if it is beyond one of its six sides, and outside a ball if the centres are further apart than
both radii. A ball that may move grows by its speed times the time since the plan began. What a step may touch, its
balls may press against, but their centres stay outside: to touch a table is not to go through it.

Legend: t share of the piece's time; S pieces, K kinds of pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Body, Contract, Obstacle
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.polynomials import Polynomials, stacked

NAME: Final = "clearance"
_NUM_SIDES: Final = 6
_NEARS: Final = "it comes too close to "
_ENTERS: Final = "it goes into "


class Kind(NamedTuple):
    """What must stay apart, whenever that is."""

    body: Body
    obstacle: Obstacle
    reach: Fraction
    """From the body's centre to where the obstacle must not be."""
    is_carried: bool = False
    """Whether it only counts while something is held."""
    is_touching: bool = False
    """Whether it only counts while the obstacle may be touched; else only while it may not."""

    @property
    def told(self) -> str:
        """What would be wrong."""
        return (_ENTERS if self.is_touching else _NEARS) + self.obstacle.name


class Pair(NamedTuple):
    """What must stay apart during a piece."""

    place: int
    """Of the piece, in the motion."""
    kind: int
    """Its place among the kinds."""


def claims(motion: Motion, contract: Contract, what: str | None = None) -> list[Claims]:
    """For each piece, each ball that moves and each obstacle; only those that say `what`, if it is given."""
    made = []
    kinds = [kind for kind in _kinds(contract) if what in (None, kind.told)]
    of_boxes, of_balls = ([kind for kind in kinds if (kind.obstacle.at is None) == is_box] for is_box in (True, False))
    if pairs := _pairs(motion.pieces, of_boxes):
        sides, labels = _beyond_sides(motion, of_boxes, pairs), _labels(motion.pieces, of_boxes, pairs)
        made.append(Claims(sides, {TIME: WHOLE_PIECE}, labels, _NUM_SIDES))
    if pairs := _pairs(motion.pieces, of_balls):
        labels = _labels(motion.pieces, of_balls, pairs)
        made.append(Claims(apart(motion, of_balls, pairs), {TIME: WHOLE_PIECE}, labels))
    return made


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """How close which ball comes, and when."""
    piece = plan.pieces[label.piece]
    at = [axis.at({})[0] for axis in Motion([piece], is_exact=True, at=point).position]
    time_s = piece.start_s + point[TIME] * piece.duration_s
    kinds = [kind for kind in _kinds(contract) if kind.told == label.what]
    found = []
    for pair in _pairs([piece], kinds):
        body, obstacle, reach = kinds[pair.kind][:3]
        centre = [value + offset for value, offset in zip(at, body.at, strict=True)]
        found.append((_distance(centre, obstacle, time_s) - float(reach), reach - body.radius, centre))
    lacking, margin, centre = min(found)
    told, wanted = ", ".join(f"{float(value):.3g}" for value in centre), float(margin)
    away = lacking + wanted
    text = f"{away * 1000:.1f} mm from it at {float(time_s):.2f} s, at ({told}) m; wanted: {wanted * 1000:.1f} mm"
    return Explanation(text, away, wanted)


def apart(motion: Motion, kinds: Sequence[Kind], pairs: Sequence[Pair]) -> Polynomials:
    """Square of the distance of two balls' centres less that of what it must be."""
    places, chosen = [pair.place for pair in pairs], [pair.kind for pair in pairs]
    x, y, z = motion.position
    total = (x.square() + y.square() + z.square()).rows(places)
    rests_K = [Fraction(0)] * len(kinds)
    for axis, position in enumerate(motion.position):
        offsets_K = [kind.body.at[axis] - (kind.obstacle.at or (0, 0, 0))[axis] for kind in kinds]
        total = total + position.rows(places) * motion.numbers([2 * offset for offset in offsets_K]).rows(chosen)
        rests_K = [rest + offset * offset for rest, offset in zip(rests_K, offsets_K, strict=True)]
    radii_K = [kind.reach + kind.obstacle.radius for kind in kinds]
    if not any(kind.obstacle.speed for kind in kinds):
        rests_K = [rest - radius * radius for rest, radius in zip(rests_K, radii_K, strict=True)]
        return total + motion.numbers(rests_K).rows(chosen)
    grown_by = motion.since_beginning().rows(places) * motion.numbers([k.obstacle.speed for k in kinds]).rows(chosen)
    grown = motion.numbers(radii_K).rows(chosen) + grown_by
    return total + motion.numbers(rests_K).rows(chosen) - grown.square()


def _beyond_sides(motion: Motion, kinds: Sequence[Kind], pairs: Sequence[Pair]) -> Polynomials:
    """How far a ball is beyond each side of a box, six for each pair."""
    places, chosen = [pair.place for pair in pairs], [pair.kind for pair in pairs]
    sides: list[Polynomials] = []
    for axis in range(3):
        position = motion.position[axis].rows(places)
        lows_K, highs_K = [], []
        for body, obstacle, reach, *_ in kinds:
            assert obstacle.low is not None
            assert obstacle.high is not None
            lows_K.append(obstacle.low[axis] - reach - body.at[axis])
            highs_K.append(obstacle.high[axis] + reach - body.at[axis])
        sides.append(motion.numbers(lows_K).rows(chosen) - position)
        sides.append(position - motion.numbers(highs_K).rows(chosen))
    num = len(pairs)
    order = [side * num + pair for pair in range(num) for side in range(_NUM_SIDES)]
    return stacked(sides).rows(order)


def _kinds(contract: Contract) -> list[Kind]:
    """All that may have to stay apart, obstacle by obstacle."""
    if contract.clearance is None:
        return []
    tool = contract.gripper.bodies if contract.gripper else ()
    load = contract.load.bodies if contract.load else ()
    bodies = [(body, body.radius + contract.clearance.margin, False) for body in tool]
    bodies += [(body, body.radius + contract.clearance.margin, True) for body in load]
    made = []
    for obstacle in contract.obstacles:
        made += [Kind(body, obstacle, reach, is_carried) for body, reach, is_carried in bodies]
        if obstacle.may_be_touched:
            made += [Kind(body, obstacle, Fraction(0), is_carried, True) for body, _, is_carried in bodies]
    return made


def _pairs(pieces: Sequence[Piece], kinds: Sequence[Kind]) -> list[Pair]:
    made = []
    told = [(n, kind.is_carried, kind.obstacle.may_be_touched, kind.is_touching, kind) for n, kind in enumerate(kinds)]
    for place, piece in enumerate(pieces):
        for number, is_carried, may_be_touched, is_touching, kind in told:
            if is_carried and piece.grip is None:
                continue
            if is_touching == (may_be_touched and kind.obstacle.name in piece.touching):
                made.append(Pair(place, number))
    return made


def _labels(pieces: Sequence[Piece], kinds: Sequence[Kind], pairs: Sequence[Pair]) -> tuple[Label, ...]:
    told = [kind.told for kind in kinds]
    return tuple(Label(NAME, pieces[place].step, pieces[place].number, told[kind]) for place, kind in pairs)


def _distance(centre: Sequence[Fraction], obstacle: Obstacle, time_s: Fraction) -> float:
    """From a point to the obstacle's surface, metres; at a box's edges to the nearest of its sides' planes."""
    if obstacle.at is not None:
        apart = math.dist([float(v) for v in centre], [float(v) for v in obstacle.at])
        return apart - float(obstacle.radius + obstacle.speed * time_s)
    assert obstacle.low is not None
    assert obstacle.high is not None
    return float(max(max(low - v, v - high) for v, low, high in zip(centre, obstacle.low, obstacle.high, strict=True)))
