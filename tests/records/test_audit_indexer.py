from __future__ import annotations

from pathlib import Path

import pytest
from tests.safety.audit.logs import Victim, write

from zaphod.core.errors import AuditError
from zaphod.records.audit_index import AuditQuery
from zaphod.records.audit_indexer import update_audit_index
from zaphod.records.store import Store
from zaphod.safety.audit import read
from zaphod.safety.audit.record import read_record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "audit", range(12), max_segment_bytes=2000)
    return tmp_path / "audit"


def test_every_record_is_found_where_it_lies(store: Store, folder: Path) -> None:
    index = store.tenant("acme").audit_index
    assert update_audit_index(index, folder, "acme") == 12
    for entry, record in zip(index.find(AuditQuery()), read(folder, "acme"), strict=True):
        with (folder / "t-acme" / entry.segment).open("rb") as file:
            file.seek(entry.offset_bytes)
            assert read_record(file.readline()) == record
        assert (entry.seq, entry.object) == (record.seq, record.object)


def test_only_what_is_new_is_added(store: Store, folder: Path) -> None:
    index = store.tenant("acme").audit_index
    update_audit_index(index, folder, "acme")
    assert update_audit_index(index, folder, "acme") == 0
    write(folder, [12, 13])
    assert update_audit_index(index, folder, "acme") == 2
    assert index.last_seq() == 14


def test_what_is_too_old_stays_out_and_other_tenants_have_none(store: Store, folder: Path) -> None:
    assert update_audit_index(store.tenant("acme").audit_index, folder, "acme", since_s=2**40) == 0
    assert update_audit_index(store.tenant("lab").audit_index, folder, "lab") == 0


def test_a_changed_record_is_not_indexed(store: Store, folder: Path) -> None:
    victim = Victim(folder)
    victim.flip(victim.segments[0], 30)
    with pytest.raises(AuditError):
        update_audit_index(store.tenant("acme").audit_index, folder, "acme")
