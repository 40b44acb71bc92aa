from __future__ import annotations

import pytest
from tests.support.records import an_entry

from zaphod.records.audit_index import AuditIndex, AuditQuery
from zaphod.records.store import Store


@pytest.fixture
def index(store: Store) -> AuditIndex:
    return store.tenant("lab").audit_index


def seqs(index: AuditIndex, query: AuditQuery, **more: int) -> list[int]:
    return [entry.seq for entry in index.find(query, **more)]


def test_what_was_added_is_found(index: AuditIndex) -> None:
    entry = an_entry(7, created_s=3, actor="a", action="b", object="c", decision="d", segment="e", offset_bytes=2**40)
    assert index.add([entry]) == 1
    assert index.find(AuditQuery()) == [entry]


def test_an_entry_that_is_there_stays_as_it_is(index: AuditIndex) -> None:
    assert index.add([an_entry(1), an_entry(2)]) == 2
    assert index.add([an_entry(2, actor="other"), an_entry(3)]) == 1
    assert [entry.actor for entry in index.find(AuditQuery())] == ["key_1"] * 3


def test_the_last_number_is_known(index: AuditIndex) -> None:
    assert index.last_seq() is None
    index.add([an_entry(4), an_entry(9), an_entry(2)])
    assert index.last_seq() == 9


@pytest.mark.parametrize("field", ["actor", "action", "object", "decision"])
def test_each_field_is_compared_letter_for_letter(index: AuditIndex, field: str) -> None:
    index.add([an_entry(1, **{field: "x_y"}), an_entry(2, **{field: "xzy"}), an_entry(3, **{field: "X_Y"})])
    assert seqs(index, AuditQuery(**{field: "x_y"})) == [1]
    assert seqs(index, AuditQuery(**{field: "x%"})) == []
    assert seqs(index, AuditQuery(**{field: "' OR 1=1 --"})) == []


def test_times_are_half_open(index: AuditIndex) -> None:
    index.add([an_entry(n, created_s=n) for n in range(6)])
    assert seqs(index, AuditQuery(since_s=2, until_s=4)) == [2, 3]


def test_pages_follow_each_other(index: AuditIndex) -> None:
    index.add([an_entry(n) for n in range(5)])
    assert seqs(index, AuditQuery(), limit=2) == [0, 1]
    assert seqs(index, AuditQuery(), limit=2, after_seq=1) == [2, 3]


def test_old_entries_are_deleted_in_batches(index: AuditIndex) -> None:
    index.add([an_entry(n, created_s=n) for n in range(5)])
    assert [index.delete_before(3, max_rows=2) for _ in range(3)] == [2, 1, 0]
    assert seqs(index, AuditQuery()) == [3, 4]
