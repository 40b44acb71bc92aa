"""What a notification of a breach needs: who and what may be concerned, and what was done meanwhile (GDPR, Article 33).

It says what was held and what the audit tells. Whether somebody read it, nobody but the operator can find out.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.core.progress import SILENT, Progress
from zaphod.records.keeping import KeepingOptions
from zaphod.records.store import Store
from zaphod.safety.audit.search import Query, search


@dataclass(frozen=True, kw_only=True)
class Span:
    """What is looked at.

    Args:
        since, until: moments as records of the audit write them; half-open, and empty for no bound.
        tenant: only this one.
        with_people: name the people: they may have to be told (Article 34).
    """

    since: str = ""
    until: str = ""
    tenant: str | None = None
    with_people: bool = False

    def __str__(self) -> str:
        return f"{self.since or 'the beginning'} to {self.until or 'now'}"


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """One tenant in a span of time.

    Args:
        tenant: its name.
        num_people: of whom something is held now.
        num_records: held now, by kind.
        people: their names, where they were asked for.
        num_events: of the audit in that time, by action and decision.
        num_events_by_actor: likewise, by who acted.
        first_event, last_event: when, as records write it; empty if there was none.
    """

    tenant: str
    num_people: int
    num_records: Mapping[str, int]
    people: tuple[str, ...] | None
    num_events: Mapping[str, int]
    num_events_by_actor: Mapping[str, int]
    first_event: str
    last_event: str


def concerned(options: KeepingOptions, span: Span, progress: Progress = SILENT) -> tuple[Concerned, ...]:
    """Who and what may be concerned, tenant by tenant.

    Raises:
        AuditError: a record that had to be read was changed.
        ConfigError: the database cannot be used.
    """
    with Store.open(options.store) as store:
        names = store.tenants() if span.tenant is None else [span.tenant]
        held = {name: store.tenant(name) for name in names}
        counted = {name: {kind: one.count() for kind, one in own.collections.items()} for name, own in held.items()}
        people = {name: tuple(own.subjects()) for name, own in held.items()}
    query = Query(since=span.since, until=span.until)
    return tuple(
        dataclasses.replace(
            _events(options, name, query, progress),
            num_people=len(people[name]),
            num_records=counted[name],
            people=people[name] if span.with_people else None,
        )
        for name in names
    )


def _events(options: KeepingOptions, tenant: str, query: Query, progress: Progress) -> Concerned:
    kinds: Counter[str] = Counter()
    actors: Counter[str] = Counter()
    first = last = ""
    for record in search(options.audit_folder, tenant, query, progress):
        kinds[f"{record.action} {record.decision}"] += 1
        actors[record.actor] += 1
        first, last = first or record.ts_utc, record.ts_utc
    return Concerned(
        tenant=tenant,
        num_people=0,
        num_records={},
        people=None,
        num_events=dict(kinds.most_common()),
        num_events_by_actor=dict(actors.most_common()),
        first_event=first,
        last_event=last,
    )
