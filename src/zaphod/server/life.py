"""Where the server is between its start and its end, and what still runs; knows no engine and no signal."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class Life:
    """Counts requests that do work, and remembers whether new ones are welcome."""

    def __init__(self) -> None:
        self.is_draining = False
        self._num_running = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @property
    def num_running(self) -> int:
        """Requests that wait for an answer."""
        return self._num_running

    async def until_idle(self, timeout_s: float) -> bool:
        """Wait for the end of all running requests; whether it came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._is_idle.wait()
        except TimeoutError:
            return False
        return True

    def began(self) -> None:
        """One more request does work."""
        self._num_running += 1
        self._is_idle.clear()

    def ended(self) -> None:
        """One of them is done, whatever came of it."""
        self._num_running -= 1
        if self._num_running == 0:
            self._is_idle.set()


class CountsWork:
    """ASGI middleware around the app: whatever is posted counts as work until its response has been sent."""

    def __init__(self, app: ASGIApp, life: Life) -> None:
        self._app, self._life = app, life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        self._life.began()
        try:
            await self._app(scope, receive, send)
        finally:
            self._life.ended()
