"""From a refused plan to a better one: each counterexample says what to change, until nothing is left or nothing helps.

A planner that cannot read a counterexample still converges: forces come from the range that keeps the grip, heights
from what was lacking, times from how much too fast it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from zaphod.agents.robotics.planning.carrying import Proposal, contract_document, plan_document, slowed
from zaphod.agents.robotics.scene import Belief
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.requirements import clearance, grip, limits
from zaphod.safety.verification.verify import Report, verify

MOST_ROUNDS: Final = 8
_SLOWEST_S: Final = 8.0
_GENTLEST_M_S: Final = 0.005
_MORE_M: Final = 0.002
_MORE: Final = 1.02


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where the rounds ended."""

    proposal: Proposal
    plan: Plan
    report: Report
    num_rounds: int
    refusal: str = ""
    """Why nothing is done; empty where the plan is accepted."""


def until_accepted(proposal: Proposal, belief: Belief, contract: Contract | None = None) -> Outcome:
    """At most `MOST_ROUNDS` plans, each held against the contract.

    Args:
        proposal: of any planner, good or bad.
        belief: what is known of the scene.
        contract: what must hold; by default the scene's own.
    """
    held = contract or read_contract(contract_document(belief))
    for number in range(1, MOST_ROUNDS + 1):
        plan = read_plan(plan_document(proposal, belief))
        report = verify(plan, held)
        if report.is_accepted:
            return Outcome(proposal=proposal, plan=plan, report=report, num_rounds=number)
        better = revised(proposal, plan, held, report)
        if better is None or better == proposal:
            return Outcome(
                proposal=proposal, plan=plan, report=report, num_rounds=number, refusal=why_refused(plan, held, report)
            )
        proposal = better
    refusal = f"After {MOST_ROUNDS} rounds: {report.findings[0]}"
    return Outcome(proposal=proposal, plan=plan, report=report, num_rounds=MOST_ROUNDS, refusal=refusal)


def revised(proposal: Proposal, plan: Plan, contract: Contract, report: Report) -> Proposal | None:
    """Everything changed that the counterexamples ask for; None where no force would do however slow it goes."""
    better, slower = proposal, 1.0
    for finding in report.findings:
        if finding.explanation is None:
            return None
        _, value, wanted = finding.explanation
        if finding.label.requirement == clearance.NAME:
            better = replace(better, height_m=max(better.height_m, proposal.height_m + wanted - value + _MORE_M))
        elif finding.label.requirement == limits.NAME:
            too_much = value / wanted
            slower = max(slower, _MORE * (too_much**0.5 if finding.label.what == limits.TOO_SUDDEN else too_much))
    if slower > 1:
        better = slowed(better, slower)
    if any(finding.label.requirement == grip.NAME for finding in report.findings):
        return _gripping(better, plan, contract)
    return better


def _gripping(proposal: Proposal, plan: Plan, contract: Contract) -> Proposal | None:
    """A force from the middle of the range that keeps the grip; where there is none, gentler and slower."""
    force = grip.feasible_force(plan, contract)
    if force is not None:
        return replace(proposal, force_n=float(force.middle))
    if proposal.closing_speed_m_s > _GENTLEST_M_S:
        return replace(proposal, closing_speed_m_s=_GENTLEST_M_S)
    if proposal.lift_s < _SLOWEST_S:
        return slowed(proposal, min(1.5, _SLOWEST_S / proposal.lift_s))
    return None


def why_refused(plan: Plan, contract: Contract, report: Report) -> str:
    """What no revision mends: two forces that contradict each other, or else the first finding."""
    conflict = grip.conflict(plan, contract)
    if conflict is not None:
        return f"No force holds it without breaking it: it must be {conflict.told[0]}; and {conflict.told[1]}."
    return str(report.findings[0])
