"""Which certificate allowed which action, read from the audit log; writes nothing, and knows no plan.

Every action (`robot.act`) names the record (`robot.verify`) that allowed it. That record must come before it, have
accepted the same plan under the same contract with the same belief, carry a certificate, and have allowed nothing else:
the world is another one afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zaphod.agents.robotics.recording.evidence import ACT, VERIFY
from zaphod.core.errors import AuditError
from zaphod.safety.audit import Record
from zaphod.safety.verification import checker
from zaphod.safety.verification.certificates import digest

MOST_LETTERS_SHOWN: Final = 19
"""Of a digest: `sha256:` and twelve digits."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """What was decided of a plan, or what became of it."""

    record: Record
    allowed_by: Record | None
    """The verification; None where there is none, or where this is one."""
    problem: str
    """Why nothing allowed it; empty where something did, or nothing was done."""

    @property
    def is_deed(self) -> bool:
        """Whether something moved."""
        return self.record.action == ACT

    @property
    def certificate(self) -> str:
        """The digest; empty where there is none."""
        return self.record.certificate_hash

    def is_called(self, word: str) -> bool:
        """Whether somebody means it: by its number, or by the beginning of one of its digests."""
        if word.isdecimal():
            return self.record.seq == int(word)
        digests = (self.record.object, self.certificate, str(self.record.details.get("recording", "")))
        return any(own.startswith(word) or own.removeprefix("sha256:").startswith(word) for own in digests if own)


def actions(records: Iterable[Record]) -> list[Action]:
    """What robots did, in order; verifications are listed too.

    Args:
        records: one tenant's, all of them, in order, and known to be as they were written.
    """
    verified: dict[int, Record] = {}
    used: dict[int, int] = {}
    found = []
    for record in records:
        if record.action == VERIFY:
            verified[record.seq] = record
            found.append(Action(record=record, allowed_by=None, problem=""))
        elif record.action == ACT:
            found.append(_action(record, verified, used))
    return found


def hold_against(action: Action, document: Any) -> int:
    """How many claims a kept certificate proves, if it is the one that the record names.

    Args:
        action: what it is said to have allowed.
        document: the certificate, as JSON has it.

    Raises:
        AuditError: it is another one, speaks of another plan or contract, or a proof in it fails.
    """
    record, own = action.record, digest(document)
    if own != record.certificate_hash:
        raise AuditError(
            f"The certificate's digest is {own}.",
            f"Record {record.seq} names {record.certificate_hash or 'none'}.",
            "Give the file that was kept then, or prove the plan anew and compare.",
        )
    try:
        num_claims = checker.check(document)
    except checker.RefusedError as error:
        raise AuditError(
            f"The certificate is the one that record {record.seq} names, and proves nothing. {error}",
            "Each of its proofs holds.",
            "Do not carry this plan out; find out who wrote the record.",
        ) from error
    told = document.get("subjects")
    if not isinstance(told, Mapping) or (told.get("plan"), told.get("contract")) != (record.object, record.policy_hash):
        raise AuditError(
            f"The certificate speaks of another plan or contract than record {record.seq}.",
            "It names the digests of both.",
            "Find out who wrote the record.",
        )
    return num_claims


def hold_recording_against(action: Action, document: Any) -> None:
    """Nothing, if a kept recording is the one whose digest the record of an action names.

    Raises:
        AuditError: it is another one, or it was changed.
    """
    own, named = digest(document), action.record.details.get("recording")
    if own != named:
        raise AuditError(
            f"The recording's digest is {own}.",
            f"Record {action.record.seq} names {named or 'none'}.",
            "Do not believe what it shows of this action.",
        )


def _action(record: Record, verified: Mapping[int, Record], used: dict[int, int]) -> Action:
    number = record.details.get("allowed_by")
    by = verified.get(number) if type(number) is int else None
    problem = _problem(record, by, number)
    if by is not None and not problem and by.seq in used:
        problem = f"Record {by.seq} had allowed record {used[by.seq]} already; the world was another one then."
    if by is not None:
        used.setdefault(by.seq, record.seq)
    return Action(record=record, allowed_by=by, problem=problem)


def _problem(record: Record, by: Record | None, number: object) -> str:
    if by is None:
        return f"It names record {number} as what allowed it, and that verified no plan before it."
    if by.decision != "verified":
        return f"Record {by.seq} refused this plan."
    for name, own, theirs in (
        ("plan", record.object, by.object),
        ("contract", record.policy_hash, by.policy_hash),
        ("certificate", record.certificate_hash, by.certificate_hash),
        ("belief", record.details.get("belief"), by.details.get("belief")),
        ("scene", record.details.get("scene"), by.details.get("scene")),
    ):
        if own != theirs:
            return f"Record {by.seq} speaks of another {name}."
    return "" if record.certificate_hash else f"Record {by.seq} carries no certificate."
