"""The instruments of these tests see what they are for: a leak, a difference, a verdict that was kept for another."""

from __future__ import annotations

import asyncio

import pytest
from tests.server.isolation.tenants import Asked, Names, Reply, Tenant, require_nothing_of

from zaphod.safety.guard.guard import Guard
from zaphod.safety.guard.verdict import Stage, Verdict
from zaphod.server.guarding.guarding import Guarding

ASKED = Asked("GET", "/v1/responses/resp_1")


def reply(text: str, status: int = 404, **headers: str) -> Reply:
    return Reply(ASKED, status, headers, text)


@pytest.fixture
def ada() -> Tenant:
    tenant = Tenant(name="tenant-of-ada", key="zk-ada", key_id="key_ada", key_name="holder", url="http://localhost")
    tenant.close()
    return tenant


@pytest.mark.parametrize("where", ["text", "header", "other case"])
def test_a_leak_is_seen_wherever_it_stands(ada: Tenant, where: str) -> None:
    word = ada.word()
    leaks = {"text": reply(f'{{"a": "{word}"}}'), "header": reply("", x=word), "other case": reply(word.upper())}
    with pytest.raises(AssertionError, match=word):
        require_nothing_of(ada, leaks[where])
    require_nothing_of(ada, reply("nothing"))


def test_names_that_were_given_to_a_tenant_are_its_own(ada: Tenant) -> None:
    for name in ("resp_" + "0a" * 16, "hold_" + "0aB-" * 6, "chatcmpl-req_" + "0a" * 12):
        ada._learn(reply(f'{{"id": "{name}"}}', status=200))
        with pytest.raises(AssertionError, match=name):
            require_nothing_of(ada, reply(f"There is {name}."))


def test_answers_are_alike_but_for_the_names_in_them() -> None:
    one, other = Names.of_nobody(), Names.of_nobody()
    shapes = [reply(f"There is no {names.response}.").shape(*names.all) for names in (one, other)]
    assert shapes[0] == shapes[1]
    for different in (reply(f"There was no {one.response}."), reply(f"There is no {one.response}.", status=403)):
        assert different.shape(*one.all) != shapes[0]


class CountingGuard(Guard):
    """Counts what it is asked."""

    num_checks = 0

    def check(self, text: str, stage: Stage, **more: object) -> Verdict:
        self.num_checks += 1
        return Verdict()


def test_a_verdict_is_kept_for_its_tenant_alone() -> None:
    """Else a fast answer would tell one tenant what another has said."""
    guard = CountingGuard.load("observe", finders=[])
    assert isinstance(guard, CountingGuard)
    guarding = Guarding(guard, lambda tenant: b"key")

    async def checks_of(*tenants: str) -> list[int]:
        counts = []
        for tenant in tenants:
            await guarding.verdict("The patient is ill.", "input", tenant)
            counts.append(guard.num_checks)
        return counts

    assert asyncio.run(checks_of("ada", "ada", "ben", "ben", "ada")) == [1, 1, 2, 2, 2]
