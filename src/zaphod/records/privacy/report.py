"""The report: duties of law, how this installation stands on each, the register, and a breach if one is looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zaphod.core.progress import SILENT, Progress
from zaphod.records.keeping import KeepingOptions
from zaphod.records.privacy.breach import Concerned, Span, concerned
from zaphod.records.privacy.exporting import moment
from zaphod.records.privacy.facts import facts_of
from zaphod.records.privacy.installation import Installation, survey
from zaphod.records.privacy.matrix import Control, matrix
from zaphod.records.privacy.register import MEASURES, OPERATORS_PART, activities
from zaphod.safety.audit.log import AuditLog, AuditOptions
from zaphod.safety.audit.record import Event

ACTION = "privacy.report"
PREAMBLE = (
    "What this software does about duties of law, how this installation stands now, and what remains with whoever runs "
    "it. It is no legal advice and no certificate."
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of it.

    Args:
        installation: how it stands.
        breach: who and what may be concerned by a breach; None where none was looked at.
        span: what was looked at.
    """

    installation: Installation
    breach: tuple[Concerned, ...] | None = None
    span: Span | None = None

    @property
    def made_at(self) -> str:
        return moment(self.installation.made_s)

    @property
    def laws(self) -> Mapping[str, str]:
        """Law to a note on it, in order."""
        return {control.law: matrix().notes[control.law.lower()] for control in matrix().controls}

    def controls(self, law: str) -> Iterator[tuple[Control, str]]:
        """The duties of a law, and how the installation stands on each."""
        facts = facts_of(self.installation)
        for control in matrix().controls:
            if control.law == law:
                yield control, "; ".join(facts[name] for name in control.live)

    def as_dict(self) -> dict[str, Any]:
        """For other programs."""
        controls = [
            {**dataclasses.asdict(control), "here": here} for law in self.laws for control, here in self.controls(law)
        ]
        told: dict[str, Any] = {
            "made_at": self.made_at,
            "preamble": PREAMBLE,
            "notes": self.laws,
            "controls": controls,
            "register": self.register(),
            "installation": dataclasses.asdict(self.installation),
        }
        if self.breach is not None:
            told["breach"] = {"span": str(self.span), "tenants": [dataclasses.asdict(one) for one in self.breach]}
        return told

    def register(self) -> dict[str, Any]:
        """What is done with people's data, with numbers and times of each tenant."""
        rows = [
            {
                **dataclasses.asdict(activity),
                "tenants": {
                    one.tenant: {
                        "num_records": one.num_records.get(activity.kind),
                        "kept_for_s": one.kept_for_s.get(activity.kind),
                    }
                    for one in self.installation.tenants
                },
            }
            for activity in activities()
        ]
        return {"activities": rows, "measures": MEASURES, "told_by_the_operator": OPERATORS_PART}


def report(options: KeepingOptions, *, actor: str, breach: Span | None = None, progress: Progress = SILENT) -> Report:
    """How the installation stands. Asks for no key, so that it can tell that the KEK does not answer.

    Args:
        options: where.
        actor: who asks, for the audit.
        breach: which time to look at, if any.
        progress: told how far it is.

    Raises:
        AuditError: it cannot be written down, or a record in that time was changed.
        ConfigError: the database cannot be used.
    """
    _write_event(options, actor, breach)
    installation = survey(options, progress=progress)
    found = None if breach is None else concerned(options, breach, progress)
    return Report(installation=installation, breach=found, span=breach)


def _write_event(options: KeepingOptions, actor: str, breach: Span | None) -> None:
    event = Event(
        tenant=(breach and breach.tenant) or "",
        actor=actor,
        action=ACTION,
        object="installation",
        decision="allow",
        details={"breach": breach is not None, "people": breach is not None and breach.with_people},
    )
    with AuditLog(options.audit_folder, AuditOptions(witness=options.audit_witness)) as log:
        log.append(event).result()
