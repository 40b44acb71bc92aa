"""Holds a plan against a contract: claims, decisions, counterexamples in words, and the certificate.

Floats with proven errors decide, fast enough for a control loop; what they leave open is decided over rationals, and
what stays open is refused. A certificate is made afterwards, over rationals, and read by the checker before it is given
away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from typing import Any, Final, NamedTuple

from zaphod.core.errors import ZaphodError
from zaphod.safety.verification import checker
from zaphod.safety.verification.bernstein import Decision, Outcome, decide
from zaphod.safety.verification.certificates import certify, digest, written
from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.motion import Motion
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.requirements import clearance, grip, limits, people, standing

_EXACT_BOXES: Final = 2_000


class Requirement(NamedTuple):
    """One of `requirements`."""

    claims: Callable[[Motion, Contract], list[Claims]]
    """What must be proved."""
    explain: Callable[[Plan, Contract, Label, dict[str, Fraction]], Explanation]
    """A counterexample in words."""


REQUIREMENTS: Final = {
    module.NAME: Requirement(module.claims, module.explain) for module in (grip, clearance, limits, standing, people)
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a plan is refused."""

    label: Label
    outcome: Outcome
    point: dict[str, Fraction] | None
    """Values at which it breaks the contract."""
    explanation: Explanation | None
    """The same in words; None where it is not known."""
    reason: str = ""
    """Why it is not known."""

    @property
    def told(self) -> str:
        """What to say to people."""
        return self.reason if self.explanation is None else self.explanation.text

    def __str__(self) -> str:
        return f"step {self.label.step + 1}: {self.label.what}: {self.told}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came out."""

    findings: tuple[Finding, ...]
    num_claims: dict[str, int]
    """By requirement. 0: the plan does nothing that it speaks of."""
    seconds: float
    """Until it was decided."""

    @property
    def is_accepted(self) -> bool:
        """Whether everything that the contract requires was proved."""
        return not self.findings


def verify(plan: Plan, contract: Contract) -> Report:
    """Whether a plan keeps a contract, for every value in the contract's ranges.

    Args:
        plan: what is about to be done.
        contract: what must hold. Everything not in it is not looked at.
    """
    start_s = time.perf_counter()
    findings: list[Finding] = []
    num_claims = dict.fromkeys(contract.requirements, 0)
    motion = Motion(plan.pieces, is_exact=False)
    for name in contract.requirements:
        for group in REQUIREMENTS[name].claims(motion, contract):
            num_claims[name] += len(group)
            for label, decision in zip(group.labels, decide(group), strict=True):
                if decision.outcome is Outcome.PROVED or _is_known(findings, label):
                    continue
                sure = _made_sure(REQUIREMENTS[name], plan, contract, label, decision)
                if sure.outcome is not Outcome.PROVED:
                    findings.append(_finding(REQUIREMENTS[name], plan, contract, label, sure))
    seconds = time.perf_counter() - start_s
    return Report(findings=tuple(findings), num_claims=num_claims, seconds=seconds)


def certificate(plan: Plan, contract: Contract) -> dict[str, Any]:
    """A certificate that a plan keeps a contract, read by the checker already.

    Raises:
        ZaphodError: there is no proof over rationals, or the contract speaks of nothing that the plan does.
    """
    document, unproved = certify(all_claims(plan, contract), subjects(plan, contract))
    if unproved or not document["claims"]:
        found = (
            f"{len(unproved)} claims have no proof, the first: {unproved[0]}." if unproved else "Nothing is claimed."
        )
        raise ZaphodError(found, "A certificate proves what the contract requires.", "Verify the plan, and mend it.")
    checker.check(document)
    return document


def recheck(document: Any, plan: Plan, contract: Contract) -> int:
    """Whether a certificate proves that this plan keeps this contract; how many claims it has.

    Raises:
        ZaphodError: it is of other ones, a proof fails, or it leaves something out.
    """
    try:
        num_claims = checker.check(document)
    except checker.RefusedError as error:
        raise ZaphodError(f"The certificate is refused. {error}", "", "Verify the plan again.") from error
    wanted = [form for group in all_claims(plan, contract) for form in _forms(group)]
    given = [{key: value for key, value in claim.items() if key != "tree"} for claim in document["claims"]]
    told, own = document.get("subjects"), subjects(plan, contract)
    is_of_these = isinstance(told, dict) and all(told.get(key) == own[key] for key in ("plan", "contract"))
    if not is_of_these or given != wanted:
        raise ZaphodError(
            "The certificate is one of another plan or contract.",
            "It holds the claims that follow from these two, all of them.",
            "Verify the plan again.",
        )
    return num_claims


def all_claims(plan: Plan, contract: Contract) -> list[Claims]:
    """Everything that must be proved, exact."""
    motion = Motion(plan.pieces, is_exact=True)
    groups = (REQUIREMENTS[name].claims(motion, contract) for name in contract.requirements)
    return [group for of_requirement in groups for group in of_requirement]


def subjects(plan: Plan, contract: Contract) -> dict[str, str]:
    """What a certificate speaks of."""
    return {"plan": digest(plan.document), "contract": digest(contract.document), "zaphod": version("zaphod")}


def _forms(group: Claims) -> list[dict[str, Any]]:
    return [{**label._asdict(), **written(group, row)} for row, label in enumerate(group.labels)]


def _made_sure(requirement: Requirement, plan: Plan, contract: Contract, label: Label, decision: Decision) -> Decision:
    """What rationals say of the claims with this label, one of which floats did not prove."""
    groups = requirement.claims(Motion([plan.pieces[label.piece]], is_exact=True), contract)
    concerned = [group.one(row) for group in groups for row, own in enumerate(group.labels) if own == label]
    point = decision.counterexample
    if point is not None and any(one.best_value(0, point) <= 0 for one in concerned if set(one.box) <= set(point)):
        return decision
    decisions = [decide(one, max_boxes=_EXACT_BOXES)[0] for one in concerned]
    return next((one for one in decisions if one.outcome is not Outcome.PROVED), Decision(Outcome.PROVED))


def _finding(requirement: Requirement, plan: Plan, contract: Contract, label: Label, decision: Decision) -> Finding:
    point = decision.counterexample
    told = None if point is None else requirement.explain(plan, contract, label, point)
    return Finding(label=label, outcome=decision.outcome, point=point, explanation=told, reason=decision.reason)


def _is_known(findings: Sequence[Finding], label: Label) -> bool:
    """Whether the same was found in another piece of the step."""
    told = {(one.label.requirement, one.label.step, one.label.what) for one in findings}
    return (label.requirement, label.step, label.what) in told
