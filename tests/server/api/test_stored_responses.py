"""What is kept of responses, in both databases: for whom, from whom, and what happens where it cannot be used."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from tests.support.postgres import PostgresServer

from zaphod.records.ids import new_id
from zaphod.records.keeping import Keeping, KeepingOptions
from zaphod.records.privacy.erasure import erase
from zaphod.records.privacy.expiry import apply_retention, set_retention
from zaphod.records.privacy.exporting import export
from zaphod.records.privacy.office import Office
from zaphod.records.sealing import response_record
from zaphod.safety.audit.search import Query, search
from zaphod.server.api import stored_responses
from zaphod.server.api.responses_storing import stored_responses_of
from zaphod.server.api.stored_responses import StoredResponses
from zaphod.server.caller import SCOPES, Caller
from zaphod.server.errors import ApiError
from zaphod.server.guarding.journal import Journal

LAB, OTHER = (
    Caller(key_id=f"key_{tenant}", name=tenant, scopes=frozenset(SCOPES), tenant=tenant) for tenant in ("lab", "other")
)
SAID = {
    "id": new_id("msg"),
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "marmalade"}],
}
ANSWERED = {"id": "m", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "toast"}]}


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> KeepingOptions:
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return KeepingOptions(state_dir=tmp_path / "state", database=database)


@pytest.fixture
def keeping(place: KeepingOptions) -> Iterator[Keeping]:
    with Keeping(place) as opened:
        yield opened


@pytest.fixture
def in_files(tmp_path: Path) -> Iterator[Keeping]:
    with Keeping(KeepingOptions(state_dir=tmp_path / "state")) as opened:
        yield opened


def of(keeping: Keeping, caller: Caller = LAB) -> StoredResponses:
    return StoredResponses(keeping, None if keeping.audit is None else Journal(keeping.audit), caller)


def kept(keeping: Keeping, caller: Caller = LAB, *, subject: str = "trillian", previous: str | None = None) -> str:
    """Keep a response; its id."""
    body = {
        "id": new_id("resp"), "created_at": int(time.time()), "output": [ANSWERED], "previous_response_id": previous
    }  # fmt: skip
    asyncio.run(of(keeping, caller).add(body, [SAID], subject))
    return str(body["id"])


def all_uses(stored: StoredResponses, response_id: str) -> dict[str, Callable[[], Any]]:
    """Everything that can be done with one."""
    uses = {name: getattr(stored, name) for name in ("body", "input_items", "past", "require", "delete")}
    return {name: lambda use=use: asyncio.run(use(response_id)) for name, use in uses.items()}


def refusal(use: Callable[[], Any]) -> ApiError:
    with pytest.raises(ApiError) as refused:
        use()
    return refused.value


def events(keeping: Keeping, tenant: str = "lab") -> list[tuple[str, str, str]]:
    """The audit's, in order."""
    found = search(keeping.options.audit_folder, tenant, Query())
    return [(record.action, record.object, record.decision) for record in found]


def test_what_is_kept_can_be_had_again_until_it_is_deleted(keeping: Keeping) -> None:
    name, stored = kept(keeping), of(keeping)
    assert asyncio.run(stored.body(name))["output"] == [ANSWERED]
    assert asyncio.run(stored.input_items(name)) == [SAID]
    asyncio.run(stored.delete(name))
    assert {refusal(use).code for use in all_uses(stored, name).values()} == {"response_not_found"}


def test_a_conversation_is_gone_on_with_from_its_beginning(keeping: Keeping) -> None:
    last = kept(keeping, previous=kept(keeping, previous=kept(keeping)))
    past = asyncio.run(of(keeping).past(last))
    assert [item.role for item in past.items if item.type == "message"] == ["user", "assistant"] * 3
    assert past.subject == "trillian"
    assert len(asyncio.run(of(keeping).input_items(last))) == 5


def test_a_conversation_that_lost_its_beginning_is_not_gone_on_with(keeping: Keeping) -> None:
    first = kept(keeping)
    last, stored = kept(keeping, previous=first), of(keeping)
    asyncio.run(stored.delete(first))
    refused = refusal(all_uses(stored, last)["past"])
    assert (refused.status, refused.param) == (404, "previous_response_id")
    assert "goes on from is not kept any more" in refused.message
    assert asyncio.run(stored.body(last))["output"] == [ANSWERED]


def test_another_tenant_meets_what_nobody_has(keeping: Keeping) -> None:
    name, unknown, other = kept(keeping), new_id("resp"), of(keeping, OTHER)
    kept(keeping, OTHER)
    for use, on_nothing in zip(all_uses(other, name).values(), all_uses(other, unknown).values(), strict=True):
        met, expected = refusal(use), refusal(on_nothing)
        assert met.status == 404
        assert (met.code, met.param, met.message.replace(name, unknown)) == (
            expected.code, expected.param, expected.message
        )  # fmt: skip
    assert asyncio.run(of(keeping).body(name))["id"] == name
    assert name not in {named for _, named, _ in events(keeping, "other")}


def test_nothing_of_a_restricted_person_is_used_or_added(keeping: Keeping) -> None:
    name, stored = kept(keeping), of(keeping)
    uses = {use: call for use, call in all_uses(stored, name).items() if use != "require"}
    keeping.store.tenant("lab").restrictions.add("trillian", 1)
    for refused in [*map(refusal, uses.values()), refusal(lambda: kept(keeping))]:
        assert (refused.status, refused.code) == (403, "subject_restricted")
    assert keeping.store.tenant("lab").responses.count() == 1
    keeping.store.tenant("lab").restrictions.lift("trillian")
    assert asyncio.run(stored.body(name))["id"] == name


def test_somebody_else_s_restriction_changes_nothing(keeping: Keeping) -> None:
    name = kept(keeping)
    keeping.store.tenant("lab").restrictions.add("bob", 1)
    keeping.store.tenant("other").restrictions.add("trillian", 1)
    assert asyncio.run(of(keeping).body(name))["id"] == name


def test_a_person_whose_key_is_destroyed_cannot_be_read_but_removed(keeping: Keeping) -> None:
    name, stored = kept(keeping), of(keeping)
    keeping.vault.shred(tenant="lab", subject="trillian")
    uses = all_uses(stored, name)
    for use in ("body", "input_items", "past"):
        refused = refusal(uses[use])
        assert (refused.status, refused.code) == (404, "response_erased")
    uses["delete"]()
    assert keeping.store.tenant("lab").responses.count() == 0


def test_an_erased_person_has_nothing_and_may_begin_anew(keeping: Keeping) -> None:
    name = kept(keeping)
    office = Office(keeping, "lab", actor="cli:operator")
    assert erase(office, "trillian").num_records["responses"] == 1
    assert refusal(all_uses(of(keeping), name)["body"]).code == "response_not_found"
    assert asyncio.run(of(keeping).body(kept(keeping)))["output"] == [ANSWERED]


def test_a_person_gets_a_copy_of_what_is_kept(keeping: Keeping) -> None:
    kept(keeping)
    copy = io.BytesIO()
    assert export(Office(keeping, "lab", actor="cli:operator"), "trillian", copy).num_records["responses"] == 1
    assert b"marmalade" in copy.getvalue()
    assert b"toast" in copy.getvalue()


def test_what_has_grown_old_is_found_by_the_retention_clock(keeping: Keeping) -> None:
    name = kept(keeping)
    office = Office(keeping, "lab", actor="cli:operator", now_s=lambda: time.time() + 100)
    set_retention(office, "responses", 1000)
    assert apply_retention(office).num_records == {"responses": 0}
    set_retention(office, "responses", 10)
    assert apply_retention(office).num_records == {"responses": 1}
    assert refusal(all_uses(of(keeping), name)["body"]).status == 404


def test_the_database_holds_no_word_of_it(keeping: Keeping) -> None:
    record = keeping.store.tenant("lab").responses.get(kept(keeping))
    assert record is not None
    assert record.subject == "trillian"
    assert not {b"marmalade", b"toast"} & {
        word
        for word in (b"marmalade", b"toast")
        for sealed in (record.sealed_body, record.sealed_input)
        if word in sealed
    }
    opened = keeping.vault.decrypt(
        record.sealed_body, tenant="lab", subject="trillian", record=response_record(record.id, "body"), sequence=0
    )
    assert json.loads(opened)["output"] == [ANSWERED]


@pytest.mark.parametrize(
    "moved",
    [
        lambda one, two: {"sealed_body": two.sealed_body},
        lambda one, two: {"sealed_body": one.sealed_input},
        lambda one, two: {"sealed_input": one.sealed_body},
        lambda one, two: {"sealed_body": one.sealed_body[:-1] + bytes([one.sealed_body[-1] ^ 1])},
        lambda one, two: {"sealed_body": b""},
    ],
)
def test_what_was_changed_or_put_elsewhere_is_told_as_our_mistake(in_files: Keeping, moved: Any) -> None:
    responses = in_files.store.tenant("lab").responses
    one, two = (responses.get(kept(in_files)) for _ in range(2))
    assert one is not None
    put = dataclasses.replace(one, **moved(one, two))
    responses.change(one.id, sealed_body=put.sealed_body, sealed_input=put.sealed_input)
    refused = refusal(all_uses(of(in_files), one.id)["past"])
    assert (refused.status, refused.code) == (500, "record_damaged")
    assert "marmalade" not in refused.message


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"output": 1}', b'{"output": [{"type": "image"}]}'])
def test_a_record_that_an_operator_wrote_wrongly_is_told_as_our_mistake(in_files: Keeping, content: bytes) -> None:
    name = kept(in_files)
    sealed = in_files.vault.encrypt(content, tenant="lab", subject="trillian", record=response_record(name, "body"))
    responses = in_files.store.tenant("lab").responses
    record = responses.get(name)
    assert record is not None
    responses.change(name, sealed_body=sealed, sealed_input=record.sealed_input)
    assert refusal(all_uses(of(in_files), name)["past"]).code == "record_damaged"


def test_no_more_is_read_than_the_bounds_allow(in_files: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_responses, "MAX_EXCHANGES", 2)
    two = kept(in_files, previous=kept(in_files))
    assert len(asyncio.run(of(in_files).past(two)).items) == 4
    refused = refusal(all_uses(of(in_files), kept(in_files, previous=two))["past"])
    assert (refused.status, refused.code) == (400, "context_length_exceeded")
    monkeypatch.setattr(stored_responses, "MAX_HISTORY_BYTES", 100)
    assert refusal(all_uses(of(in_files), two)["input_items"]).param == "response_id"


@contextlib.contextmanager
def without_table(keeping: Keeping) -> Iterator[None]:
    """The database answers, and cannot do what it is asked."""
    file = keeping.options.folder / "tenants" / "t-lab" / "records.sqlite"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE responses RENAME TO gone")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE gone RENAME TO responses")


def test_a_store_that_fails_is_told_and_nothing_is_half_kept(in_files: Keeping) -> None:
    name, stored = kept(in_files), of(in_files)
    with without_table(in_files):
        for refused in [*map(refusal, all_uses(stored, name).values()), refusal(lambda: kept(in_files))]:
            assert (refused.status, refused.code) == (503, "store_unavailable")
            assert refused.headers["Retry-After"]
            assert "sqlite" not in refused.message.lower()
    assert in_files.store.tenant("lab").responses.count() == 1
    assert [(action, decision) for action, _, decision in events(in_files)][-2:] == [
        ("responses.store", "allow"),
        ("responses.store", "fail"),
    ]


def test_a_database_that_refuses_is_told_and_nothing_is_half_kept(
    postgres_own_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    with Keeping(KeepingOptions(state_dir=tmp_path, database=postgres_own_url)) as keeping:
        name, database = kept(keeping), postgres_own_url.rsplit("/", 1)[1]
        postgres.run("REVOKE ALL ON zaphod.responses FROM zaphod_app", database)
        for refused in [*map(refusal, all_uses(of(keeping), name).values()), refusal(lambda: kept(keeping))]:
            assert (refused.status, refused.code) == (503, "store_unavailable")
            assert "zaphod_app" not in refused.message
        postgres.run("GRANT ALL ON zaphod.responses TO zaphod_app", database)
        assert keeping.store.tenant("lab").responses.count() == 1


def test_a_key_above_all_keys_that_is_another_one_is_told_as_not_available(tmp_path: Path) -> None:
    state, other = tmp_path / "state", tmp_path / "other"
    with Keeping(KeepingOptions(state_dir=state)) as keeping:
        name = kept(keeping)
    with Keeping(KeepingOptions(state_dir=other)) as keeping:
        kept(keeping)
    with Keeping(KeepingOptions(state_dir=state, kek=f"file:{other / 'kek'}")) as keeping:
        assert refusal(all_uses(of(keeping), name)["body"]).code == "store_unavailable"


def test_whatever_is_done_is_written_down_without_a_word_of_what_was_said(keeping: Keeping) -> None:
    name = kept(keeping)
    last, stored = kept(keeping, previous=name), of(keeping)
    for use in ("body", "input_items", "past", "delete"):
        all_uses(stored, last)[use]()
    keeping.store.tenant("lab").restrictions.add("trillian", 1)
    refusal(all_uses(stored, name)["body"])
    assert events(keeping) == [
        ("responses.store", name, "allow"),
        ("responses.store", last, "allow"),
        ("responses.read", last, "allow"),
        ("responses.read", last, "allow"),
        ("responses.use", last, "allow"),
        ("responses.delete", last, "allow"),
        ("responses.read", name, "block"),
    ]
    lines = "".join(file.read_text() for file in keeping.options.audit_folder.rglob("*.jsonl"))
    assert not any(word in lines for word in ("marmalade", "toast", "trillian"))


def test_nothing_is_seen_that_cannot_be_written_down(tmp_path: Path) -> None:
    with Keeping(KeepingOptions(state_dir=tmp_path)) as keeping:
        name, stored = kept(keeping), of(keeping)
        assert keeping.audit is not None
        keeping.audit.close()
        for use, call in all_uses(stored, name).items():
            assert use == "require" or refusal(call).code == "audit_unavailable", use
        assert refusal(lambda: kept(keeping)).code == "audit_unavailable"
        assert keeping.store.tenant("lab").responses.count() == 1


def test_an_installation_without_an_audit_keeps_all_the_same(tmp_path: Path) -> None:
    with Keeping(KeepingOptions(state_dir=tmp_path, audit=False)) as keeping:
        assert asyncio.run(of(keeping).body(kept(keeping)))["output"] == [ANSWERED]


def test_an_app_that_keeps_nothing_says_so() -> None:
    app = FastAPI()
    app.state.services = SimpleNamespace(keeping=None, guarding=None)
    request = Request({"type": "http", "app": app, "state": {"caller": LAB}})
    assert refusal(lambda: stored_responses_of(request)).code == "store_unavailable"


odd = (
    st.text(max_size=40) | st.from_regex(r"(resp|conv|x)_[0-9a-f]{30,34}", fullmatch=True) | st.just("resp_" + "0" * 32)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=odd)
def test_an_odd_name_is_nobodys(keeping: Keeping, name: str) -> None:
    for use in all_uses(of(keeping), name).values():
        assert refusal(use).code == "response_not_found"
