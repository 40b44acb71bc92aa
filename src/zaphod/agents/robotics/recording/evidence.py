"""What a robot's plan leaves in the audit log: digests, the verdict, how it ended; knows no proof and no simulator.

Nothing that a person said or a camera saw is written, only digests of it. A plan that is refused leaves a record too.

How a command uses it (`zaphod robot run --audit DIR`, `zaphod verify --audit DIR`): decide first, move only with the
permit in hand, and say how it ended.

    with Trail(folder, actor=user()) as trail:
        permit = trail.decided(plan, contract, report, certificate=proof, belief=belief, planner="builtin")
        if permit.is_given:
            document = act(…).document()  # `recording.act`
            trail.ended(permit, document["outcome"], recording=document)

`allowed.py` reads these records again and says which certificate allowed which action.
"""

from __future__ import annotations

import contextlib
import dataclasses
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from zaphod.core.errors import RequestError
from zaphod.safety.audit import AuditLog, AuditOptions, Event, Receipt
from zaphod.safety.audit.record import Detail
from zaphod.safety.verification.certificates import digest
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.verify import Report, subjects

VERIFY: Final = "robot.verify"
ACT: Final = "robot.act"

Verdict = Literal["verified", "refused"]
Ending = Literal["carried_out", "stopped"]

_PLANNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/-]{0,63}|")


@dataclass(frozen=True, kw_only=True)
class Permit:
    """What was decided of one plan, and the record that says so."""

    verdict: Verdict
    seq: int
    """Of the record in its tenant's log."""
    plan: str
    contract: str
    certificate: str
    """Digests, like `sha256:…`; the certificate's is empty where none was made."""
    belief: str
    scene: str
    planner: str

    @property
    def is_given(self) -> bool:
        """Whether the plan may be carried out."""
        return self.verdict == "verified"


class Trail:
    """Writes what is decided of plans and what becomes of them. Each call returns when its record is on disk.

    Args:
        folder: of the audit log.
        actor: who commands the robot, as the audit names people: `cli:ada`, `key_0123456789ab`.
        tenant: whose log.
        witness: where checkpoints are copied to; beside the folder if left out.

    Raises:
        ConfigError: the signing key cannot be used.
        AuditError: the folder cannot be made.
    """

    def __init__(self, folder: Path, *, actor: str, tenant: str = "", witness: Path | None = None) -> None:
        self._log = AuditLog(folder, AuditOptions(witness=witness))
        self._actor, self._tenant = actor, tenant

    def decided(
        self,
        plan: Plan,
        contract: Contract,
        report: Report | None,
        *,
        certificate: Mapping[str, Any] | None = None,
        belief: object = None,
        scene: object = None,
        planner: str = "",
        is_accepted: bool | None = None,
    ) -> Permit:
        """Write down the verdict on a plan, before anything moves.

        Args:
            plan: what was held against the contract.
            contract: what must hold.
            report: what `verify` said; None where a kept certificate was checked instead.
            certificate: the proof of an accepted plan.
            belief: what was known of the world: a dataclass or JSON. Its digest is written.
            scene: what is really there, where that is known, as in a simulator.
            planner: a name without blanks, at most 64 letters.
            is_accepted: the verdict, where there is no report, or where a second checker had a word.

        Raises:
            AuditError: it cannot be written; then nothing may be done either.
            RequestError: the planner's name is a text.
        """
        _require_name(planner)
        proved = bool(is_accepted) if report is None else report.is_accepted
        accepted = proved and is_accepted is not False
        told = subjects(plan, contract)
        permit = Permit(
            verdict="verified" if accepted else "refused",
            seq=0,
            plan=told["plan"],
            contract=told["contract"],
            certificate=digest_of(certificate),
            belief=digest_of(belief),
            scene=digest_of(scene),
            planner=planner,
        )
        receipt = self._write(VERIFY, permit.verdict, permit, _found(report))
        return dataclasses.replace(permit, seq=receipt.seq)

    def ended(self, permit: Permit, outcome: Mapping[str, Any], *, recording: object = None) -> Receipt:
        """Write down how an action ended. One that nothing allowed is written down as well: `allowed.py` finds it.

        Args:
            permit: what `decided` gave before it.
            outcome: `outcome` of a recorded episode.
            recording: the whole episode, as JSON; its digest is written.

        Raises:
            AuditError: it cannot be written.
        """
        details: dict[str, Detail] = {"allowed_by": permit.seq, **_measured(outcome)}
        if recording is not None:
            details["recording"] = digest_of(recording)
        ending: Ending = "stopped" if outcome.get("stopped") else "carried_out"
        return self._write(ACT, ending, permit, details)

    def close(self) -> None:
        """Sign what was written."""
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, action: str, decision: str, permit: Permit, details: Mapping[str, Detail]) -> Receipt:
        seen = {name: value for name in ("belief", "scene") if (value := getattr(permit, name))}
        event = Event(
            tenant=self._tenant,
            actor=self._actor,
            action=action,
            object=permit.plan,
            decision=decision,
            policy_hash=permit.contract,
            model_id=permit.planner,
            certificate_hash=permit.certificate,
            details={**seen, **versions(), **details},
        )
        return self._log.append(event).result()


def digest_of(value: object) -> str:
    """SHA-256 of JSON or of a dataclass that holds nothing else, with sorted keys; empty for None."""
    if value is None:
        return ""
    held = dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
    return digest(held)


def versions() -> dict[str, Detail]:
    """Of what decided and simulated."""
    found: dict[str, Detail] = {"zaphod": version("zaphod"), "python": platform.python_version()}
    with contextlib.suppress(PackageNotFoundError):  # `zaphod verify` needs no simulator
        found["mujoco"] = version("mujoco")
    return found


def _found(report: Report | None) -> dict[str, Detail]:
    if report is None:
        return {"how": "certificate"}
    broken = sorted({finding.label.requirement for finding in report.findings})
    counts: dict[str, Detail] = {f"claims.{name}": count for name, count in report.num_claims.items()}
    return {"how": "proof", **counts, "num_findings": len(report.findings), "broken": " ".join(broken)}


def _measured(outcome: Mapping[str, Any]) -> dict[str, Detail]:
    """Numbers and truths of an outcome: its texts stay out."""
    details: dict[str, Detail] = {"num_collisions": len(outcome.get("collisions") or ())}
    for name in ("succeeded", "dropped", "upright"):
        if name in outcome:
            details[name] = bool(outcome[name])
    for name in ("peak_force_n", "misplaced_m", "seconds"):
        if name in outcome:
            details[name] = float(outcome[name])
    return details


def _require_name(planner: str) -> None:
    if not _PLANNER.fullmatch(planner):
        raise RequestError(
            f"The planner's name has {len(planner)} letters, or one that no name has.",
            "A name has at most 64 letters, digits and any of . _ : + / -.",
            "Write down what it is called, not what was said to it.",
        )
