"""Weighs a load by lifting it a centimetre, where what is believed of it leaves no force; knows no plan to come.

The pads press as hard as surely breaks nothing. Whether that holds is not known, and need not be: what slips out falls
by a centimetre. What the arm's scale then tells, with its declared error, narrows the range of the mass; everything
else that is believed stays.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from zaphod.agents.robotics.planning.carrying import HOVER_M, contract_document
from zaphod.agents.robotics.scene import SCALE_ERROR_N, Belief
from zaphod.agents.robotics.simulation.execution import Episode, Execution, Watch
from zaphod.agents.robotics.simulation.simulator import Sensed, Simulator
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.requirements import grip
from zaphod.safety.verification.verify import verify

LIFT_M: Final = 0.010
_AT_M: Final = 0.0005
_RESTS_M_S: Final = 0.0005
_READING_N: Final = 0.01
"""Of a reading while the load hangs still, beside the scale's own error."""
_FEWEST_READINGS: Final = 50
_LESS_N: Final = Fraction(1, 100)
_GRAVITY_M_S2: Final = 9.81
_HOLDS: Final = "1000"
"""Friction with which anything holds: the probe does not claim that this load does."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What came of it."""

    belief: Belief
    """As before where it was not weighed."""
    episode: Episode
    """What happened meanwhile."""
    refusal: str = ""
    """Why it was not weighed; empty where it was."""


def weighed(world: Simulator, belief: Belief, watch: Watch | None = None) -> Weighed:
    """Lifts the load a centimetre, reads the scale and puts it back; the hand ends where it began.

    Args:
        world: the hand above the load.
        belief: what is known of it.
        watch: is told of every step.
    """
    contract = probe_contract(belief)
    plan = probe(belief, contract)
    report = verify(plan, contract) if plan is not None else None
    if plan is None or report is None or not report.is_accepted:
        why = f"It cannot be weighed: {report.findings[0]}" if report else "It cannot be weighed: it breaks too easily."
        return Weighed(belief=belief, episode=Episode(), refusal=why)
    readings: list[Sensed] = []
    up_m = belief.half_height_m + LIFT_M

    def note(sensed: Sensed) -> None:
        if watch is not None:
            watch(sensed)
        if abs(sensed.position_m[2] - up_m) < _AT_M and abs(sensed.speed_m_s).max() < _RESTS_M_S:
            readings.append(sensed)

    episode = Execution(world, plan, watch=note).run()
    hangs = [one for one in readings if one.pad_forces_n.min() > 0]
    slipped = episode.dropped or any(one.load_m[2] < up_m - LIFT_M / 2 for one in hangs)
    if slipped or len(hangs) < _FEWEST_READINGS:
        return Weighed(belief=belief, episode=episode, refusal="It cannot be weighed: it slips.")
    narrower = narrowed(belief, statistics.fmean(one.lift_n for one in hangs))
    if narrower is None:
        return Weighed(belief=belief, episode=episode, refusal="It weighs what it cannot weigh: a sensor is wrong.")
    return Weighed(belief=narrower, episode=episode)


def narrowed(belief: Belief, lift_n: float) -> Belief | None:
    """What is believed once the scale has told this; None where the two contradict each other."""
    error_n = SCALE_ERROR_N + _READING_N
    low, high = ((lift_n + error) / _GRAVITY_M_S2 for error in (-error_n, error_n))
    mass = max(low, belief.mass_kg[0]), min(high, belief.mass_kg[1])
    return replace(belief, mass_kg=mass) if mass[0] <= mass[1] else None


def probe_contract(belief: Belief) -> Contract:
    """The scene's own contract, but for the claim that the load is not lost."""
    document = contract_document(belief)
    document["gripper"]["friction"] = _HOLDS
    return read_contract(document)


def probe(belief: Belief, contract: Contract) -> Plan | None:
    """Down, closed gently, up by a centimetre, still, and back; None where no force surely leaves the load whole."""
    force = grip.feasible_force(read_plan(_document(belief, Fraction(1))), contract)
    return None if force is None else read_plan(_document(belief, force.high - _LESS_N))


def _document(belief: Belief, force_n: Fraction) -> dict[str, Any]:
    x, y = belief.start_m
    above, down, up = (
        [f"{value:.6f} m" for value in (x, y, z)]
        for z in (HOVER_M, belief.half_height_m, belief.half_height_m + LIFT_M)
    )

    def move(start: list[str], end: list[str], seconds: float) -> dict[str, Any]:
        return {"do": "move", "along": [start, end], "duration": f"{seconds} s", "touching": ["table"]}

    return {
        "format": "zaphod-plan-1",
        "steps": [
            move(above, down, 1.5),
            {"do": "grip", "force": f"{float(force_n):.4f} N", "closing_speed": "5 mm/s"},
            move(down, up, 1.0),
            {"do": "wait", "duration": "0.5 s"},
            move(up, down, 1.0),
            {"do": "release"},
            move(down, above, 1.5),
        ],
    }
