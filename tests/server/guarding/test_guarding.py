"""What all requests share: verdicts of late, and checks that run beside others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.guard import Guard
from zaphod.safety.guard.verdict import Hit, Stage
from zaphod.server.guarding.guarding import Guarding

LONG = "so it goes. " * 2000


class Counting:
    """Finds every `#`, and counts how often it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.num_asked = 0

    def find(self, views: Sequence[View], stage: Stage) -> Iterator[Hit]:
        self.num_asked += 1
        for place, letter in enumerate(views[0].text):
            if letter == "#":
                yield Hit(rule="test.mark", title="a mark", start=place, end=place + 1)


def guarding() -> tuple[Guarding, Counting]:
    finder = Counting()
    return Guarding(Guard.load("observe", finders=[finder]), lambda tenant: b"k" * 32), finder


def test_what_was_checked_is_not_checked_again() -> None:
    guards, finder = guarding()

    async def run() -> None:
        for _ in range(3):
            await guards.verdict("hello", "input", "")

    asyncio.run(run())
    assert finder.num_asked == 1


def test_another_tenant_s_text_is_checked_anew_so_that_time_tells_nothing() -> None:
    guards, finder = guarding()

    async def run() -> None:
        for tenant in ("a", "b", "a"):
            await guards.verdict("hello", "input", tenant)

    asyncio.run(run())
    assert finder.num_asked == 2


def test_verdicts_with_many_findings_are_not_kept() -> None:
    guards, finder = guarding()

    async def run() -> None:
        for _ in range(2):
            assert len((await guards.verdict("#" * 100, "input", "")).findings) == 100

    asyncio.run(run())
    assert finder.num_asked == 2


def test_those_who_send_the_same_long_text_wait_for_one_check() -> None:
    guards, finder = guarding()

    async def run() -> None:
        verdicts = await asyncio.gather(*(guards.verdict(LONG, "input", "") for _ in range(5)))
        assert len({id(verdict) for verdict in verdicts}) == 1

    asyncio.run(run())
    assert finder.num_asked == len(range(0, len(LONG), 16_384))


def test_who_goes_away_takes_the_verdict_from_nobody() -> None:
    guards, _ = guarding()

    async def run() -> None:
        first = asyncio.create_task(guards.verdict(LONG, "input", ""))
        await asyncio.sleep(0)
        second = asyncio.create_task(guards.verdict(LONG, "input", ""))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).action == "allow"
        assert first.cancelled()

    asyncio.run(run())
