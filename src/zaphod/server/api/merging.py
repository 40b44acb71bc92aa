"""Several streams as one, in the order in which their items come; knows nothing of the items."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Merged(Generic[_T]):
    """Yields (index of the stream, item). Closing it closes all streams; an error of one ends all.

    Args:
        streams: begun here, all at one time.
    """

    def __init__(self, streams: Sequence[AsyncGenerator[_T, None]]) -> None:
        self._streams = list(streams)
        self._arrived: asyncio.Queue[tuple[int, _T | None, Exception | None]] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._pump(index)) for index in range(len(streams))]
        self._num_open = len(streams)

    def __aiter__(self) -> Merged[_T]:
        return self

    async def __anext__(self) -> tuple[int, _T]:
        while self._num_open:
            index, item, error = await self._arrived.get()
            if error is not None:
                raise error
            if item is not None:
                return index, item
            self._num_open -= 1
        raise StopAsyncIteration

    def drop(self, index: int) -> None:
        """Nothing more of this stream is wanted: close it."""
        self._tasks[index].cancel()

    async def aclose(self) -> None:
        """Close every stream, and wait until that is done."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pump(self, index: int) -> None:
        try:
            async with aclosing(self._streams[index]) as stream:
                async for item in stream:
                    self._arrived.put_nowait((index, item, None))
        except Exception as error:
            self._arrived.put_nowait((index, None, error))
        else:
            self._arrived.put_nowait((index, None, None))
        # NOTE: cancelled by `drop`, it must still be counted as ended.
        finally:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._arrived.put_nowait((index, None, None))
