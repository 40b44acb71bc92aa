"""What is let go stands on something: at that moment the tool is above a box that may be touched, and not too high.

Which box is decided here, over rationals: of those that the step names the one that is best; that it suits is claimed.

Legend: t share of the piece's time; S pieces at whose end the load is let go.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.motion import TIME, Motion
from zaphod.safety.verification.paths import Vector
from zaphod.safety.verification.plans import Piece, Plan
from zaphod.safety.verification.polynomials import Polynomials, stacked

NAME: Final = "release"
FALLS: Final = "the load is let go in the air"
_AT_THE_END: Final = Interval(Fraction(1), Fraction(1))
_NUM_BOUNDS: Final = 5


def claims(motion: Motion, contract: Contract, what: str | None = None) -> list[Claims]:
    """For each release: its height, and the four sides of what it is put on."""
    if contract.release is None:
        return []
    motion = motion.of([place for place, piece in enumerate(motion.pieces) if piece.lets_go])
    made: list[Polynomials] = []
    labels: list[Label] = []
    for place, piece in enumerate(motion.pieces):
        bounds = _best_bounds(piece, contract)
        if bounds is None:  # nothing is under it
            made.append(motion.number(-1))
        else:
            low, high, highest = bounds
            x, y, z = (axis.rows([place]) for axis in motion.position)
            made += [highest - z, x - low[0], high[0] - x, y - low[1], high[1] - y]
        labels += [Label(NAME, piece.step, piece.number, FALLS)] * (1 if bounds is None else _NUM_BOUNDS)
    return [Claims(stacked(made), {TIME: _AT_THE_END}, tuple(labels))] if made else []


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """How high it is above what."""
    piece = plan.pieces[label.piece]
    bounds = _best_bounds(piece, contract)
    at = ", ".join(f"{float(value):.3g}" for value in piece.end)
    if bounds is None:
        return Explanation(f"at ({at}) m, where the step touches nothing that could bear it", 0.0, 1.0)
    low, high, highest = bounds
    best = min(_margins(piece.end, low, high, highest))
    text = f"at ({at}) m; lower by {-float(best) * 1000:.1f} mm, or as far inwards, it would stand on something"
    return Explanation(text, float(best), 0.0)


def _best_bounds(piece: Piece, contract: Contract) -> tuple[Vector, Vector, Fraction] | None:
    """Of what suits best: its corners, and the height that the tool must not reach."""
    rules, load = contract.release, contract.load
    assert rules is not None
    assert load is not None
    lowest = min(body.at[2] - body.radius for body in load.bodies)
    found = []
    for obstacle in contract.obstacles:
        if obstacle.may_be_touched and obstacle.name in piece.touching and obstacle.low and obstacle.high:
            highest = obstacle.high[2] + rules.may_fall - lowest
            found.append((obstacle.low, obstacle.high, highest))
    return max(found, key=lambda bounds: min(_margins(piece.end, *bounds)), default=None)


def _margins(at: Vector, low: Vector, high: Vector, highest: Fraction) -> list[Fraction]:
    x, y, z = at
    return [highest - z, x - low[0], high[0] - x, y - low[1], high[1] - y]
