"""The engine as the gateway uses it: work in, pieces out, and a new process when one dies; knows no HTTP route."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from zaphod.core.limits import available_memory_bytes
from zaphod.core.tokenizers import Tokenizer
from zaphod.server.engine_process.messages import Load, Piece, Progressed, Ready, Stats, Work
from zaphod.server.engine_process.process import EngineProcess, LoadingFailedError
from zaphod.server.engine_process.progress import Health
from zaphod.server.engine_process.rate import BusyRate
from zaphod.server.errors import ApiError
from zaphod.server.memory import give_back

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 30.0
_STABLE_AFTER_S = 60.0
_LITTLE_MEMORY_BYTES = 256_000_000
_MEMORY_EVERY_S = 1.0


class EngineClient:
    """An engine that is there again soon when it dies.

    Args:
        load: what to load, each time.
        tokenizer: of the model.
        on_progress: told how far loading is.
        hidden: environment variables that the process does not get.
    """

    def __init__(
        self,
        load: Load,
        tokenizer: Tokenizer,
        on_progress: Callable[[Progressed], None] = lambda progressed: None,
        *,
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self.tokenizer = tokenizer
        self.model: Ready | None = None
        """What the model is; known from the first time it was ready on."""
        self.num_restarts = 0
        self.tokens_per_s = 0.0
        """Prompt and answer tokens computed a second, over the last seconds in which there was work."""
        self._load, self._on_progress, self._hidden = load, on_progress, hidden
        self._process: EngineProcess | None = None
        self._watching: asyncio.Task[None] | None = None
        self._memory_seen = (0.0, 0)
        self._rate = BusyRate()

    @property
    def ready(self) -> Ready | None:
        """The model, if it can answer now; None while it loads or the process is dead."""
        return None if self._process is None else self._process.ready

    @property
    def stats(self) -> Stats:
        """The last known figures of the process there is."""
        return Stats() if self._process is None else self._process.stats

    @property
    def num_outstanding(self) -> int:
        """Requests in the engine, waiting and running."""
        return 0 if self._process is None else self._process.num_outstanding

    @property
    def pid(self) -> int | None:
        """Of the engine process."""
        return None if self._process is None else self._process.pid

    @property
    def max_num_sequences(self) -> int:
        """Requests that run at one time."""
        return self._load.max_num_sequences

    @property
    def num_running(self) -> int:
        """Requests that the engine works on."""
        return self.stats.num_running

    @property
    def num_waiting(self) -> int:
        """Requests that wait in the engine."""
        return self.stats.num_waiting

    @property
    def free_memory_bytes(self) -> int:
        """What the control group and the machine leave, looked up once a second."""
        now_s = time.monotonic()
        if now_s - self._memory_seen[0] > _MEMORY_EVERY_S:
            free = available_memory_bytes()
            if free < _LITTLE_MEMORY_BYTES:
                give_back()
                free = available_memory_bytes()
            self._memory_seen = (now_s, free)
        return self._memory_seen[1]

    def health(self) -> Health:
        """Whether requests will be answered; costs the engine nothing."""
        if self._process is None:
            return Health(False, "the engine has not been started")
        if self.ready is None and not self._process.ended.is_set():
            return Health(False, "the model is loading")
        return self._process.health

    async def start(self) -> Ready:
        """Load the model and keep a process alive from then on.

        Raises:
            LoadingFailedError: the first one could not load it.
        """
        self._process = self._new_process()
        self.model = await self._process.start(self._load)
        self._watching = asyncio.create_task(self._watch(), name="engine-watcher")
        return self.model

    async def close(self) -> None:
        """End the process; whoever still waits is told."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._process is not None:
            await self._process.stop()

    def fail_all(self, error: ApiError) -> None:
        """Tell everybody who waits that nothing more comes."""
        if self._process is not None:
            self._process.fail_all(error)

    async def generate(self, work: Work) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; the last one has a finish reason. Closing the iterator cancels the request.

        Raises:
            ApiError: there is no engine now, the request is impossible, or the engine died.
        """
        process = self._require_process()
        inbox = process.submit(work)
        try:
            while True:
                piece = await inbox.get()
                yield piece
                if piece.finish_reason is not None:
                    return
        finally:
            process.forget(work.request_id)

    async def embed(self, work: Work) -> tuple[float, ...]:
        """The mean of the last hidden states of a prompt, [D].

        Raises:
            ApiError: as `generate`.
        """
        async with aclosing(self.generate(work)) as pieces:
            async for piece in pieces:
                return piece.embedding_D
        raise AssertionError("an engine's stream ended without a last piece")

    def _require_process(self) -> EngineProcess:
        if self._process is None or self._process.ready is None:
            message = "The engine is being started: no model is in memory yet. Try again in a few seconds."
            raise ApiError(503, "engine_loading", message, headers={"Retry-After": "2"})
        return self._process

    def _new_process(self) -> EngineProcess:
        self._rate = BusyRate(self.tokens_per_s)
        return EngineProcess(self._note_rate, self._on_progress, self._hidden)

    def _note_rate(self, stats: Stats) -> None:
        self.tokens_per_s = self._rate.after(stats, time.monotonic())

    async def _watch(self) -> None:
        """Start another process when one has ended, with growing pauses where they end soon."""
        pause_s = _FIRST_PAUSE_S
        while True:
            assert self._process is not None
            began_s = time.monotonic()
            await self._process.ended.wait()
            if time.monotonic() - began_s > _STABLE_AFTER_S:
                pause_s = _FIRST_PAUSE_S
            _log.error("the engine process has ended; another one starts in %.1f s", pause_s)
            await self._process.stop()
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
            self.num_restarts += 1
            self._process = self._new_process()
            try:
                await self._process.start(self._load)
            except LoadingFailedError as error:
                _log.error("the model could not be loaded again: %s", error)
                continue
            _log.warning("the engine is ready again")
