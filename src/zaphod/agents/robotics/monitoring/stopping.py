"""How near robot and person come to each other until the robot rests; numbers or polynomials, so that the rule that is
computed every period is the one that is proved.

Legend: a braking, u speed of the person, v speed of the robot, b how fast the robot gains speed, H the horizon: for so
long it goes on before a stop begins.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class Pursuit(NamedTuple):
    """Constants in SI units: floats, or fractions for a proof."""

    braking: Any
    walking: Any
    gaining: Any
    horizon: Any


def braked_m(speed: Any, rules: Pursuit) -> Any:
    """What both go while the robot brakes from this speed: v^2 / 2a, and u v / a."""
    return speed * speed * (1 / (2 * rules.braking)) + speed * (rules.walking / rules.braking)


def needed_m(speed: Any, rules: Pursuit) -> Any:
    """What must be free if the stop begins only after the horizon, and the robot gets faster until then."""
    fastest = speed + rules.gaining * rules.horizon
    return (fastest + rules.walking) * rules.horizon + braked_m(fastest, rules)


def speed_within_m_s(free_m: float, rules: Pursuit) -> float:
    """The speed for which just this is needed; 0 where nothing is left for any."""
    a, u, b, horizon = map(float, rules)
    linear, constant = horizon + u / a, u * horizon - free_m
    if constant >= 0:
        return 0.0
    return max(0.0, a * (-linear + math.sqrt(linear * linear - 2 * constant / a)) - b * horizon)
