"""Tenant B cannot read A: every route, on SQLite and on PostgreSQL, asked by both with the things of the other.

`ZAPHOD_TEST_ISOLATION=200` walks that many times instead of a few; see `docs/isolation.md`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.server.isolation.conftest import Shared, run_zaphod
from tests.server.isolation.tenants import COUNTS, Asked, Names, Reply, Tenant, chat_of, require_nothing_of
from tests.server.isolation.visits import VISITS, Row, asked_of

from zaphod.server.admission.access import ACCESS, PUBLIC

NUM_WALKS = int(os.environ.get("ZAPHOD_TEST_ISOLATION", "3"))
NUM_ROUNDS = 1 + NUM_WALKS // 10
STEPS = 12
_ROWS = sorted(VISITS)
WITHOUT_RECORDS = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""A gateway keeps none."""
NAMING = [row for row in _ROWS if asked_of(row, "w", Names.of_nobody()) != asked_of(row, "w", Names.of_nobody())]
"""Routes whose requests name something."""


def test_every_route_is_visited() -> None:
    assert set(VISITS) == set(ACCESS)


def test_a_tenant_meets_its_own_things(shared: Shared) -> None:
    """Otherwise nothing below would mean anything."""
    ada = shared.ada
    names = ada.names()
    for path in ("", "/input_items"):
        assert ada.ask(Asked("GET", f"/v1/responses/{names.response}{path}")).status == 200
    assert ada.ask(Asked("POST", f"/v1/responses/{names.response}/cancel", {})).status == 400  # it is there
    body = {"input": "and then?", "previous_response_id": names.response, "max_output_tokens": 16}
    assert ada.ask(Asked("POST", "/v1/responses", body)).status == 200
    assert ada.ask(chat_of(names.text, x_zaphod_confirmation=names.approved)).status == 200
    assert names.held in ada.ask(Asked("GET", "/zaphod/confirmations")).text
    ada.require_all_is_there()
    ada.clear()


def test_no_answer_holds_what_is_the_other_tenants(shared: Shared) -> None:
    """Both ask everything, with their own words and the names of the other's things. `ask` looks at each answer."""
    for looking, other in shared.both_ways:
        names = other.names()
        for row in _ROWS:
            for asked in asked_of(row, looking.word(), names):
                looking.ask(asked)
        other.require_all_is_there()
    for tenant in (shared.ada, shared.ben):
        tenant.clear()


@pytest.mark.parametrize("row", NAMING, ids=" ".join)
def test_what_another_has_looks_like_what_nobody_has(shared: Shared, row: Row) -> None:
    looking, other = shared.ben, shared.ada
    for _ in range(NUM_ROUNDS):
        theirs, nobodys, word = other.names(), Names.of_nobody(), looking.word()
        for there, nowhere in zip(asked_of(row, word, theirs), asked_of(row, word, nobodys), strict=True):
            assert told_apart(looking, there, theirs) == told_apart(looking, nowhere, nobodys), there
        other.require_all_is_there()
        looking.clear()
        other.clear()


def told_apart(looking: Tenant, asked: Asked, names: Names) -> Any:
    """What a request's answer lets its sender tell; answers of a model differ in their own words."""
    reply = looking.ask(asked)
    COUNTS["answers compared"] += 1
    status, headers, text = reply.shape(*names.all, *(name.upper() for name in names.all))
    return (status, None, sorted(_keys(reply))) if status == 200 else (status, headers, text)


def _keys(reply: Reply) -> set[str]:
    """The fields of an answer."""
    try:
        return set(json.loads(reply.text))
    except json.JSONDecodeError:
        return {reply.text[:5]}


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "OPTIONS"])
def test_no_other_method_tells_what_is_there(shared: Shared, method: str) -> None:
    theirs, nobodys = shared.ada.names(), Names.of_nobody()
    for path in (
        "/v1/responses/{0.response}",
        "/v1/responses/{0.response}/input_items",
        "/zaphod/confirmations/{0.held}",
    ):
        there, nowhere = (
            shared.ben.ask(Asked(method, path.format(names))).shape(*names.all) for names in (theirs, nobodys)
        )
        assert there == nowhere
    shared.ada.clear()


def test_nobody_reads_anything(shared: Shared) -> None:
    names = shared.ada.names()
    stranger = Tenant(name="stranger", key="zk-none", key_id="none", key_name="none", url=shared.server.url)
    with httpx.Client(base_url=shared.server.url, trust_env=False) as client:
        for row in _ROWS:
            asked = asked_of(row, stranger.word(), names)[0]
            answer = client.request(asked.method, asked.path, json=asked.body)
            require_nothing_of(shared.ada, Reply(asked, answer.status_code, dict(answer.headers), answer.text))
            assert answer.status_code == (200 if ACCESS[row] is PUBLIC else 401)
    stranger.close()
    shared.ada.clear()


def test_a_person_of_the_same_name_is_another_person(shared: Shared) -> None:
    """What one tenant owes to a person does not touch the other's: neither its records nor what it may do."""
    folder, person = shared.server.folder, "patient-17"
    theirs, own = shared.ada.store(user=person), shared.ben.store(user=person)
    tenant = ("--tenant", shared.ada.name)
    assert run_zaphod(folder, "privacy", "restrict", person, *tenant, "--ground", "accuracy")[0] == 0
    asked = Asked("POST", "/v1/responses", {"input": "hi", "user": person, "store": True, "max_output_tokens": 16})
    assert [shared.ada.ask(asked).status, shared.ben.ask(asked).status] == [403, 200]
    assert run_zaphod(folder, "privacy", "unrestrict", person, *tenant)[0] == 0
    assert run_zaphod(folder, "privacy", "erase", person, *tenant, "--yes")[0] == 0
    assert shared.ada.ask(Asked("GET", f"/v1/responses/{theirs}")).status == 404
    assert shared.ben.ask(Asked("GET", f"/v1/responses/{own}")).status == 200
    shared.ada.kept.clear()
    shared.ben.clear()


def cached_tokens(tenant: Tenant, prompt: str, headers: Mapping[str, str], **fields: Any) -> int:
    """Of a prompt, how many tokens had been computed before."""
    body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": 1, **fields}
    reply = tenant.ask(Asked("POST", "/v1/chat/completions", body, headers))
    assert reply.status == 200, reply.text
    return int(json.loads(reply.text)["usage"]["prompt_tokens_details"]["cached_tokens"])


def require_apart(ada: Tenant, ben: Tenant) -> None:
    """What one has asked is fast for itself, and for the other one not, whatever it names."""
    named = {"x-tenant": ada.name, "x-zaphod-tenant": ada.name, "openai-organization": ada.name}
    for fields in ({}, {"user": ada.name, "safety_identifier": ada.name, "prompt_cache_key": ada.name}):
        prompt = " ".join(f"the record of {ada.word()}" for _ in range(2))
        assert cached_tokens(ada, prompt, {}, **fields) == 0
        assert cached_tokens(ben, prompt, named, **fields) == 0
        assert cached_tokens(ada, prompt, {}, **fields) > 0


def test_a_prompt_is_cached_for_its_tenant_alone(shared: Shared) -> None:
    require_apart(shared.ada, shared.ben)


def test_a_part_of_a_tenants_cache_is_no_other_tenants(shared: Shared) -> None:
    """The header parts a tenant's own cache, whatever it says."""
    prompt = f"the record of {shared.ada.word()} and {shared.ada.word()}"
    assert cached_tokens(shared.ada, prompt, {"x-zaphod-cache-salt": "one"}) == 0
    for salt in ("one", shared.ada.name, ""):
        assert cached_tokens(shared.ben, prompt, {"x-zaphod-cache-salt": salt}) == 0
    assert cached_tokens(shared.ada, prompt, {"x-zaphod-cache-salt": "two"}) == 0
    assert cached_tokens(shared.ada, prompt, {"x-zaphod-cache-salt": "one"}) > 0


@WITHOUT_RECORDS
def test_tenants_of_a_gateway_are_apart_on_the_server_behind_it(gateway: Shared) -> None:
    require_apart(gateway.ada, gateway.ben)


@WITHOUT_RECORDS
def test_behind_a_gateway_nothing_is_named_that_is_kept(shared: Shared, gateway: Shared) -> None:
    """The gateway's one key may open all of it there."""
    kept = shared.ada.store()
    body = {"input": "and then?", "max_output_tokens": 16}
    assert gateway.ben.ask(Asked("POST", "/v1/responses", body)).status == 200
    refused = gateway.ben.ask(Asked("POST", "/v1/responses", {**body, "previous_response_id": kept}))
    assert (refused.status, json.loads(refused.text)["error"]["param"]) == (400, "previous_response_id")
    for path in ("", "/input_items"):
        assert gateway.ben.ask(Asked("GET", f"/v1/responses/{kept}{path}")).status == 404
    for field in ("session_params", "kv_transfer_params", "bootstrap_room", "id_slot", "conversation"):
        chat = chat_of("hi")
        reply = gateway.ben.ask(Asked("POST", chat.path, {**chat.body, field: {"id": kept}}))
        assert (reply.status, json.loads(reply.text)["error"]["param"]) == (400, field)
    shared.ada.clear()


def test_what_one_tenant_says_stands_in_its_own_records_alone(shared: Shared) -> None:
    """Sealed records, and an audit that each tenant has for itself and that holds no text at all."""
    ada, ben = shared.ada, shared.ben
    ada.store()
    audit = shared.server.folder / "data" / "zaphod" / "audit"
    told = b"".join(file.read_bytes() for file in sorted((audit / f"t-{ben.name}").rglob("*")) if file.is_file())
    assert ben.key_id.encode() in told
    assert not [mark for mark in ada.marks if mark.encode() in told]
    ada.clear()


class Walk(RuleBasedStateMachine):
    """Both tenants do what they like, in any order; each sees its own world only."""

    shared: Shared

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, Names] = {}

    def _pair(self, is_ada: bool) -> tuple[Tenant, Tenant]:
        return self.shared.both_ways[0 if is_ada else 1]

    @rule(is_ada=st.booleans(), is_chained=st.booleans())
    def store(self, is_ada: bool, is_chained: bool) -> None:
        who, _ = self._pair(is_ada)
        who.store(previous=next(reversed(who.kept), None) if is_chained else None)

    @rule(is_ada=st.booleans())
    def make(self, is_ada: bool) -> None:
        who, _ = self._pair(is_ada)
        self._names[who.name] = who.names()

    @rule(is_ada=st.booleans(), row=st.sampled_from(_ROWS), number=st.integers(0, 30), is_other=st.booleans())
    def visit(self, is_ada: bool, row: Row, number: int, is_other: bool) -> None:
        who, other = self._pair(is_ada)
        names = self._names.get((other if is_other else who).name) or Names.of_nobody()
        if row[0] == "DELETE" or "confirmations/{" in row[1]:
            names = self._names.get(other.name) or Names.of_nobody()  # own things go by the rules below
        several = asked_of(row, who.word(), names)
        who.ask(several[number % len(several)])

    @precondition(lambda self: any(tenant.kept for tenant in self.shared.both_ways[0]))
    @rule(is_ada=st.booleans())
    def delete(self, is_ada: bool) -> None:
        who, other = self._pair(is_ada)
        for response in list(who.kept)[-1:]:  # the last: nothing goes on from it
            assert other.ask(Asked("DELETE", f"/v1/responses/{response}")).status == 404
            assert who.ask(Asked("DELETE", f"/v1/responses/{response}")).status == 200

    @precondition(lambda self: any(tenant.waiting for tenant in self.shared.both_ways[0]))
    @rule(is_ada=st.booleans(), decision=st.sampled_from(["approve", "deny"]))
    def decide(self, is_ada: bool, decision: str) -> None:
        who, other = self._pair(is_ada)
        for held in sorted(who.waiting)[:1]:
            assert other.decide(held, decision).status == 404
            assert who.decide(held, decision).status == 200

    def teardown(self) -> None:
        for who, _ in self.shared.both_ways:
            who.require_all_is_there()
            who.clear()


def test_two_tenants_walk_past_each_other(shared: Shared) -> None:
    walk = type("WalkHere", (Walk,), {"shared": shared})
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    # Twelve steps are read as they are: shrinking would ask the server for minutes.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    how = settings(max_examples=NUM_WALKS, stateful_step_count=STEPS, deadline=None, phases=phases)
    run_state_machine_as_test(walk, settings=settings(how, suppress_health_check=quiet))
