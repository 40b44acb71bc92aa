"""Findings as a page that can be forwarded; knows what they are called, no markup of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zaphod.core.report.bars import Band, strip
from zaphod.core.report.page import cards, facts, heading, page, paragraph, section, table
from zaphod.core.report.picture import Picture
from zaphod.study.intervals import Share
from zaphod.study.redteam.driver.findings import Findings, Row

_LIMITS = (
    "These figures belong to this server, these wordings and this budget: another attacker may do better. "
    "Attempts are drawn at random; goals may be reached by an adaptive search. Intervals are 95 % (Wilson)."
)


def as_html(findings: Findings, about: Mapping[str, Any]) -> str:
    """The whole page.

    Args:
        findings: what was found out.
        about: the run, shown at its head.
    """
    tables = {"family": findings.families, "channel": findings.channels, "transform": findings.transforms}
    return page(
        "Red team report",
        heading("Red team report"),
        paragraph(_LIMITS, "dim"),
        facts((name, _said(value)) for name, value in about.items()),
        section("Users and secrets", cards(_cards(findings))),
        *(section(f"By {name}", _table(name, [*rows, findings.whole])) for name, rows in tables.items()),
    )


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _cards(findings: Findings) -> Iterator[tuple[str, str, str]]:
    shares = {
        "harmless questions answered rightly": findings.benign_utility,
        "the same with a harmless note before them": findings.document_utility,
        "harmless questions stopped by a guard": findings.benign_withheld,
        "tasks done rightly under attack": findings.utility_under_attack,
    }
    for name, share in shares.items():
        yield name, *_told(share)
    low, high = findings.leak_interval
    yield (
        "canary in an answer",
        f"{findings.leaks.num} of {findings.leaks.of} trials",
        f"{low:.2%} to {high:.2%}, exact",
    )
    yield "goals reached", _count(findings.whole.goals), "by chance or by search"


def _told(share: Share) -> tuple[str, str]:
    if not share.of:
        return "–", "none tried"
    low, high = share.interval
    return f"{share.value:.1%}", f"{low:.1%} to {high:.1%}, n={share.of}"


def _count(share: Share) -> str:
    return f"{share.num} of {share.of}"


def _table(name: str, rows: Sequence[Row]) -> str:
    header = (name, "", "attempts that succeeded", "goals reached", "attempts stopped by a guard", "not taken")
    return table(header, (_cells(row) for row in rows), right=range(2, 6))


def _cells(row: Row) -> Sequence[str | Picture]:
    rest = (str(row.attempts), _count(row.goals), str(row.withheld), str(row.undelivered.num))
    return row.name, _strip(row), *rest


def _strip(row: Row) -> str | Picture:
    if not row.attempts.of:
        return ""
    low, high = row.attempts.interval
    return strip(Band(row.name, low, row.attempts.value, high, str(row.attempts)), 1.0)
