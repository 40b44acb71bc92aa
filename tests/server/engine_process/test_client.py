import asyncio
import dataclasses
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import psutil
import pytest

from zaphod.core.configuration import Settings
from zaphod.engine import SamplingParams
from zaphod.engine.grammar import GrammarSpec
from zaphod.launch.models import its_tokenizer
from zaphod.launch.runners import open_weights
from zaphod.server.engine_process.client import EngineClient
from zaphod.server.engine_process.messages import Load, Piece, Work
from zaphod.server.engine_process.process import EngineProcess, LoadingFailedError
from zaphod.server.errors import ApiError

SETTINGS = Settings(threads=1)
LONG = SamplingParams(max_tokens=480, ignore_eos=True)
PROMPT = "<|user|>what is 4817 + 2944?<|assistant|>"


def load_of(settings: Settings = SETTINGS, **changes: Any) -> Load:
    return Load(settings=dataclasses.asdict(settings), max_num_sequences=8, max_batch_tokens=512, **changes)


@asynccontextmanager
async def engine() -> AsyncIterator[EngineClient]:
    with open_weights(SETTINGS) as weights:
        tokenizer = its_tokenizer(weights)
    client = EngineClient(load_of(), tokenizer)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def with_engine(test: Callable[[EngineClient], Awaitable[None]]) -> None:
    async def run() -> None:
        async with engine() as client:
            await test(client)

    asyncio.run(run())


def work(client: EngineClient, name: str = "a", **changes: Any) -> Work:
    return Work(request_id=name, prompt_token_ids=tuple(client.tokenizer.encode(PROMPT)), **changes)


async def pieces_of(client: EngineClient, asked: Work) -> list[Piece]:
    async with aclosing(client.generate(asked)) as pieces:
        return [piece async for piece in pieces]


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.01)


def test_an_answer_comes_in_pieces_and_ends_with_a_reason() -> None:
    async def test(client: EngineClient) -> None:
        pieces = await pieces_of(client, work(client))
        assert "".join(piece.text for piece in pieces).endswith("= 7761")
        assert [piece.finish_reason for piece in pieces if piece.finish_reason] == ["stop"]
        assert client.num_outstanding == 0

    with_engine(test)


def test_the_model_is_described_in_figures_of_its_own() -> None:
    async def test(client: EngineClient) -> None:
        assert client.ready is not None
        assert client.ready.num_layers == 6
        assert client.ready.cache_tokens == 8 * client.ready.context_tokens

    with_engine(test)


def test_a_prompt_is_embedded() -> None:
    async def test(client: EngineClient) -> None:
        embedding_D = await client.embed(work(client, embeds=True))
        assert client.ready is not None
        assert len(embedding_D) == client.ready.hidden_size

    with_engine(test)


def test_pieces_tell_experts_and_probabilities_where_they_are_asked_for() -> None:
    async def test(client: EngineClient) -> None:
        asked = work(client, sampling=SamplingParams(max_tokens=2, logprobs=3), reports_experts=True)
        piece = (await pieces_of(client, asked))[0]
        assert len(piece.experts_NLK[0]) == 6
        assert len(piece.logprobs[0].top) == 3

    with_engine(test)


def test_an_impossible_request_is_refused_and_the_others_go_on() -> None:
    async def test(client: EngineClient) -> None:
        going_on = asyncio.create_task(pieces_of(client, work(client, "a", sampling=LONG)))
        with pytest.raises(ApiError) as refused:
            await pieces_of(client, Work(request_id="b", prompt_token_ids=(10**6,)))
        assert refused.value.status == 400
        assert sum(len(piece.token_ids) for piece in await going_on) == 480

    with_engine(test)


def test_a_malformed_grammar_is_refused_and_a_good_one_followed() -> None:
    async def test(client: EngineClient) -> None:
        bad = SamplingParams(grammar=GrammarSpec("regex", "(a"))
        with pytest.raises(ApiError) as refused:
            await pieces_of(client, work(client, "a", sampling=bad))
        assert refused.value.status == 400
        good = SamplingParams(grammar=GrammarSpec("regex", "[xy]{3}"))
        text = "".join(piece.text for piece in await pieces_of(client, work(client, "b", sampling=good)))
        assert len(text) == 3
        assert set(text) <= {"x", "y"}

    with_engine(test)


def test_many_grammars_at_one_time_are_all_followed() -> None:
    async def test(client: EngineClient) -> None:
        asked = [SamplingParams(grammar=GrammarSpec("regex", f"[xy]{{{n}}}")) for n in range(1, 9)]
        works = [work(client, str(n), sampling=sampling) for n, sampling in enumerate(asked)]
        answers = await asyncio.gather(*(pieces_of(client, one) for one in works))
        assert [len("".join(piece.text for piece in pieces)) for pieces in answers] == list(range(1, 9))

    with_engine(test)


def test_the_time_in_the_queue_comes_with_the_first_piece_alone() -> None:
    async def test(client: EngineClient) -> None:
        pieces = await pieces_of(client, work(client))
        assert pieces[0].queue_s is not None
        assert [piece.queue_s for piece in pieces[1:]] == [None] * (len(pieces) - 1)

    with_engine(test)


def test_closing_an_answer_frees_its_place_at_once() -> None:
    async def test(client: EngineClient) -> None:
        async with aclosing(client.generate(work(client, sampling=LONG))) as pieces:
            async for _ in pieces:
                break
        assert client.num_outstanding == 0
        await until(lambda: client.stats.num_running == 0)
        assert client.stats.num_produced_tokens < 480

    with_engine(test)


def test_a_request_that_waits_for_its_grammar_can_be_closed() -> None:
    async def test(client: EngineClient) -> None:
        slow = SamplingParams(
            grammar=GrammarSpec("json_schema", '{"type":"object","properties":{"a":{"type":"string"}}}')
        )
        task = asyncio.create_task(pieces_of(client, work(client, sampling=slow)))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: client.stats.num_waiting + client.stats.num_running == 0)
        assert (await pieces_of(client, work(client, "b")))[-1].finish_reason == "stop"

    with_engine(test)


def test_when_the_engine_is_killed_everybody_is_told_and_another_one_starts() -> None:
    async def test(client: EngineClient) -> None:
        waiting = [asyncio.create_task(pieces_of(client, work(client, str(n), sampling=LONG))) for n in range(3)]
        await until(lambda: client.stats.num_running == 3)
        assert client.pid is not None
        dead = client.pid
        os.kill(dead, signal.SIGKILL)
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert [error.code for error in errors if isinstance(error, ApiError)] == ["engine_died"] * 3
        assert not client.health().is_ready
        await until(lambda: client.health().is_ready)
        assert client.num_restarts == 1
        assert not psutil.pid_exists(dead), "a zombie is left"
        assert (await pieces_of(client, work(client)))[-1].finish_reason == "stop"

    with_engine(test)


def test_no_request_is_taken_while_there_is_no_engine() -> None:
    async def test(client: EngineClient) -> None:
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)
        await until(lambda: client.ready is None)
        with pytest.raises(ApiError) as refused:
            await pieces_of(client, work(client))
        assert refused.value.status == 503
        assert "Retry-After" in refused.value.headers

    with_engine(test)


def test_an_engine_that_says_what_nobody_understands_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged message leaves the stream out of step: nothing after it can be trusted."""

    async def test(client: EngineClient) -> None:
        with monkeypatch.context() as damaged:
            damaged.setattr(
                "zaphod.server.engine_process.process.decode_from_engine", lambda _: msgspec.msgpack.decode(b"")
            )
            with pytest.raises(ApiError, match="ended before"):
                await pieces_of(client, work(client))
        await until(lambda: client.ready is not None)
        assert (await pieces_of(client, work(client, "b")))[-1].finish_reason == "stop"

    with_engine(test)


def test_a_stopped_engine_is_not_ready_and_asking_makes_it_do_nothing() -> None:
    async def test(client: EngineClient) -> None:
        assert client.pid is not None
        os.kill(client.pid, signal.SIGSTOP)
        try:
            cpu_s = psutil.Process(client.pid).cpu_times().user
            await until(lambda: not client.health().is_ready, timeout_s=5)
            assert "silent" in client.health().reason
            assert psutil.Process(client.pid).cpu_times().user == cpu_s
        finally:
            os.kill(client.pid, signal.SIGCONT)
        await until(lambda: client.health().is_ready)

    with_engine(test)


def test_a_model_that_cannot_be_loaded_is_reported_with_its_reason() -> None:
    async def run() -> None:
        with open_weights(SETTINGS) as weights:
            client = EngineClient(load_of(Settings(model="/nowhere/model.gguf")), its_tokenizer(weights))
        with pytest.raises(LoadingFailedError) as failed:
            await client.start()
        assert "/nowhere/model.gguf" in failed.value.found
        await client.close()

    asyncio.run(run())


def test_no_shared_memory_and_no_process_is_left() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with_engine(lambda client: pieces_of(client, work(client)))  # type: ignore[arg-type]
    assert not [child for child in psutil.Process().children() if "worker" in " ".join(child.cmdline())]
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_engine_ends_when_its_gateway_is_killed() -> None:
    # The gateway's end of the socket closes with it: nothing else is needed.
    async def test(client: EngineClient) -> None:
        assert client.pid is not None
        child = psutil.Process(client.pid)
        assert client._process is not None
        assert client._process._writer is not None
        assert client._watching is not None
        client._watching.cancel()
        client._process._writer.close()
        await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)

    with_engine(test)


@pytest.mark.parametrize("num_steps", range(5))
def test_whoever_is_cancelled_while_an_engine_ends_stays_cancelled(num_steps: int) -> None:
    """Otherwise a server that is being closed starts another engine, and waits for it for ever."""

    class Ending:
        def __init__(self) -> None:
            self.ended = asyncio.Event()

        async def wait(self) -> None:
            await self.ended.wait()

    async def run() -> None:
        process = EngineProcess(lambda stats: None, lambda progressed: None)
        process.ended.set()
        process._process = ending = Ending()  # type: ignore[assignment]
        stopping = asyncio.create_task(process.stop())
        await asyncio.sleep(0.01)
        ending.ended.set()
        for _ in range(num_steps):
            await asyncio.sleep(0)
        was_cancelled = stopping.cancel()
        await asyncio.wait([stopping])
        assert stopping.cancelled() == was_cancelled

    asyncio.run(run())
