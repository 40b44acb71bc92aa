"""The retention clock: how long each kind of record is kept, what is due, and removing it (GDPR, Article 5(1)(e)).

Each kind is kept for one purpose (`register.toml`), so a kind's time is its purpose's. What is removed is overwritten
in the database; back-ups keep it until they expire, because the person's key lives on. What is restricted stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zaphod.core.progress import SILENT, Progress
from zaphod.records.audit_index import AuditIndex
from zaphod.records.collection import BATCH, Collection
from zaphod.records.privacy.office import Office

NAME = "retention"
ACTION = "privacy.retention.apply"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What was removed, or is due.

    Args:
        num_records: by kind; kinds that are kept without end are not in it.
        num_restricted: people whose records stay although they may be due.
        is_dry_run: nothing was removed.
        seq: the last event.
    """

    num_records: Mapping[str, int]
    num_restricted: int
    is_dry_run: bool
    seq: int


def set_retention(office: Office, kind: str, keep_s: int | None) -> int:
    """Keep a kind of record so many seconds; None for as long as nobody deletes it. The event's number.

    Raises:
        ConfigError: there is no such kind, or the time is negative.
        AuditError: it cannot be written down; nothing was done.
    """
    details: dict[str, str | int] = {"kind": kind[:64], "keep_s": -1 if keep_s is None else keep_s}
    with office.recorded("privacy.retention.set", NAME, details) as receipt:
        office.own.retention.set(kind, keep_s)
    return receipt.seq


def due(office: Office) -> Mapping[str, int]:
    """How many records of each kind are older than they may be; kinds without a time are not in it."""
    kinds, now_s = _kinds(office), int(office.now_s())
    return {kind: kinds[kind].count_before(now_s - keep_s) for kind, keep_s in office.own.retention.all().items()}


def apply_retention(
    office: Office, *, is_dry_run: bool = False, progress: Progress = SILENT, batch: int = BATCH
) -> Applied:
    """Remove what is due. Stopped anywhere, it goes on when it is run again.

    Raises:
        AuditError: it cannot be written down.
        ConfigError: the database cannot be used; or something still reads what was removed, and the next run ends it.
    """
    waiting = due(office)
    num_restricted = len(office.own.restrictions.all())
    details = {f"num_{kind}": number for kind, number in waiting.items()}
    if is_dry_run:
        seq = office.write(ACTION, NAME, "dry_run", details).seq
        return Applied(num_records=waiting, num_restricted=num_restricted, is_dry_run=True, seq=seq)
    with progress.step("removing", sum(waiting.values()) + 2, "records") as advance:
        begun = office.write(ACTION, NAME, "begin", details)
        advance(1)
        removed: dict[str, int] = dict.fromkeys(waiting, 0)
        for kind in waiting:
            for num_rows in _removed(office, kind, batch):
                removed[kind] += num_rows
                advance(num_rows)
        office.keeping.store.scrub(office.tenant)
        done = {"begun_seq": begun.seq, **{f"num_{kind}": number for kind, number in removed.items()}}
        seq = office.write(ACTION, NAME, "done", done).seq
        advance(1)
    return Applied(num_records=removed, num_restricted=num_restricted, is_dry_run=False, seq=seq)


def _kinds(office: Office) -> Mapping[str, Collection[Any] | AuditIndex]:
    return {**office.own.collections, "audit_index": office.own.audit_index}


def _removed(office: Office, kind: str, batch: int) -> Iterator[int]:
    """Remove what is due now of a kind, batch by batch; how many each time."""
    keep_s = office.own.retention.all().get(kind)
    moment_s = 0 if keep_s is None else int(office.now_s()) - keep_s
    while num_rows := _kinds(office)[kind].delete_before(moment_s, batch):
        yield num_rows
