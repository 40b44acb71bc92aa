"""The engine's process: loads a model, turns its loop until the gateway goes; knows no HTTP and no key.

One thread steps the engine and speaks with the gateway. Grammars are compiled on others, because that may take seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import cast

import numpy as np
import numpy.typing as npt

from zaphod.core.configuration import Settings
from zaphod.core.errors import CapacityError, RequestError, TokenizerError, ZaphodError
from zaphod.core.progress import Advance
from zaphod.engine import Engine, EngineConfig, Increment, Request, Runner
from zaphod.engine.batch import Batch
from zaphod.engine.request import TokenLogprobs
from zaphod.launch.models import LoadedModel, load_model
from zaphod.model.compat import Compat
from zaphod.server.crashes import guard_crashes
from zaphod.server.engine_process.messages import (
    Cancel,
    Failed,
    FromEngine,
    Load,
    Piece,
    Pieces,
    Progressed,
    Ready,
    Stats,
    Stop,
    TokenLogprob,
    Work,
    decode_to_engine,
    encode,
)
from zaphod.server.engine_process.progress import IDLE_BEAT_S, PassTimer, ProgressPage
from zaphod.server.engine_process.wire import MessageSocket
from zaphod.server.redaction import exception_text

_LOADING_BEAT_S = 60.0
_FIGURES_EVERY_S = 0.5


class _TimedRunner:
    """A runner that tells the progress page how long its next pass will take."""

    def __init__(self, runner: Runner, page: ProgressPage) -> None:
        self._runner, self._page, self._timer = runner, page, PassTimer()

    def __getattr__(self, name: str) -> object:
        return getattr(self._runner, name)

    def forward(self, batch: Batch) -> npt.NDArray[np.float32]:
        num_tokens, began = len(batch.token_ids_T), time.monotonic()
        self._page.beat(self._timer.expected_s(num_tokens))
        logits_RV = self._runner.forward(batch)
        self._timer.observe(num_tokens, time.monotonic() - began)
        return logits_RV


class _Telling:
    """Progress of loading, told to the gateway."""

    def __init__(self, tell: _Teller, page: ProgressPage) -> None:
        self._tell, self._page = tell, page

    @contextmanager
    def step(self, label: str, total: float, unit: str = "B") -> Iterator[Advance]:
        done, told_s = 0.0, 0.0

        def advance(amount: float) -> None:
            nonlocal done, told_s
            done += amount
            self._page.beat(_LOADING_BEAT_S)
            if time.monotonic() - told_s > 0.1:
                told_s = time.monotonic()
                self._tell(Progressed(label=label, done=int(done), total=int(total), unit=unit))

        yield advance


class _Teller:
    """Sends typed messages."""

    def __init__(self, connection: MessageSocket) -> None:
        self._connection = connection

    def __call__(self, message: FromEngine) -> None:
        self._connection.send(encode(message))


class Worker:
    """The loop around an engine."""

    def __init__(self, model: LoadedModel, connection: MessageSocket, page: ProgressPage) -> None:
        self._engine: Engine = model.engine
        self._model = model
        self._connection, self._page = connection, page
        self._tell = _Teller(connection)
        self._compiling: dict[str, Future[None]] = {}
        self._compiled: SimpleQueue[tuple[Work, ZaphodError | None]] = SimpleQueue()
        self._bell, self._bell_rope = socket.socketpair()
        self._bell.setblocking(False)  # several strokes may be heard as one
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="grammar")
        self._refused: list[Piece] = []
        self._arrived_s: dict[str, float] = {}
        """Of requests that no pass has computed yet."""
        self._queue_s: dict[str, float] = {}
        """How long those waited whose first piece has not come yet."""
        self._figures_s = 0.0
        self._rss_bytes = 0

    def run(self) -> None:
        """Turn until told to stop, or until the gateway has gone."""
        try:
            while self._turn():
                pass
        except EOFError:
            return
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._bell.close()
            self._bell_rope.close()

    def _turn(self) -> bool:
        is_busy = self._engine.num_unfinished > 0
        self._page.beat(IDLE_BEAT_S)
        for message in self._connection.receive(0.0 if is_busy else IDLE_BEAT_S, self._bell):
            if not self._heed(decode_to_engine(message)):
                return False
        self._take_compiled()
        pieces, self._refused = self._refused, []
        if self._engine.num_unfinished:
            pieces += self._step()
        self._tell(Pieces(pieces=pieces, stats=self.stats()))
        return True

    def _step(self) -> list[Piece]:
        began_s = time.monotonic()
        increments = self._engine.step()
        if self._arrived_s:
            self._note_first_passes(increments, began_s)
        return [_piece(increment, self._queue_s.pop(increment.request_id, None)) for increment in increments]

    def _note_first_passes(self, increments: list[Increment], began_s: float) -> None:
        running = {sequence.request_id for sequence in self._engine.scheduler.running}
        running.update(increment.request_id for increment in increments)
        for request_id in running & self._arrived_s.keys():
            self._queue_s[request_id] = max(0.0, began_s - self._arrived_s.pop(request_id))

    def _heed(self, message: object) -> bool:
        if isinstance(message, Work):
            self._accept(message)
        elif isinstance(message, Cancel):
            future = self._compiling.pop(message.request_id, None)
            if future is not None:
                future.cancel()
            self._engine.cancel(message.request_id)
            self._forget(message.request_id)
        return not isinstance(message, Stop)

    def _forget(self, request_id: str) -> None:
        self._arrived_s.pop(request_id, None)
        self._queue_s.pop(request_id, None)

    def _accept(self, work: Work) -> None:
        """Queue it in the engine, its grammar being compiled elsewhere before."""
        self._arrived_s[work.request_id] = time.monotonic()
        if work.sampling.grammar is None:
            self._add(work)
        else:
            self._compiling[work.request_id] = self._pool.submit(self._compile, work)

    def _compile(self, work: Work) -> None:
        """On another thread; the compiler keeps the grammar for `_add`."""
        assert work.sampling.grammar is not None
        try:
            self._model.grammars.matcher(work.sampling.grammar)
        except ZaphodError as error:
            self._compiled.put((work, error))
        except (
            Exception
        ) as error:  # a fault of ours on a thread of its own: nobody else would tell, and the client waits
            print(exception_text(error), file=sys.stderr)
            found = f"{type(error).__name__} while the grammar was compiled."
            self._compiled.put((work, ZaphodError(found, "", "This was not foreseen: please report it.")))
        else:
            self._compiled.put((work, None))
        self._bell_rope.send(b"!")

    def _take_compiled(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)
        while not self._compiled.empty():
            work, error = self._compiled.get()
            if self._compiling.pop(work.request_id, None) is None:
                continue
            if error is None:
                self._add(work)
            else:
                self._refuse(work.request_id, error, "invalid_grammar")

    def _add(self, work: Work) -> None:
        try:
            self._engine.add_request(
                Request(
                    request_id=work.request_id,
                    prompt_token_ids=work.prompt_token_ids,
                    sampling=work.sampling,
                    queue=work.queue,
                    tenant=work.tenant,
                    adapter=work.adapter,
                    reports_experts=work.reports_experts,
                    embeds=work.embeds,
                    scored_from=work.scored_from,
                )
            )
        except ZaphodError as error:
            self._refuse(work.request_id, error)

    def _refuse(self, request_id: str, error: ZaphodError, code: str = "invalid_value") -> None:
        self._forget(request_id)
        self._refused.append(_refusal(request_id, error, code))

    def stats(self) -> Stats:
        """The engine's figures now; those that cost something are up to half a second old."""
        now_s, figures = time.monotonic(), self._engine.stats
        if now_s - self._figures_s > _FIGURES_EVERY_S:
            self._figures_s = now_s
            self._rss_bytes = _resident_bytes()
        return Stats(
            num_running=figures.num_running,
            num_waiting=figures.num_waiting + len(self._compiling),
            num_used_blocks=figures.num_used_blocks,
            num_blocks=figures.num_blocks,
            num_queried_tokens=figures.num_queried_tokens,
            num_hit_tokens=figures.num_hit_tokens,
            num_preemptions=figures.num_preemptions,
            num_steps=figures.num_steps,
            num_prompt_tokens=figures.num_prompt_tokens,
            num_produced_tokens=figures.num_produced_tokens,
            cpu_s=time.process_time(),
            rss_bytes=self._rss_bytes,
        )


def main(connection_fd: int, page_fd: int) -> int:
    """Serve one gateway, which holds the other end of the socket."""
    # A terminal sends Ctrl-C to both processes; the gateway decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard_crashes()
    connection = MessageSocket(socket.socket(fileno=connection_fd))
    page = ProgressPage(page_fd)
    page.beat(_LOADING_BEAT_S)
    tell = _Teller(connection)
    try:
        load = decode_to_engine(next(connection.receive(_LOADING_BEAT_S)))
        assert isinstance(load, Load), load
        model = _load(load, tell, page)
    except ZaphodError as error:
        tell(Failed(kind=type(error).__name__, found=error.found, wanted=error.wanted, remedy=error.remedy))
        return error.exit_code
    page.beat(IDLE_BEAT_S)
    worker = Worker(model, connection, page)
    tell(Pieces(pieces=[], stats=worker.stats()))
    tell(_ready(model, load))
    worker.run()
    return 0


def _load(load: Load, tell: _Teller, page: ProgressPage) -> LoadedModel:
    values = dict(load.settings)
    if values.get("cache_dir") is not None:
        values["cache_dir"] = Path(values["cache_dir"])
    return load_model(
        Settings(**values),
        load.config,
        cast("Compat | None", load.compat),
        _Telling(tell, page),
        {name: Path(folder) for name, folder in load.adapters.items()},
        cache_tokens=load.cache_tokens,
        limits=EngineConfig(max_batch_tokens=load.max_batch_tokens, max_num_sequences=load.max_num_sequences),
        watch=lambda runner: cast("Runner", _TimedRunner(runner, page)),
    )


def _ready(model: LoadedModel, load: Load) -> Ready:
    from zaphod.capacity.parameters import count_parameters

    config, counts = model.config, count_parameters(model.config)
    router = None if config.moe is None else config.moe.router
    return Ready(
        model=str(load.settings["model"]),
        family=config.family,
        num_parameters=counts.total,
        num_active_parameters=counts.active,
        context_tokens=model.context_tokens,
        cache_tokens=model.cache_tokens,
        num_layers=config.num_layers,
        num_experts=router.num_experts if router else 0,
        num_chosen=router.top_k if router else 0,
        hidden_size=config.hidden_size,
        runner=model.runner,
        speed=model.speed,
        num_threads=model.num_threads,
        load_s=model.load_s,
    )


def _piece(increment: Increment, queue_s: float | None) -> Piece:
    if increment.error is not None:
        return _refusal(increment.request_id, increment.error)
    end = increment.completion
    return Piece(
        request_id=increment.request_id,
        token_ids=increment.token_ids,
        text=increment.text,
        logprobs=_logprobs(increment.logprobs),
        prompt_logprobs=_logprobs(increment.prompt_logprobs),
        experts_NLK=increment.experts_NLK,
        finish_reason=None if end is None else end.finish_reason,
        stop_reason=None if end is None else end.stop_reason,
        queue_s=queue_s,
        num_cached_tokens=0 if end is None else end.num_cached_tokens,
        embedding_D=() if end is None or end.embedding_D is None else end.embedding_D,
    )


def _logprobs(tokens: Iterable[TokenLogprobs]) -> tuple[TokenLogprob, ...]:
    return tuple(TokenLogprob(token.token_id, token.logprob, token.top) for token in tokens)


def _refusal(request_id: str, error: ZaphodError, code: str = "invalid_value") -> Piece:
    if isinstance(error, CapacityError):
        code = "out_of_memory"
    elif not isinstance(error, RequestError | TokenizerError):
        code = "internal_error"
    return Piece(request_id=request_id, error=str(error).replace("\n", " "), error_code=code)


def _resident_bytes() -> int:
    import psutil

    return int(psutil.Process(os.getpid()).memory_info().rss)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
