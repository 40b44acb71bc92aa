"""The tool goes no faster, accelerates no more and reaches no further than it may; while it touches, slower.

Legend: t share of the piece's time; S pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.polynomials import Polynomials, stacked

NAME: Final = "limits"
TOO_FAST, TOUCHES_TOO_FAST = "it is too fast", "it touches too fast"
TOO_SUDDEN, TOO_FAR = "it accelerates too much", "it leaves its space"


def claims(motion: Motion, contract: Contract, what: str | None = None) -> list[Claims]:
    """For each piece and each limit that the contract sets; only those that say `what`, if it is given."""
    limits = contract.limits
    if limits is None:
        return []
    polynomials: list[Polynomials] = []
    labels: list[Label] = []

    def add(wrong: str, pieces: Sequence[Piece], values: Polynomials) -> None:
        if pieces:
            polynomials.append(values)
            labels.extend(Label(NAME, piece.step, piece.number, wrong) for piece in pieces)

    pieces = motion.pieces
    if limits.speed is not None and what in (None, TOO_FAST):
        add(TOO_FAST, pieces, limits.speed**2 - _squared(motion.velocity))
    if limits.touch_speed is not None and what in (None, TOUCHES_TOO_FAST):
        places = [place for place, piece in enumerate(pieces) if piece.touching]
        speeds = _squared(motion.velocity).rows(places)
        add(TOUCHES_TOO_FAST, [pieces[place] for place in places], limits.touch_speed**2 - speeds)
    if limits.acceleration is not None and what in (None, TOO_SUDDEN):
        add(TOO_SUDDEN, pieces, limits.acceleration**2 - _squared(motion.acceleration))
    for axis in range(3) if what in (None, TOO_FAR) else ():
        if limits.low is not None:
            add(TOO_FAR, pieces, motion.position[axis] - limits.low[axis])
        if limits.high is not None:
            add(TOO_FAR, pieces, limits.high[axis] - motion.position[axis])
    return [Claims(stacked(polynomials), {TIME: WHOLE_PIECE}, tuple(labels))] if polynomials else []


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """How fast or where it is."""
    limits = contract.limits
    assert limits is not None
    motion = Motion([plan.pieces[label.piece]], is_exact=True, at=point)
    if label.what == TOO_FAR:
        places = [axis.at({})[0] for axis in motion.position]
        beyond = [low - at for low, at in zip(limits.low or (), places, strict=False)]
        beyond += [at - high for high, at in zip(limits.high or (), places, strict=False)]
        told = ", ".join(f"{float(at):.3g}" for at in places)
        return Explanation(f"it is at ({told}) m", -float(max(beyond)), 0.0)
    is_speed = label.what in (TOO_FAST, TOUCHES_TOO_FAST)
    value = math.sqrt(_squared(motion.velocity if is_speed else motion.acceleration).at({})[0])
    limit = {TOO_FAST: limits.speed, TOUCHES_TOO_FAST: limits.touch_speed, TOO_SUDDEN: limits.acceleration}[label.what]
    assert limit is not None
    text = f"{value:.3g} {'m/s' if is_speed else 'm/s^2'}; at most {float(limit):.3g} is allowed"
    return Explanation(text, value, float(limit))


def _squared(axes: tuple[Polynomials, ...]) -> Polynomials:
    x, y, z = axes
    return x.square() + y.square() + z.square()
