from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.safety.audit.logs import event, hash_of

from zaphod.core.errors import ConfigError, RequestError
from zaphod.safety.audit import Event, keyed_digest
from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.record import GENESIS, chain_hash, moment, read_record, time_s, with_hash, write_record

WORDS = st.text(max_size=40)
DETAILS = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_.]{0,10}", fullmatch=True),
    WORDS | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    max_size=5,
)


def line_of(found: Event, seq: int = 1, previous: bytes = GENESIS) -> bytes:
    return write_record(found, seq=seq, time_ns=1_900_000_000_123_456_789, previous=previous)[0]


def test_a_line_is_the_canonical_record_and_its_hash() -> None:
    line = line_of(event(7, actor="zoë"))
    record = json.loads(line)
    claimed = record.pop("hash")
    assert list(record) == sorted(record)
    assert claimed == hash_of(record)
    assert (record["actor"], record["ts_utc"]) == ("zoë", "2030-03-17T17:46:40.123456Z")


@given(WORDS, DETAILS)
def test_a_record_is_laid_out_as_any_canonical_json(word: str, details: dict[str, Any]) -> None:
    line = line_of(event(actor=word, object=word, model_id=word, details=details))
    record = json.loads(line)
    value = bytes.fromhex(record.pop("hash"))
    assert with_hash(canonical(record), value) == line


@given(WORDS, WORDS, DETAILS)
@example("\ud800", "a\x00\n\u2028", {"a": "\udfff"})
def test_whatever_an_event_says_is_read_back(actor: str, target: str, details: dict[str, Any]) -> None:
    found = event(actor=actor, object=target, details=details)
    line = line_of(found)
    record = read_record(line)
    assert line.count(b"\n") == 1
    assert (record.actor, record.object) == (found.actor, found.object)
    assert canonical(record.details) == canonical(found.details)
    assert record.line == line


def test_halves_of_surrogate_pairs_become_a_mark() -> None:
    assert event(actor="a\ud800b", details={"name": "\udfff"}).actor == "a\ufffdb"


@pytest.mark.parametrize(
    "changes",
    [
        {"actor": "x" * 513},
        {"object": None},
        {"details": {"prompt": "x" * 257}},
        {"details": {"Name": 1}},
        {"details": {"": 1}},
        {"details": {"n": 2**53}},
        {"details": {"n": float("nan")}},
        {"details": {"n": None}},
        {"details": {"n": [1]}},
        {"details": {f"n{number}": 1 for number in range(33)}},
    ],
)
def test_what_is_too_long_or_no_detail_is_refused_without_repeating_it(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as caught:
        event(**changes)
    assert "xxx" not in str(caught.value)


@pytest.mark.parametrize("tenant", ["x" * 65, "a\nb", "\ud800"])
def test_a_tenant_that_none_can_be_called_is_refused(tenant: str) -> None:
    with pytest.raises(ConfigError):
        event(tenant=tenant)


def test_an_event_does_not_change_with_the_details_it_was_made_of() -> None:
    details = {"number": 1}
    found = event(details=details)
    details["number"] = 2
    assert found.details["number"] == 1


@given(st.binary(max_size=300))
@example(b"")
@example(b"{}")
@example(b"[" * 300)
@example(b'{"a":1e999}')
def test_no_line_makes_the_reader_fail_otherwise_than_by_name(line: bytes) -> None:
    for text in (line, line + b',"hash":"' + b"0" * 64 + b'"}'):
        with pytest.raises(ValueError):
            read_record(text)


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_is_never_read(place: int, value: int) -> None:
    line = bytearray(line_of(event(1, details={"score": 0.25, "name": "ä"})))
    place %= len(line) - 1
    if line[place] != value:
        line[place] = value
        with pytest.raises(ValueError):
            read_record(bytes(line))


@pytest.mark.parametrize(
    "members",
    [
        {"v": 2},
        {"seq": "1"},
        {"seq": True},
        {"details": [1]},
        {"details": {"a": {"b": 1}}},
        {"actor": 1},
        {"extra": 1},
        {"ts_utc": "today"},
        {"prev": "0" * 63},
    ],
)
def test_a_record_of_another_shape_is_refused_even_with_a_right_hash(members: dict[str, Any]) -> None:
    record = {**json.loads(line_of(event())), **members}
    del record["hash"]
    body = canonical(record)
    with pytest.raises(ValueError):
        read_record(with_hash(body, chain_hash(GENESIS, body)))


def test_another_spelling_is_refused_even_with_a_right_hash() -> None:
    body = line_of(event(actor="zoë"))[: -len(',"hash":""}\n') - 64] + b"}"
    for spelling in (body.replace("ë".encode(), b"\\u00eb"), body.replace(b":1,", b": 1,", 1)):
        assert spelling != body
        with pytest.raises(ValueError, match="canonical"):
            read_record(with_hash(spelling, chain_hash(GENESIS, spelling)))


@given(st.integers(0, 4 * 10**18))
def test_moments_keep_microseconds(time_ns: int) -> None:
    assert round(time_s(moment(time_ns)) * 1e6) == pytest.approx(time_ns // 1000, abs=1)


def test_a_keyed_digest_needs_its_key() -> None:
    key, other = b"k" * 32, b"j" * 32
    assert keyed_digest(key, "hello") == keyed_digest(key, "hello") != keyed_digest(other, "hello")
    assert keyed_digest(key, "\ud800") != keyed_digest(key, "?")
    # RFC 4231, test case 3 has a key of 20 bytes.
    assert keyed_digest(b"\x0b" * 20, "Hi There") == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    with pytest.raises(ValueError):
        keyed_digest(b"short", "hello")
