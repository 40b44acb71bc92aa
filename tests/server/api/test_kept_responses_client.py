"""The official `openai` client and responses that a real server keeps, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.responses import Response
from tests.support.running_server import RunningServer, started

from zaphod.records.ids import new_id
from zaphod.records.keeping import Keeping, KeepingOptions
from zaphod.records.store import Store, StoreOptions
from zaphod.server.admission import KeyStore
from zaphod.server.api.stored_responses import StoredResponses
from zaphod.server.caller import SCOPES, Caller

SUM = "what is 4817 + 2944?"
POLICY = """
name = "tests"
version = "1"
description = "Plovers are taken out, sums are withheld."
extends = "default"

[stages.input.actions]
"secret.plover" = "redact"
"secret.forbidden" = "block"

[[rules]]
id = "secret.plover"
title = "the word plover"
stages = ["input"]
patterns = ['plover']

[[rules]]
id = "secret.forbidden"
title = "a word that may not be said twice"
stages = ["input"]
patterns = ['xyzzy xyzzy']

[[rules]]
id = "secret.sum"
title = "the sum"
stages = ["output"]
patterns = ['7761']
"""
TIMER: Any = {
    "type": "function",
    "name": "set_timer",
    "parameters": {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]},
}


@dataclass(frozen=True)
class Installation:
    """A server, and clients of two tenants."""

    server: RunningServer
    secrets: dict[str, str]
    store: StoreOptions

    def client(self, tenant: str = "lab") -> openai.OpenAI:
        url = f"{self.server.url}/v1"
        return openai.OpenAI(base_url=url, api_key=self.secrets[tenant], max_retries=0)

    def ask(self, method: str, path: str, tenant: str = "lab") -> tuple[int, bytes]:
        """Anything, as it is."""
        headers = {"Authorization": f"Bearer {self.secrets[tenant]}"}
        request = urllib.request.Request(self.server.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


@contextlib.contextmanager
def installed(folder: Path, database: str | None = None) -> Iterator[Installation]:
    (folder / "config" / "zaphod").mkdir(parents=True)
    (folder / "policy.toml").write_text(POLICY)
    if database is not None:
        (folder / "config" / "zaphod" / "config.toml").write_text(f'database = "{database}"\n')
    state = folder / "data" / "zaphod"
    with KeyStore(state_dir=state, database=database) as keys:
        secrets = {tenant: keys.create(name=tenant, tenant=tenant)[0] for tenant in ("lab", "other")}
    with started(folder, "--guard", str(folder / "policy.toml"), key=secrets["lab"]) as server:
        yield Installation(server, secrets, StoreOptions(state_dir=state, database=database))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("kept") / "server") as one:
        yield one


@pytest.fixture
def client(installation: Installation) -> Iterator[openai.OpenAI]:
    with installation.client() as one:
        yield one


def asked(client: openai.OpenAI, question: Any = SUM, **fields: Any) -> Response:
    given = {"model": "builtin", "input": question, "temperature": 0, "store": True, **fields}
    response = client.responses.create(**given)
    assert isinstance(response, Response)
    return response


def test_a_stored_response_is_had_again_as_it_was(client: openai.OpenAI) -> None:
    response = asked(client, metadata={"a": "b"}, instructions="Be kind.")
    assert client.responses.retrieve(response.id) == response
    assert response.model_dump()["store"] is True


def test_a_stored_stream_is_there_when_its_last_event_is(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="builtin", input=SUM, store=True, stream=True))
    last = events[-1]
    assert last.type == "response.completed"
    assert events[0].type == "response.created"
    assert events[0].response.id == last.response.id
    assert client.responses.retrieve(last.response.id) == last.response


def test_an_answer_that_was_cut_off_is_kept_as_such(client: openai.OpenAI) -> None:
    response = asked(client, max_output_tokens=2)
    assert client.responses.retrieve(response.id).status == "incomplete"


def test_a_stream_that_is_closed_early_is_not_kept(client: openai.OpenAI, installation: Installation) -> None:
    long: Any = {"type": "json_schema", "name": "n", "schema": {"type": "array", "minItems": 5000}}
    with client.responses.create(model="builtin", input=SUM, store=True, stream=True, text={"format": long}) as stream:
        first = next(stream)
    assert first.type == "response.created"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.response.id)


def test_what_it_answers_is_listed_in_pages(client: openai.OpenAI) -> None:
    items: Any = [{"role": "user", "content": f"number {number}"} for number in range(5)]
    name = asked(client, items).id
    page = client.responses.input_items.list(name, limit=2, order="asc")
    assert [item.content[0].text for item in page.data] == ["number 0", "number 1"]  # type: ignore[union-attr]
    assert page.has_more
    every = list(client.responses.input_items.list(name, limit=2))
    assert [item.content[0].text for item in every] == [f"number {n}" for n in (4, 3, 2, 1, 0)]  # type: ignore[union-attr]


def test_a_response_goes_on_from_the_one_before(client: openai.OpenAI) -> None:
    first = asked(client, "set a timer for 10 minutes", tools=[TIMER], tool_choice="required")
    (call,) = [item for item in first.output if item.type == "function_call"]
    result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "It runs."}]
    with pytest.raises(openai.BadRequestError, match="No function call"):
        asked(client, result)
    second = asked(client, result, previous_response_id=first.id)
    assert second.previous_response_id == first.id
    kinds = [item.type for item in client.responses.input_items.list(second.id, order="asc")]
    assert kinds == ["message", "function_call", "function_call_output"]


def test_a_response_that_is_not_kept_may_go_on_from_one_that_is(client: openai.OpenAI) -> None:
    response = asked(client, "and now?", previous_response_id=asked(client).id, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)


def test_what_the_guard_took_out_of_a_question_is_not_kept(client: openai.OpenAI) -> None:
    (item,) = client.responses.input_items.list(asked(client, "a plover in a nest").id).data
    assert "plover" not in item.model_dump_json()
    assert "in a nest" in item.model_dump_json()


def test_what_was_kept_under_another_policy_is_met_by_the_one_of_today(
    client: openai.OpenAI, installation: Installation
) -> None:
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "xyzzy xyzzy"}]}
    body = {"id": new_id("resp"), "created_at": int(time.time()), "output": [], "previous_response_id": None}
    lab = Caller(key_id="key_1", name="lab", scopes=frozenset(SCOPES), tenant="lab")
    options = KeepingOptions(state_dir=installation.store.state_dir, database=installation.store.database, audit=False)
    with Keeping(options) as keeping:
        asyncio.run(StoredResponses(keeping, None, lab).add(body, [said], "zaphod"))
    with pytest.raises(openai.BadRequestError, match="a word that may not be said twice") as refused:
        asked(client, "and now?", previous_response_id=body["id"])
    assert refused.value.code == "content_blocked"


def test_what_the_guard_withheld_is_not_kept(client: openai.OpenAI) -> None:
    name = asked(client).id
    assert "7761" not in client.responses.retrieve(name).model_dump_json()
    assert "secret withheld" in client.responses.retrieve(name).output_text


def test_a_deleted_response_is_gone(client: openai.OpenAI) -> None:
    name = asked(client).id
    client.responses.delete(name)
    for use in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
        with pytest.raises(openai.NotFoundError):
            use(name)
    with pytest.raises(openai.NotFoundError) as refused:
        asked(client, previous_response_id=name)
    assert refused.value.param == "previous_response_id"


def test_a_stored_response_is_not_streamed_again(client: openai.OpenAI) -> None:
    name = asked(client).id
    with pytest.raises(openai.BadRequestError, match="sent at once"):
        client.responses.retrieve(name, stream=True)
    with pytest.raises(openai.BadRequestError, match="nothing runs in the background"):
        client.responses.cancel(name)


def test_a_restricted_person_is_refused_before_anything_is_computed(
    client: openai.OpenAI, installation: Installation
) -> None:
    name = asked(client, safety_identifier="zarniwoop").id
    with Store.open(installation.store) as store:
        store.tenant("lab").restrictions.add("zarniwoop", 1)
    uses = (
        lambda: client.responses.retrieve(name),
        lambda: client.responses.delete(name),
        lambda: client.responses.input_items.list(name),
        lambda: asked(client, previous_response_id=name, store=False),
        lambda: asked(client, user="zarniwoop"),
    )
    for use in uses:
        with pytest.raises(openai.PermissionDeniedError, match="restricted"):
            use()
    assert asked(client, safety_identifier="zarniwoop", store=False).status == "completed"


def test_a_conversation_does_not_change_hands(client: openai.OpenAI, installation: Installation) -> None:
    first = asked(client, safety_identifier="slartibartfast")
    second = asked(client, previous_response_id=first.id)
    with pytest.raises(openai.BadRequestError, match="about somebody else"):
        asked(client, previous_response_id=second.id, user="somebody")
    with Store.open(installation.store) as store:
        assert {found.id for found in store.tenant("lab").responses.of_subject("slartibartfast")} == {
            first.id,
            second.id,
        }


@contextlib.contextmanager
def without_table(installation: Installation) -> Iterator[None]:
    """The database answers, and cannot do what it is asked."""
    assert installation.store.state_dir is not None
    file = installation.store.state_dir / "tenants" / "t-lab" / "records.sqlite"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE responses RENAME TO gone")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE gone RENAME TO responses")


def test_an_answer_that_cannot_be_kept_is_not_given_as_if_it_were(
    client: openai.OpenAI, installation: Installation
) -> None:
    name = asked(client).id
    with without_table(installation):
        with pytest.raises(openai.APIStatusError) as refused:
            asked(client)
        assert (refused.value.status_code, refused.value.code) == (503, "store_unavailable")
        last = list(client.responses.create(model="builtin", input=SUM, store=True, stream=True))[-1]
        assert last.type == "response.failed"
        assert last.response.error is not None
        assert last.response.error.model_dump()["type"] == "store_unavailable"
        assert asked(client, store=False).status == "completed"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(last.response.id)
    assert client.responses.retrieve(name).id == name


def everything(installation: Installation, name: str) -> dict[str, tuple[int, bytes]]:
    """Every verb of every route, as the other tenant."""
    path = f"/v1/responses/{name}"
    asked = {
        f"{method} {tail}": installation.ask(method, path + tail, "other")
        for method, tail in (("GET", ""), ("HEAD", ""), ("DELETE", ""), ("GET", "/input_items"), ("POST", "/cancel"))
    }
    with installation.client("other") as other, pytest.raises(openai.APIStatusError) as refused:
        other.responses.create(model="builtin", input=SUM, previous_response_id=name)
    return {**asked, "previous": (refused.value.status_code, refused.value.response.content)}


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    if request.param == "sqlite":
        yield request.getfixturevalue("installation")
        return
    with installed(tmp_path / "server", request.getfixturevalue("postgres_url")) as one:
        yield one


def test_another_tenant_cannot_tell_what_is_there_from_what_is_not(either: Installation) -> None:
    unknown = new_id("resp")
    with either.client() as client, either.client("other") as other:
        first = asked(client, "the blue plover sings")
        stream = client.responses.create(
            model="builtin", input=SUM, store=True, stream=True, previous_response_id=first.id
        )
        last = list(stream)[-1]
        assert last.type == "response.completed"
        asked(other)
        for name in (first.id, last.response.id):
            met, expected = everything(either, name), everything(either, unknown)
            assert {status for status, _ in met.values()} == {404}
            assert {
                use: (status, body.replace(name.encode(), unknown.encode())) for use, (status, body) in met.items()
            } == expected
        assert client.responses.retrieve(first.id) == first
        assert len(list(client.responses.input_items.list(last.response.id))) == 3
        client.responses.delete(first.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(first.id)


names = st.text(min_size=1, max_size=60) | st.sampled_from(
    [
        "..",
        ".",
        "%00",
        "resp_",
        "resp_" + "0" * 32,
        "RESP_" + "a" * 32,
        "resp_" + "a" * 32 + "\n",
        "' OR 1=1 --",
        "\ud7ff",
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=names,
    use=st.sampled_from([("GET", ""), ("HEAD", ""), ("DELETE", ""), ("GET", "/input_items"), ("POST", "/cancel")]),
    query=st.sampled_from(
        ["", "?limit=0", "?limit=x", "?after=", "?order=up", "?include[]=a&include=b", "?stream=false", "?%00=1"]
    ),
)
def test_odd_names_and_queries_are_refused_and_nothing_else(
    installation: Installation, name: str, use: tuple[str, str], query: str
) -> None:
    status, body = installation.ask(use[0], f"/v1/responses/{urllib.parse.quote(name, safe='')}{use[1]}{query}")
    assert status in (400, 404, 405), (status, body)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("order=up", "order"),
        ("after=msg_1", "after"),
        ("befor=x", "befor"),
    ],
)
def test_a_page_that_cannot_be_is_refused_by_its_field(
    client: openai.OpenAI, installation: Installation, query: str, param: str
) -> None:
    status, body = installation.ask("GET", f"/v1/responses/{asked(client).id}/input_items?{query}")
    assert status == 400
    assert json.loads(body)["error"]["param"] == param


def test_the_audit_and_the_logs_hold_no_word_of_it(client: openai.OpenAI, installation: Installation) -> None:
    asked(client, "the marmalade of Magrathea", safety_identifier="prostetnic")
    assert installation.store.state_dir is not None
    written = [file for file in installation.store.state_dir.rglob("*") if file.is_file()]
    texts = b"".join(file.read_bytes() for file in written) + installation.server.log.read_bytes()
    assert b"marmalade" not in texts
    assert b"Traceback" not in installation.server.log.read_bytes()
