"""Several streams as one: nothing is lost, and whatever happens all of them are closed."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from zaphod.server.api.merging import Merged


class Streams:
    """Streams that count how many of them are open."""

    def __init__(self) -> None:
        self.num_open = 0

    async def count(self, number: int, error: Exception | None = None) -> AsyncGenerator[int, None]:
        self.num_open += 1
        try:
            for item in range(number):
                await asyncio.sleep(0)
                yield item
            if error is not None:
                raise error
        finally:
            self.num_open -= 1


def test_every_item_comes_in_the_order_of_its_stream() -> None:
    async def test() -> None:
        streams = Streams()
        merged = Merged([streams.count(number) for number in (3, 0, 5)])
        items = [item async for item in merged]
        assert [item for stream, item in items if stream == 2] == [0, 1, 2, 3, 4]
        assert len(items) == 8
        await merged.aclose()
        assert streams.num_open == 0

    asyncio.run(test())


def test_closing_closes_all_of_them() -> None:
    async def test() -> None:
        streams = Streams()
        merged = Merged([streams.count(10**9) for _ in range(5)])
        await anext(merged)
        await merged.aclose()
        assert streams.num_open == 0

    asyncio.run(test())


def test_a_stream_that_is_dropped_ends_alone() -> None:
    async def test() -> None:
        streams = Streams()
        merged: Any = Merged([streams.count(10**9), streams.count(4)])
        seen = []
        async for stream, _ in merged:
            seen.append(stream)
            if stream == 0:
                merged.drop(0)
        assert seen.count(1) == 4
        assert streams.num_open == 0
        await merged.aclose()

    asyncio.run(test())


def test_an_error_of_one_is_raised_and_the_others_can_be_closed() -> None:
    async def test() -> None:
        streams = Streams()
        merged = Merged([streams.count(10**9), streams.count(1, RuntimeError("one"))])
        with pytest.raises(RuntimeError, match="one"):
            async for _ in merged:
                pass
        await merged.aclose()
        assert streams.num_open == 0

    asyncio.run(test())


def test_streams_that_never_began_can_be_closed() -> None:
    async def test() -> None:
        streams = Streams()
        merged = Merged([streams.count(1)])
        await merged.aclose()
        assert streams.num_open == 0

    asyncio.run(test())
