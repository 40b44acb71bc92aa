"""Counterexamples as a planner is told them: where it breaks, what the plan gives, what is needed, what would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.requirements import clearance, grip, limits
from zaphod.safety.verification.verify import Finding

_TOLD: Final = {"m": ("mass", "kg"), "mu": ("friction", ""), "e": ("force off by", "N")}


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """One way in which a plan breaks its contract: of all steps with the same fault, the worst."""

    requirement: str
    what: str
    """What is wrong: `the load slips`."""
    steps: tuple[int, ...]
    """Of the plan, from 1."""
    at: dict[str, str]
    """Values of what is uncertain, with units."""
    gives: str
    """By the plan, with its unit; empty where it is not known."""
    needs: str
    feasible: str
    """What would do; empty where nothing is known of it."""
    told: str
    """What the verifier says."""

    def __str__(self) -> str:
        at = ", ".join(f"{name} {value}" for name, value in self.at.items())
        tail = f"; feasible {self.feasible}" if self.feasible else ""
        if self.requirement != grip.NAME or not self.gives:
            return f"{self.requirement}: {self.what}: {self.told}"
        if self.what == grip.IS_CRUSHED:
            return f"grip: at {at} a pad presses with {self.gives}, the load breaks at {self.needs}{tail}"
        return f"grip: at {at} it needs {self.needs} of each pad, the plan gives {self.gives}{tail}"

    def document(self) -> dict[str, Any]:
        """For a model to read."""
        found = {
            "requirement": self.requirement,
            "what": self.what,
            "steps": list(self.steps),
            "at": self.at,
            "plan_gives": self.gives,
            "needed": self.needs,
            "feasible": self.feasible,
            "told": self.told,
        }
        return {name: value for name, value in found.items() if value}


def counterexamples(plan: Plan, contract: Contract, findings: Sequence[Finding]) -> tuple[Counterexample, ...]:
    """One for each fault, in the order of the contract's requirements."""
    by_fault: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_fault.setdefault((finding.label.requirement, finding.label.what), []).append(finding)
    feasible = _feasible(plan, contract) if any(name == grip.NAME for name, _ in by_fault) else ""
    return tuple(_told(group, feasible if name == grip.NAME else "") for (name, _), group in by_fault.items())


def _told(group: Sequence[Finding], feasible: str) -> Counterexample:
    worst = max(group, key=_lacking)
    unit = _unit(worst)
    gives, needs = ("", "")
    if worst.explanation is not None:
        gives, needs = (f"{value:.3g} {unit}".strip() for value in worst.explanation[1:])
    return Counterexample(
        requirement=worst.label.requirement,
        what=worst.label.what,
        steps=tuple(sorted({finding.label.step + 1 for finding in group})),
        at=_at(worst.point or {}),
        gives=gives,
        needs=needs,
        feasible=feasible,
        told=worst.told,
    )


def _lacking(finding: Finding) -> float:
    return abs(finding.explanation.wanted - finding.explanation.value) if finding.explanation else math.inf


def _unit(finding: Finding) -> str:
    match finding.label.requirement:
        case grip.NAME:
            return "N"
        case clearance.NAME:
            return "m"
        case limits.NAME:
            return {limits.TOO_FAR: "m", limits.TOO_SUDDEN: "m/s^2"}.get(finding.label.what, "m/s")
    return ""


def _at(point: dict[str, Fraction]) -> dict[str, str]:
    return {name: f"{float(point[key]):.3g} {unit}".strip() for key, (name, unit) in _TOLD.items() if key in point}


def _feasible(plan: Plan, contract: Contract) -> str:
    """Rounded inwards, so that whoever takes an end of it stays inside."""
    force = grip.feasible_force(plan, contract)
    if force is None:
        return "with no force: accelerate less, or close more slowly"
    low, high = math.ceil(force.low * 100) / 100, math.floor(force.high * 100) / 100
    return f"{low:g} to {high:g} N" if low < high else "with no force that has two decimals: accelerate less"
