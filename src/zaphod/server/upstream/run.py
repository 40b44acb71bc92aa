"""How long a request may take, and who may end it before; knows nothing of what it waits for."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import TypeVar

import aiohttp

from zaphod.server.errors import ApiError
from zaphod.server.upstream import refusals

_T = TypeVar("_T")


class CutOffError(Exception):
    """The gateway ended a request itself."""

    def __init__(self, told: ApiError, *, blames_server: bool) -> None:
        super().__init__(told.message)
        self.told = told
        self.blames_server = blames_server
        """Whether the server was too slow; else it was the client's deadline, or our own end."""


class Run:
    """One request's time: how long each step may take, until when the whole, and whether somebody ended it."""

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        self._limit: asyncio.Timeout | None = None
        self._ended_by: ApiError | None = None
        self.trace = SimpleNamespace(was_reused=False)
        """Filled by the connection's maker: whether the connection had been used before."""

    @property
    def left_s(self) -> float | None:
        """Seconds until the deadline."""
        return None if self._deadline is None else self._deadline - time.monotonic()

    def end(self, error: ApiError) -> None:
        """Whatever it waits for, it waits no longer."""
        self._ended_by = error
        if self._limit is not None:
            self._limit.reschedule(0.0)

    async def within(self, timeout_s: float, work: Awaitable[_T]) -> _T:
        """The result of `work`.

        Raises:
            CutOffError: it takes too long, or the request was ended.
        """
        left_s = math.inf if self.left_s is None else self.left_s
        limit_s = 0.0 if self._ended_by else min(timeout_s, left_s)
        try:
            async with asyncio.timeout(limit_s) as self._limit:
                return await work
        except aiohttp.ServerTimeoutError:
            raise
        except TimeoutError as error:
            raise self._cut_off(timeout_s, is_deadline=left_s <= timeout_s) from error
        finally:
            self._limit = None

    def _cut_off(self, timeout_s: float, *, is_deadline: bool) -> CutOffError:
        if self._ended_by is not None:
            return CutOffError(self._ended_by, blames_server=False)
        if is_deadline:
            return CutOffError(refusals.past_deadline(), blames_server=False)
        return CutOffError(refusals.too_late(timeout_s), blames_server=True)
