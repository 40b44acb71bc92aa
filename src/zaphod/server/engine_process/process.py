"""One engine process from its start to its end, as the gateway sees it; knows no key, no text and no restart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable

from zaphod.core.errors import ZaphodError
from zaphod.server.engine_process.inbox import Inbox
from zaphod.server.engine_process.messages import (
    Cancel,
    Failed,
    Load,
    Pieces,
    Progressed,
    Ready,
    Stats,
    Stop,
    Work,
    decode_from_engine,
    encode,
)
from zaphod.server.engine_process.progress import Health, ProgressPage
from zaphod.server.engine_process.wire import framed, read_message
from zaphod.server.errors import ApiError

_log = logging.getLogger(__name__)

_STOP_WITHIN_S = 5.0


class LoadingFailedError(ZaphodError):
    """The engine process could not load its model; the parts are those of its own error."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.found, failed.wanted, failed.remedy)
        self.kind = failed.kind
        kinds = {cls.__name__: cls for cls in _subclasses(ZaphodError)}
        self.exit_code = kinds[failed.kind].exit_code if failed.kind in kinds else ZaphodError.exit_code


class EngineProcess:
    """Started by `start`; `ended` is set when it has gone, whatever the reason.

    Args:
        on_stats: told of the engine's figures.
        on_progress: told how far loading is.
        hidden: environment variables that the process does not get.
    """

    def __init__(
        self,
        on_stats: Callable[[Stats], None],
        on_progress: Callable[[Progressed], None],
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self.ready: Ready | None = None
        self.stats = Stats()
        self.ended = asyncio.Event()
        self._on_stats, self._on_progress, self._hidden = on_stats, on_progress, hidden
        self._page = ProgressPage()
        self._inboxes: dict[str, Inbox] = {}
        self._outcome: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None or self.ended.is_set() else self._process.pid

    @property
    def num_outstanding(self) -> int:
        """Requests that wait for more."""
        return len(self._inboxes)

    @property
    def health(self) -> Health:
        """From shared memory: asking is no work for the engine."""
        return Health(False, "the engine process has ended") if self.ended.is_set() else self._page.health()

    async def start(self, load: Load) -> Ready:
        """Load the model.

        Raises:
            LoadingFailedError: it cannot be loaded, or the process ended while it was.
        """
        ours, theirs = socket.socketpair()
        fds = (theirs.fileno(), self._page.fd)
        with theirs:
            # A session of its own: a terminal's Ctrl-C and hang-up reach the gateway, which ends this process in order.
            # -P: nothing is imported from the folder that the server was started in, which may be a stranger's model.
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "zaphod.server.engine_process.worker", *map(str, fds)),
                pass_fds=fds,
                env={name: value for name, value in os.environ.items() if name not in self._hidden},
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self._reading = asyncio.create_task(self._read(reader), name="engine-reader")
        self._send(load)
        return await self._outcome

    def submit(self, work: Work) -> Inbox:
        """Send work; what comes of it arrives in the inbox."""
        if self.ended.is_set():
            raise engine_died()
        inbox = Inbox()
        self._inboxes[work.request_id] = inbox
        self._send(work)
        return inbox

    def forget(self, request_id: str) -> None:
        """Nobody waits for this request any more: the engine drops it unless it is done."""
        if self._inboxes.pop(request_id, None) is not None and not self.ended.is_set():
            self._send(Cancel(request_id=request_id))

    def fail_all(self, error: ApiError) -> None:
        """Tell everybody who waits that nothing more comes."""
        for request_id, inbox in list(self._inboxes.items()):
            inbox.fail(error)
            self.forget(request_id)

    async def stop(self) -> None:
        """End the process in order; after some seconds, by force."""
        if self._process is None:
            return
        if not self.ended.is_set():
            self._send(Stop())
        try:
            # Not `wait_for`, which forgets a cancellation that comes while the process ends (Python 3.11).
            async with asyncio.timeout(_STOP_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading
        self._page.close()

    def _send(self, message: Load | Work | Cancel | Stop) -> None:
        assert self._writer is not None
        self._writer.write(framed(encode(message)))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                self._heed(decode_from_engine(await read_message(reader)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has gone
        except Exception:
            _log.exception("the engine process said what nobody understands: it is ended")
        finally:
            self._end()
            assert self._writer is not None
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def _heed(self, message: Ready | Failed | Progressed | Pieces) -> None:
        if isinstance(message, Pieces):
            self.stats = message.stats
            for piece in message.pieces:
                inbox = self._inboxes.get(piece.request_id)
                if inbox is not None:
                    inbox.put(piece)
                    if piece.finish_reason is not None or piece.error is not None:
                        del self._inboxes[piece.request_id]
            self._on_stats(message.stats)
        elif isinstance(message, Progressed):
            self._on_progress(message)
        elif self._outcome.done():
            return  # whoever waited for it has gone: the server is being stopped
        elif isinstance(message, Ready):
            self.ready = message
            self._outcome.set_result(message)
        else:
            self._outcome.set_exception(LoadingFailedError(message))

    def _end(self) -> None:
        self.ended.set()
        self.ready = None
        if not self._outcome.done():
            found = "The engine process ended while it loaded the model."
            remedy = "Look above for what it said; the system ends processes when the memory is full."
            self._outcome.set_exception(
                LoadingFailedError(Failed(kind="ZaphodError", found=found, wanted="", remedy=remedy))
            )
        self.fail_all(engine_died())


def engine_died() -> ApiError:
    """Told to everybody whose request was in an engine that has gone."""
    message = "The engine ended before the answer was complete. It is being started again: send the request anew."
    return ApiError(503, "engine_died", message, headers={"Retry-After": "2"})


def _subclasses(of: type[ZaphodError]) -> list[type[ZaphodError]]:
    return [of, *(deeper for cls in of.__subclasses__() for deeper in _subclasses(cls))]
