"""Brings the index of an audit log up to its log; knows neither the log's chain nor the database."""

from __future__ import annotations

from pathlib import Path

from zaphod.core.progress import SILENT, Progress
from zaphod.records.audit_index import AuditEntry, AuditIndex
from zaphod.safety.audit.record import time_s
from zaphod.safety.audit.segments import Located, LogReader, num_records, record_of

_BATCH_RECORDS = 500


def update_audit_index(
    index: AuditIndex, folder: Path, tenant: str, *, since_s: int = 0, progress: Progress = SILENT
) -> int:
    """Add what the log has and the index lacks; how many entries are new. May be stopped, and goes on from there.

    Args:
        index: the tenant's.
        folder: the audit folder.
        tenant: whose log.
        since_s: older records are left out, such as those that were removed from the index because of their age.
        progress: told how far it is.

    Raises:
        AuditError: a record has been changed, or is missing.
    """
    reader, num_new = LogReader(folder, tenant, index.last_seq() or 0), 0
    with progress.step("indexing", num_records(reader.folder) - reader.next_seq + 1, "records") as advance:
        while found := reader.located(_BATCH_RECORDS):
            entries = [_entry(located) for located in found]
            num_new += index.add(entry for entry in entries if entry.created_s >= since_s)
            advance(len(entries))
    return num_new


def _entry(located: Located) -> AuditEntry:
    record = record_of(located.line, located.segment)
    return AuditEntry(
        seq=record.seq,
        created_s=int(time_s(record.ts_utc)),
        actor=record.actor,
        action=record.action,
        object=record.object,
        decision=record.decision,
        segment=located.segment.name,
        offset_bytes=located.offset_bytes,
    )
