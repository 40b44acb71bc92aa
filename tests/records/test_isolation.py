"""Two tenants do everything that can be done, with the same names, in any order; neither ever meets the other.

Each tenant's calls are answered a second time by a store of its own that nobody else uses. Whatever one tenant could
see, change, delete or count of the other would make the two answers differ.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.support.records import a_conversation, a_pseudonym, a_response, a_wrapped_key, an_entry, an_item

from zaphod.core.errors import ConfigError
from zaphod.records.audit_index import AuditQuery
from zaphod.records.consents import Consent
from zaphod.records.ids import new_id
from zaphod.records.store import Store, StoreOptions
from zaphod.records.tenant_store import TenantStore

PAIRS = [
    ("lab", "LAB"),
    ("a", "a "),
    ("é", "e\u0301"),
    ("%", "_"),
    ("'", "''"),
    ("=", ""),
    ("\u2028", "\u2029"),
    ("", "local"),
]
IDS = [new_id("x") for _ in range(3)]
SUBJECTS = ["", "ada", "bob"]

ids, subjects, times = st.sampled_from(IDS), st.sampled_from(SUBJECTS), st.integers(0, 5)
sealed, limits, kinds = st.binary(max_size=4), st.integers(1, 3), st.sampled_from(["responses", "conversations"])
maybe_id, maybe_subject = st.none() | ids, st.none() | subjects
conversations = st.builds(a_conversation, id=ids, subject=subjects, created_s=times, updated_s=times, sealed=sealed)
items = st.lists(st.builds(an_item, id=ids, created_s=times, sealed=sealed), max_size=2)
responses = st.builds(
    a_response, id=ids, subject=subjects, created_s=times, sealed_body=sealed, sealed_input=sealed, previous_id=maybe_id
)
consents = st.builds(
    Consent, id=ids, subject=subjects, purpose=st.just("p"), is_given=st.booleans(), created_s=times, sealed=sealed
)
pseudonyms = st.builds(a_pseudonym, subject=subjects, pseudonym=st.sampled_from("PQ"), created_s=times, sealed=sealed)
entries = st.lists(st.builds(an_entry, st.integers(0, 4), created_s=times, actor=subjects), max_size=2)
aged = {"count_before": (times,), "delete_before": (times, limits)}
of_subjects = {
    "of_subject": (subjects,), "all": (), "count": (maybe_subject,), "subjects": (),
    "delete_of_subject": (subjects, limits), **aged,
}  # fmt: skip

METHODS: dict[str, dict[str, Any]] = {
    "conversations": {
        **of_subjects,
        "add": (conversations,), "get": (ids,), "delete": (ids,),
        "change": (ids, {"sealed": sealed, "updated_s": times}),
        "latest": (limits, {"subject": maybe_subject, "before": st.none() | st.tuples(times, ids)}),
        "append": (ids, items, {"updated_s": times}),
        "items": (ids, {"after": st.integers(-1, 2), "limit": limits}),
        "item": (ids, ids), "change_item": (ids, ids, sealed), "delete_item": (ids, ids),
    },
    "responses": {
        **of_subjects,
        "add": (responses,), "get": (ids,), "chain": (ids,), "delete": (ids,),
        "change": (ids, {"sealed_body": sealed, "sealed_input": sealed}),
    },
    "consents": {
        **of_subjects, "add": (consents,), "is_given": (subjects, st.just("p")), "change": (ids, {"sealed": sealed}),
    },
    "pseudonyms": {
        **of_subjects,
        "add": (pseudonyms,), "get": (subjects, st.sampled_from("PQ")),
        "change": (subjects, st.sampled_from("PQ"), {"sealed": sealed}),
    },
    "restrictions": {"add": (subjects, times), "lift": (subjects,), "is_restricted": (subjects,), "all": ()},
    "retention": {"set": (kinds, st.none() | times), "all": ()},
    "audit_index": {
        "add": (entries,), "last_seq": (), "count_before": (times,), "delete_before": (times, limits),
        "find": (st.builds(AuditQuery, actor=maybe_subject, since_s=st.none() | times),),
    },
    "": {
        "subjects": (), "count_of_subject": (subjects,), "delete_of_subject": (subjects,), "delete_expired": (times,),
    },
}  # fmt: skip
CALLS = [(part, method) for part, methods in METHODS.items() for method in methods]
KEY_METHODS: dict[str, Any] = {
    "add": (), "replace": (), "find": (st.sampled_from("kl"),), "in_use": (subjects,), "destroy": (subjects,),
    "of_tenant": (),
}  # fmt: skip


def public_methods(thing: object) -> set[str]:
    return {name for name, _ in inspect.getmembers(thing, callable) if not name.startswith("_")}


def test_every_method_is_tried(store: Store) -> None:
    lab = store.tenant("lab")
    parts = {name for name in vars(lab) if not name.startswith("_")}
    assert parts == set(METHODS) - {""}
    for part, methods in METHODS.items():
        assert public_methods(getattr(lab, part) if part else lab) == set(methods), part
    assert public_methods(store.wrapped_keys) == set(KEY_METHODS) | {"tenants"}


def answer_of(call: Any) -> Any:
    """What a call says, in a form that can be compared."""
    try:
        answer = call()
    except (ConfigError, KeyError) as error:
        return type(error).__name__
    return list(answer) if isinstance(answer, Iterator) else answer


class Tenants(RuleBasedStateMachine):
    """`shared` holds both tenants; `alone` holds one each."""

    shared: Store
    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self._open = contextlib.ExitStack()
        self._alone: list[Store] = []
        self._tenants: tuple[str, str] = ("", "")

    @initialize(pair=st.sampled_from(PAIRS))
    def begin(self, pair: tuple[str, str]) -> None:
        # The names are new ones in each run, so that nothing of an earlier run is met.
        number = next(self.numbers)
        self._tenants = (f"{number}{pair[0]}", f"{number}{pair[1]}")
        for _ in self._tenants:
            folder = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
            self._alone.append(self._open.enter_context(Store.open(StoreOptions(state_dir=folder))))

    def teardown(self) -> None:
        try:
            if self._alone:
                self._everything_is_as_if_alone()
        finally:
            self._open.close()

    @rule(who=st.integers(0, 1), call=st.sampled_from(CALLS), data=st.data())
    def call_a_method(self, who: int, call: tuple[str, str], data: st.DataObject) -> None:
        part, method = call
        arguments, named = self._drawn(METHODS[part][method], data)
        both = [part_of(store.tenant(self._tenants[who]), part) for store in (self.shared, self._alone[who])]
        answers = [answer_of(lambda place=place: getattr(place, method)(*arguments, **named)) for place in both]
        assert answers[0] == answers[1]

    @rule(who=st.integers(0, 1), method=st.sampled_from(sorted(KEY_METHODS)), data=st.data())
    def use_the_keys(self, who: int, method: str, data: st.DataObject) -> None:
        tenant = self._tenants[who]
        arguments, _ = self._drawn(KEY_METHODS[method], data)
        if method in ("add", "replace"):
            key_id, retired_s = data.draw(st.sampled_from("kl")), data.draw(st.none() | times)
            given: tuple[Any, ...] = (
                a_wrapped_key(tenant, key_id, data.draw(subjects), wrapped=data.draw(sealed), retired_s=retired_s),
            )
        else:
            given = (tenant, *arguments)
        both = [store.wrapped_keys for store in (self.shared, self._alone[who])]
        answers = [answer_of(lambda table=table: getattr(table, method)(*given)) for table in both]
        assert answers[0] == answers[1]

    def _everything_is_as_if_alone(self) -> None:
        for tenant, alone in zip(self._tenants, self._alone, strict=True):
            assert everything(self.shared, tenant) == everything(alone, tenant)

    @staticmethod
    def _drawn(wanted: tuple[Any, ...], data: st.DataObject) -> tuple[list[Any], dict[str, Any]]:
        named = wanted[-1] if wanted and isinstance(wanted[-1], dict) else {}
        plain = wanted[:-1] if named else wanted
        return [data.draw(one) for one in plain], {name: data.draw(one) for name, one in named.items()}


def part_of(tenant: TenantStore, part: str) -> Any:
    return getattr(tenant, part) if part else tenant


def everything(store: Store, tenant: str) -> Any:
    """All that a tenant has."""
    own = store.tenant(tenant)
    kept = {kind: list(records.all()) for kind, records in own.collections.items()}
    spoken = [own.conversations.items(conversation.id) for conversation in kept["conversations"]]
    beside = (own.restrictions.all(), own.retention.all(), own.audit_index.find(AuditQuery()))
    return kept, spoken, beside, list(store.wrapped_keys.of_tenant(tenant))


def test_whatever_two_tenants_do_neither_meets_the_other(store: Store) -> None:
    machine = type("Machine", (Tenants,), {"shared": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("pair", PAIRS)
def test_the_same_names_in_two_tenants_are_different_records(store: Store, pair: tuple[str, str]) -> None:
    one, other = (store.tenant(tenant) for tenant in pair)
    kept = a_conversation(subject="ada")
    one.conversations.add(kept)
    assert other.conversations.get(kept.id) is None
    other.conversations.add(a_conversation(id=kept.id, subject="bob"))
    assert other.conversations.delete(kept.id)
    assert one.conversations.get(kept.id) == kept


@pytest.mark.parametrize("tenant", [None, 7, b"lab", "a\n", "\x00", "x" * 65])
def test_without_a_tenant_there_is_no_way_in(store: Store, tenant: Any) -> None:
    with pytest.raises(ConfigError, match="64 printable"):
        store.tenant(tenant)
    with pytest.raises(ConfigError, match="64 printable"):
        store.wrapped_keys.find(tenant, "k")
