"""Holds a plan against a contract: claims, decisions, counterexamples in words, and the certificate.

Floats with proven errors decide, fast enough for a control loop; what they leave open is decided over rationals, and
what stays open is refused. A certificate is made afterwards, over rationals, and read by the checker before it is given
away.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from typing import Any, Final, NamedTuple

from zaphod.core.errors import CapacityError, ConfigError, ZaphodError
from zaphod.safety.verification import checker
from zaphod.safety.verification.bernstein import Decision, Outcome, decide
from zaphod.safety.verification.certificates import certify, digest, written
from zaphod.safety.verification.claims import Claims, Explanation, Label
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.motion import Motion
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.requirements import clearance, grip, limits, people, release, standing

_MOST_CLAIMS: Final = 100_000
"""Of one plan: as many as a certificate may hold."""
_MOST_OTHERS: Final = 25
"""Claims of a piece about other things than bodies and what stands around them."""
_FIELDS: Final = {"format", "subjects", "claims"}
"""Of a certificate."""
_EXACT_BOXES: Final = 1_000
_MOST_EXACT: Final = 20
"""Claims of a plan that rationals decide, because floats leave them open. What is beyond is refused as unknown."""


class Requirement(NamedTuple):
    """One of `requirements`."""

    claims: Callable[[Motion, Contract, str | None], list[Claims]]
    """What must be proved; given what would be wrong, only that."""
    explain: Callable[[Plan, Contract, Label, dict[str, Fraction]], Explanation]
    """A counterexample in words."""


REQUIREMENTS: Final = {
    module.NAME: Requirement(module.claims, module.explain)
    for module in (grip, clearance, limits, standing, people, release)
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
        """Whether everything that the contract requires was proved, and that is something."""
        return not self.findings and any(self.num_claims.values())


def verify(plan: Plan, contract: Contract) -> Report:
    """Whether a plan keeps a contract, for every value in the contract's ranges.

    Args:
        plan: what is about to be done.
        contract: what must hold. Everything not in it is not looked at.

    Raises:
        ConfigError: the contract does not describe what the plan does.
        CapacityError: there is too much to be proved at once.
    """
    start_s = time.perf_counter()
    check_fits(plan, contract)
    findings: list[Finding] = []
    known: set[tuple[str, int, str]] = set()
    num_claims = dict.fromkeys(contract.requirements, 0)
    motion, sure = Motion(plan.pieces, is_exact=False), _MadeSure(plan, contract)
    for name in contract.requirements:
        for group in REQUIREMENTS[name].claims(motion, contract, None):
            num_claims[name] += len(group)
            for label, decision in zip(group.labels, decide(group), strict=True):
                same = (name, label.step, label.what)
                if decision.outcome is Outcome.PROVED or same in known:
                    continue
                decided = sure.of(label, decision)
                if decided.outcome is not Outcome.PROVED:
                    known.add(same)
                    findings.append(_finding(plan, contract, label, decided))
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
    try:
        checker.check(document)
    except checker.RefusedError as error:
        raise ZaphodError(
            f"The proof cannot be checked. {error}",
            "Its numbers are short enough to be read.",
            "Round the plan's numbers.",
        ) from error
    return document


def recheck(document: Any, plan: Plan, contract: Contract) -> int:
    """Whether a certificate proves that this plan keeps this contract; how many claims it has.

    Raises:
        ZaphodError: it is of other ones or of another version, a proof fails, or it leaves something out.
    """
    try:
        num_claims = checker.check(document)
    except checker.RefusedError as error:
        raise ZaphodError(f"The certificate is refused. {error}", "", "Verify the plan again.") from error
    wanted = [form for group in all_claims(plan, contract) for form in _forms(group)]
    given = [{key: value for key, value in claim.items() if key != "tree"} for claim in document["claims"]]
    told, own = document.get("subjects"), subjects(plan, contract)
    is_of_these = isinstance(told, dict) and all(told.get(key) == own[key] for key in ("plan", "contract"))
    # Compared as texts: in Python 1 is also True and 1.0.
    if not is_of_these or set(document) != _FIELDS or digest(given) != digest(wanted):
        raise ZaphodError(
            "The certificate is one of another plan or contract.",
            "It holds the claims that follow from these two, all of them.",
            "Verify the plan again.",
        )
    if told != own:
        raise ZaphodError(
            f"The certificate is of zaphod {told.get('zaphod')!r}; this is {own['zaphod']}.",
            "What is claimed of a plan may change with the version.",
            "Verify the plan again.",
        )
    return num_claims


def all_claims(plan: Plan, contract: Contract) -> list[Claims]:
    """Everything that must be proved, exact."""
    check_fits(plan, contract)
    motion = Motion(plan.pieces, is_exact=True)
    groups = (REQUIREMENTS[name].claims(motion, contract, None) for name in contract.requirements)
    return [group for of_requirement in groups for group in of_requirement]


def check_fits(plan: Plan, contract: Contract) -> None:
    """Whether the contract describes what the plan does, so that a proof can say something.

    Raises:
        ConfigError: something is carried that it does not describe, or time passes that nobody knows.
        CapacityError: plan and contract together are too large.
    """
    carries = next((piece for piece in plan.pieces if piece.grip is not None), None)
    if carries is not None and contract.load is None and {"clearance", "standing", "people"} & {*contract.requirements}:
        raise ConfigError(
            f"Step {carries.step + 1} grips something that the contract does not describe.",
            "What is carried can touch, and has a weight.",
            "Add [load] with its mass and bodies.",
        )
    moving = next((obstacle.name for obstacle in contract.obstacles if obstacle.speed), None)
    if moving is not None and plan.untimed_steps:
        raise ConfigError(
            f"It is not known how long step {plan.untimed_steps[0] + 1} takes, and {moving!r} moves.",
            "While pads close or open it comes closer.",
            'Say how long at most: "duration": "3 s".',
        )
    num_bodies = sum(len(part.bodies) for part in (contract.gripper, contract.load) if part is not None)
    num_others = len(contract.obstacles) + len(contract.people.at if contract.people is not None else ())
    if (most := len(plan.pieces) * (num_bodies * num_others + _MOST_OTHERS)) > _MOST_CLAIMS:
        raise CapacityError(
            f"Plan and contract make up to {most:,} claims.",
            f"At most {_MOST_CLAIMS:,} are proved at once.",
            "Cut the plan in two, or name fewer obstacles and balls.",
        )


def subjects(plan: Plan, contract: Contract) -> dict[str, str]:
    """What a certificate speaks of."""
    return {"plan": digest(plan.document), "contract": digest(contract.document), "zaphod": version("zaphod")}


def _forms(group: Claims) -> list[dict[str, Any]]:
    return [{**label._asdict(), **written(group, row)} for row, label in enumerate(group.labels)]


class _MadeSure:
    """What rationals say of claims that floats did not prove."""

    def __init__(self, plan: Plan, contract: Contract) -> None:
        self._plan, self._contract = plan, contract
        self._decided: dict[Label, Decision] = {}

    def of(self, label: Label, decision: Decision) -> Decision:
        """A counterexample is computed again at its point; what is open is decided, as long as that takes no age."""
        point = decision.counterexample
        if point is not None:
            there = Motion([self._plan.pieces[label.piece]], is_exact=True, among=self._plan.pieces, at=point)
            groups = REQUIREMENTS[label.requirement].claims(there, self._contract, label.what)
            if any(group.best_value(row, {}) <= 0 for group in groups for row in range(len(group))):
                return decision
        if label not in self._decided:
            self._decided[label] = self._exactly(label)
        return self._decided[label]

    def _exactly(self, label: Label) -> Decision:
        if len(self._decided) >= _MOST_EXACT:
            return Decision(Outcome.UNKNOWN, reason="too much cannot be told from 0")
        motion = Motion([self._plan.pieces[label.piece]], is_exact=True, among=self._plan.pieces)
        groups = REQUIREMENTS[label.requirement].claims(motion, self._contract, label.what)
        decisions = [one for group in groups for one in decide(group, max_boxes=_EXACT_BOXES)]
        return next((one for one in decisions if one.outcome is not Outcome.PROVED), Decision(Outcome.PROVED))


def _finding(plan: Plan, contract: Contract, label: Label, decision: Decision) -> Finding:
    point = decision.counterexample
    told = None if point is None else REQUIREMENTS[label.requirement].explain(plan, contract, label, point)
    return Finding(label=label, outcome=decision.outcome, point=point, explanation=told, reason=decision.reason)
