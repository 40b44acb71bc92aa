"""In which manner an instruction wants something done, and the first proposal made of that; knows no contract.

Manner decides where the rounds begin and nothing else: whatever somebody asks for, gentle, fast or with 50 N, the plan
is held against the same contract.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.scene import Belief

_GENTLY: Final = (
    "gently",
    "carefully",
    "careful",
    "softly",
    "slowly",
    "cautiously",
    "delicately",
    "calmly",
    "tenderly",
)
_FAST: Final = ("quickly", "fast", "faster", "rapidly", "swiftly", "hurry", "speedily", "asap", "immediately")
_HARD: Final = ("hard", "harder", "tight", "tighter", "tightly", "firmly", "firm", "squeeze", "forcefully", "strongly")
_ADVERBS: Final = "|".join(
    word for word in (*_GENTLY, *_FAST, *_HARD) if word.endswith("ly") or word in ("fast", "faster", "asap")
)
_SAID_ADVERB: Final = re.compile(rf"\s*\b(?:very |really |as )?(?:{_ADVERBS})\b(?: as possible)?", re.IGNORECASE)
_NEWTONS: Final = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)\s*(?:n|newtons?)\b", re.IGNORECASE)
_SAID_NEWTONS: Final = re.compile(rf"\s*\b(?:with|at|using|by)\s+{_NEWTONS.pattern}", re.IGNORECASE)
_LEAST_N, _MOST_N = 0.1, 99.0

_ABOVE_WALL_M: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How something is to be done; each factor is that of the gentle default."""

    times: float = 1.0
    closing: float = 1.0
    force: float = 1.0
    force_n: float | None = None
    """Where somebody names one."""


def manner_of(instruction: str) -> Manner:
    """What the words of an instruction say of the manner. Who wants it both gentle and fast gets it gentle."""
    words = set(re.findall(r"[a-z]+", instruction.lower()))
    named = _NEWTONS.search(instruction)
    force_n = min(max(float(named[1]), _LEAST_N), _MOST_N) if named else None
    force = 2.0 if words & set(_HARD) else 1.0
    if words & set(_GENTLY):
        return Manner(times=1.25, closing=0.8, force=force, force_n=force_n)
    if words & set(_FAST):
        return Manner(times=0.5, closing=2.0, force=force, force_n=force_n)
    return Manner(force=force, force_n=force_n)


def without_manner(instruction: str) -> str:
    """The instruction without adverbs of manner and named forces, for a model that was not taught any."""
    plain = _SAID_NEWTONS.sub("", _SAID_ADVERB.sub("", instruction))
    return re.sub(r"\s*,(?:\s*,)+", ",", plain)


def first_proposal(belief: Belief, manner: Manner) -> Proposal:
    """Gentle numbers to begin with: the middle between slipping at rest and breaking, and room above the wall."""
    resting_n = belief.mass_kg[1] * 9.81 / (2 * belief.friction[0])
    force_n = manner.force_n or manner.force * (resting_n + belief.breaks_at_n) / 2
    return Proposal(
        force_n=min(max(force_n, _LEAST_N), _MOST_N),
        height_m=belief.wall_height_m[1] + 2 * belief.half_height_m + _ABOVE_WALL_M,
        lift_s=1.6 * manner.times,
        cross_s=1.6 * manner.times,
        closing_speed_m_s=0.01 * manner.closing,
    )
