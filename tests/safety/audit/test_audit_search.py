from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.safety.audit.logs import TENANT, Victim, event, write

from zaphod.core.errors import AuditError
from zaphod.safety.audit import AuditLog, AuditOptions, read
from zaphod.safety.audit.search import Query, search
from zaphod.safety.audit.segments import LogReader

WORDS = st.sampled_from(["", "a", "b", "key_1", 'q"uote', "nul\x00", "ä", "*x"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search") / "audit"
    with AuditLog(folder, AuditOptions(max_segment_bytes=3000)) as log:
        for number in range(30):
            log.append(
                event(
                    number,
                    actor=["alice", 'q"uote', "ä"][number % 3],
                    action=["chat.request", "chat.tool", "privacy.erase"][number // 10],
                    decision="block" if number % 7 == 0 else "allow",
                    details={"number": number, "is_streamed": number % 2 == 0, "rule": f"pii.{number % 4}"},
                )
            ).result(10)
    return folder


def numbers(folder: Path, **query: Any) -> list[int]:
    return [int(record.details["number"]) for record in search(folder, TENANT, Query(**query))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, list(range(30))),
        ({"decision": "block"}, [0, 7, 14, 21, 28]),
        ({"action": "chat.*", "decision": "block"}, [0, 7, 14]),
        ({"actor": 'q"uote', "action": "chat.request"}, [1, 4, 7]),
        ({"actor": "?", "decision": "block"}, [14]),
        ({"object": "resp_1[0-2]"}, [10, 11, 12]),
        ({"details": {"number": "17"}}, [17]),
        ({"details": {"rule": "pii.[01]", "is_streamed": "false"}, "decision": "block"}, [21]),
        ({"details": {"absent": "x"}}, []),
        ({"actor": "nobody"}, []),
    ],
)
def test_records_are_found_by_what_they_say(folder: Path, query: dict[str, Any], expected: list[int]) -> None:
    assert numbers(folder, **query) == expected


def test_records_are_found_by_time_half_open(folder: Path) -> None:
    times = [record.ts_utc for record in read(folder, TENANT)]
    expected = [number for number in range(30) if times[5] <= times[number] < times[20]]
    assert numbers(folder, since=times[5], until=times[20]) == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS, WORDS, WORDS, WORDS)
def test_skipping_lines_never_hides_a_match(folder: Path, actor: str, action: str, target: str, decision: str) -> None:
    query = Query(actor=actor, action=action, object=target, decision=decision)
    slow = [record for record in read(folder, TENANT) if query.matches(record)]
    assert list(search(folder, TENANT, query)) == slow


@pytest.mark.parametrize("since_seq", [0, 1, 7, 29, 30, 31])
def test_reading_begins_behind_any_record(folder: Path, since_seq: int) -> None:
    if since_seq > 30:
        with pytest.raises(AuditError, match="missing"):
            list(read(folder, TENANT, since_seq))
    else:
        assert [record.seq for record in read(folder, TENANT, since_seq)] == list(range(since_seq + 1, 31))


def test_a_reader_follows_a_log_that_grows(tmp_path: Path) -> None:
    reader, seen = LogReader(tmp_path / "audit", TENANT), 0
    with AuditLog(tmp_path / "audit", AuditOptions(max_segment_bytes=900)) as log:
        assert reader.lines(10) == []
        for number in range(20):
            log.append(event(number)).result(10)
            lines = reader.lines(10)
            seen += len(lines)
            assert (len(lines), reader.next_seq) == (1, number + 2)
    assert seen == 20


def test_a_line_that_is_being_written_is_left_for_later(tmp_path: Path) -> None:
    write(tmp_path / "audit", range(2))
    victim = Victim(tmp_path / "audit")
    whole = victim.segments[0].read_bytes()
    victim.segments[0].write_bytes(whole[:-5])
    reader = LogReader(tmp_path / "audit", TENANT)
    assert len(reader.lines(10)) == 1
    victim.segments[0].write_bytes(whole)
    assert len(reader.lines(10)) == 1


def test_a_reader_notices_that_a_log_became_shorter_or_lost_a_segment(tmp_path: Path) -> None:
    write(tmp_path / "audit", range(6), max_segment_bytes=900)
    victim = Victim(tmp_path / "audit")
    victim.segments[0].unlink()
    with pytest.raises(AuditError, match="missing"):
        list(read(tmp_path / "audit", TENANT))


def test_a_changed_record_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "audit", range(3))
    victim = Victim(tmp_path / "audit")
    victim.flip(victim.segments[0], 30)
    with pytest.raises(AuditError, match="verify"):
        list(read(tmp_path / "audit", TENANT))


def test_nothing_is_read_of_other_tenants(folder: Path) -> None:
    assert list(read(folder, "")) == list(search(folder, "nobody", Query())) == []
