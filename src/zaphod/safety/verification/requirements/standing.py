"""The base that carries the arm does not tip over: the zero-moment point stays inside the rectangle that it stands on.

With point masses m_i at (x_i, y_i, z_i) above the ground, the zero-moment point is
sum m_i ((a_z,i + g) x_i - z_i a_x,i) / sum m_i (a_z,i + g) (Vukobratovic 1972). For an edge of the rectangle this is
multiplied out, so that nothing is divided. The arm's mass and the load are where the tool is; the base rests. A stop
may come at any moment: its braking adds to the acceleration, along an edge's axis (h) and upwards (v).

Legend: t share of the piece's time, b, a and m the masses of base, arm and load; S pieces.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Contract, StandingRules
from zaphod.safety.verification.motion import TIME, WHOLE_PIECE, Motion
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.polynomials import Polynomials, stacked

NAME: Final = "standing"
TIPS, LIFTS_OFF = "the base tips over", "the base lifts off"
_NOTHING: Final = Interval(Fraction(0), Fraction(0))


def claims(motion: Motion, contract: Contract, what: str | None = None) -> list[Claims]:
    """For each piece and each edge; only those that say `what`, if it is given."""
    rules = contract.standing
    if rules is None:
        return []
    made = []
    for is_carrying in (False, True):
        part = motion.of([n for n, piece in enumerate(motion.pieces) if (piece.grip is not None) == is_carrying])
        if not part.pieces:
            continue
        mass = contract.load.mass if contract.load is not None and is_carrying else _NOTHING
        box = {TIME: WHOLE_PIECE, "b": rules.base_mass, "a": rules.arm_mass, "m": mass}
        if stop := contract.hardest_stop:
            box |= {"h": Interval(-stop, stop), "v": Interval(-stop, stop)}
        edges = [edge for edge in _edges(part, contract, rules) if what in (None, edge[0])]
        labels = [Label(NAME, piece.step, piece.number, wrong) for wrong, _ in edges for piece in part.pieces]
        made.append(Claims(stacked([edge for _, edge in edges]), box, tuple(labels)))
    return made


def explain(plan: Plan, contract: Contract, label: Label, point: dict[str, Fraction]) -> Explanation:
    """Which masses do it."""
    told = f"base {float(point['b']):.4g} kg, arm {float(point['a']):.4g} kg, load {float(point['m']):.4g} kg"
    motion = Motion([plan.pieces[label.piece]], is_exact=True, at=point)
    (group,) = claims(motion, contract, label.what)
    moments = [float(group.best_value(row, {})) for row in range(len(group))]
    unit = "N" if label.what == LIFTS_OFF else "N m"
    text = f"{told}, at {float(point[TIME]):.0%} of the move's time: {-min(moments):.3g} {unit} too much"
    return Explanation(text, min(moments), 0.0)


def _edges(motion: Motion, contract: Contract, rules: StandingRules) -> list[tuple[str, Polynomials]]:
    """What must be above 0, and what is wrong where it is not."""
    gravity = contract.gravity
    base, arm, load = (motion.variable(name) for name in ("b", "a", "m"))
    carried = arm + load
    sway, heave = (motion.variable(name) if contract.hardest_stop else motion.number(0) for name in ("h", "v"))
    rising_S = motion.acceleration[2] + heave + gravity
    press_S = base * gravity + carried * rising_S
    height_S = motion.position[2] - rules.low[2]
    found = [(LIFTS_OFF, press_S)]
    for axis in (0, 1):
        moment_S = base * (gravity * rules.base_centre[axis])
        pulled_S = motion.acceleration[axis] + sway
        moment_S = moment_S + carried * (rising_S * motion.position[axis] - height_S * pulled_S)
        found.append((TIPS, press_S * (rules.high[axis] - rules.margin) - moment_S))
        found.append((TIPS, moment_S - press_S * (rules.low[axis] + rules.margin)))
    return found
