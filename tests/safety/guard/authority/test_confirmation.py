from __future__ import annotations

import pytest

from zaphod.core.errors import RequestError
from zaphod.safety.guard.authority.confirmation import Confirmations, Held, Kind, digest_of


def held(confirmations: Confirmations, tenant: str = "a", kind: Kind = "input") -> Held:
    return confirmations.hold(
        tenant=tenant, actor="key_1", kind=kind, name="", content="", digest=digest_of("x"), findings=()
    )


def test_what_was_approved_may_be_used_once() -> None:
    confirmations = Confirmations()
    one = held(confirmations)
    confirmations.decide("a", one.id, "approved")
    assert confirmations.use("a", one.id, digest_of("x"))
    assert not confirmations.use("a", one.id, digest_of("x"))


def test_what_nobody_has_decided_may_not_be_used() -> None:
    confirmations = Confirmations()
    assert not confirmations.use("a", held(confirmations).id, digest_of("x"))


def test_what_was_denied_may_not_be_used() -> None:
    confirmations = Confirmations()
    one = held(confirmations)
    confirmations.decide("a", one.id, "denied")
    assert not confirmations.use("a", one.id, digest_of("x"))


def test_an_approval_is_for_one_text_only() -> None:
    confirmations = Confirmations()
    one = held(confirmations)
    confirmations.decide("a", one.id, "approved")
    assert not confirmations.use("a", one.id, digest_of("y"))


def test_another_tenant_sees_decides_and_uses_nothing() -> None:
    confirmations = Confirmations()
    one = held(confirmations)
    assert confirmations.waiting("b") == []
    with pytest.raises(RequestError):
        confirmations.decide("b", one.id, "approved")
    confirmations.decide("a", one.id, "approved")
    assert not confirmations.use("b", one.id, digest_of("x"))


def test_a_decision_is_made_once() -> None:
    confirmations = Confirmations()
    one = held(confirmations)
    confirmations.decide("a", one.id, "approved")
    with pytest.raises(RequestError):
        confirmations.decide("a", one.id, "denied")


def test_an_approved_call_is_gone_because_its_caller_has_it() -> None:
    confirmations = Confirmations()
    one = held(confirmations, kind="tool_call")
    confirmations.decide("a", one.id, "approved")
    assert not confirmations.use("a", one.id, digest_of("x"))


def test_what_waits_too_long_is_gone() -> None:
    now_s = [0.0]
    confirmations = Confirmations(time_limit_s=10, clock=lambda: now_s[0])
    one = held(confirmations)
    now_s[0] = 10.0
    assert confirmations.waiting("a") == []
    with pytest.raises(RequestError):
        confirmations.decide("a", one.id, "approved")


def test_the_oldest_gives_way_within_its_tenant() -> None:
    confirmations = Confirmations(max_held=2)
    other = held(confirmations, "b")
    first, *rest = [held(confirmations) for _ in range(3)]
    assert confirmations.waiting("a") == rest
    assert first not in confirmations.waiting("a")
    assert confirmations.waiting("b") == [other]


def test_digests_do_not_run_into_each_other() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")
    assert digest_of("\ud800") != digest_of("?")
