"""Findings as clients and people read them; knows no rule and repeats no text that was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.safety.guard.authority.confirmation import Held
from zaphod.safety.guard.verdict import Finding, Stage

_MOST_RULES = 20


@dataclass(frozen=True, kw_only=True)
class Told:
    """One finding, and where in the request or its answer.

    Args:
        stage: on which way it was found.
        where: the field, like `messages.2.content`, or the answer, like `choices.0`.
        finding: what, and what followed.
    """

    stage: Stage
    where: str
    finding: Finding

    def as_json(self) -> dict[str, Any]:
        """For bodies and events; offsets count characters of what stood there."""
        hit = self.finding.hit
        return {
            "stage": self.stage,
            "where": self.where,
            "rule": hit.rule,
            "title": hit.title,
            "action": self.finding.action,
            "start": hit.start,
            "end": hit.end,
            "score": round(hit.score, 4),
            "views": list(hit.views),
        }


def held_json(held: Held) -> dict[str, Any]:
    """Something that waits for a person."""
    return {
        "id": held.id,
        "kind": held.kind,
        "name": held.name or None,
        "content": held.content or None,
        "reasons": reasons(held.findings),
        "expires_at": int(held.expires_s),
    }


def reasons(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Why, each rule once."""
    return list({f.hit.rule: {"rule": f.hit.rule, "title": f.hit.title} for f in findings}.values())


def counts_of(told: Sequence[Told]) -> dict[str, int]:
    """How often each rule led to each action, for the audit: `pii.iban.redact` -> 2. The rarest share one line."""
    counts = Counter(f"{one.finding.hit.rule}.{one.finding.action}".lower().replace("-", "_") for one in told)
    listed = dict(counts.most_common(_MOST_RULES))
    others = counts.total() - sum(listed.values())
    return listed | ({"other_findings": others} if others else {})


def titles(findings: Iterable[Finding]) -> str:
    """What was found, in words."""
    return ", ".join(dict.fromkeys(finding.hit.title for finding in findings))
