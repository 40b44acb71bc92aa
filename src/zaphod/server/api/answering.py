"""From a turn to events: prompt, admission, engine, and what is counted on the way; knows no wire format.

Everything that can be refused is refused before the first event, so that a client gets a status instead of a broken
stream. However an answer ends, it is settled once and cancelled in the engine.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import msgspec

from zaphod.core.errors import ZaphodError
from zaphod.engine import SamplingParams
from zaphod.server.api.answer_reading import AnswerReader, PlainReader, ToolReader
from zaphod.server.api.calls import Call
from zaphod.server.api.conversations import Layout, layouts
from zaphod.server.api.guarded_reading import GuardedReader
from zaphod.server.api.inspecting import inspected, texts_to_look_at
from zaphod.server.api.merging import Merged
from zaphod.server.api.prompts import Prompts, too_long
from zaphod.server.api.recording import Record
from zaphod.server.api.rendering import TemplateFailedError
from zaphod.server.api.tool_formats import format_of
from zaphod.server.api.tool_grammar import constraint_of
from zaphod.server.api.turns import Event, PromptScored, Tool, Turn, Usage
from zaphod.server.engine_process.client import EngineClient
from zaphod.server.engine_process.messages import Piece, Ready, Work
from zaphod.server.errors import ApiError, as_api_error
from zaphod.server.guarding.conversation import Conversation
from zaphod.server.model_names import ModelNames

if TYPE_CHECKING:
    from zaphod.server.admission.admission import Admission, Ticket
    from zaphod.server.modes.modes import Modes
    from zaphod.server.observability.observation import Observer

__all__ = ["Answering", "Call", "Continuation"]

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """Prompts that are token ids already, each to be continued `num_answers` times.

    Answer `a` of prompt `p` has the number `p * num_answers + a`.
    """

    prompts: Sequence[tuple[int, ...]]
    sampling: SamplingParams
    num_answers: int = 1
    reports_experts: bool = False
    scores_prompts: bool = False
    """Whether it is told how likely the prompts' tokens are."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A continuation, and how its answers are read."""

    asked: Continuation
    reader: Callable[[int], AnswerReader] = PlainReader
    tools: Sequence[Tool] = ()
    mode: str = ""
    mode_reason: str | None = None
    grammar_param: str = "response_format"
    """The field that a grammar came from."""


class Answering:
    """Answers turns and continues prompts.

    Args:
        engine: computes.
        admission: says who may wait.
        observer: told of every call.
        modes: how answers sound.
        models: names that clients may ask for.
    """

    def __init__(
        self, *, engine: EngineClient, admission: Admission, observer: Observer, modes: Modes, models: ModelNames
    ) -> None:
        self._engine, self._admission, self._observer = engine, admission, observer
        self._modes, self._models = modes, models
        self.prompts = Prompts(engine.tokenizer)
        self._format = format_of(engine.tokenizer)

    async def start(self) -> None:
        """Start what the first conversation would have to wait for."""
        await self.prompts.start()

    async def close(self) -> None:
        """End the process that renders templates."""
        await self.prompts.close()

    async def answer(self, turn: Turn, call: Call) -> AsyncGenerator[Event, None]:
        """The answers to a turn, as they come; `Usage` is the last event.

        Raises:
            ApiError: it cannot be answered (before the first event), or not any more (after it).
        """
        async with Record(self._observer, call) as record:
            adapter = self._adapter(call.model)
            job = await _in_time(call, self._named_job(turn, call.conversation))
            async with aclosing(self._run(job, adapter, call, record)) as events:
                async for event in events:
                    yield event

    async def continue_(self, asked: Continuation, call: Call) -> AsyncGenerator[Event, None]:
        """Continue prompts, without template, tools and mode. Raises as `answer`."""
        async with Record(self._observer, call) as record:
            adapter = self._adapter(call.model)
            async with aclosing(self._run(_Job(asked=asked), adapter, call, record)) as events:
                async for event in events:
                    yield event

    async def tokens_of(self, turn: Turn, conversation: Conversation | None = None) -> tuple[int, ...]:
        """The prompt that a turn becomes.

        Raises:
            ApiError: it cannot be answered.
        """
        return (await self._named_job(turn, conversation)).asked.prompts[0]

    async def embed(self, prompts: Sequence[tuple[int, ...]], call: Call) -> list[tuple[float, ...]]:
        """The mean of the last hidden states of each prompt, [D] each.

        Raises:
            ApiError: they cannot be computed.
        """
        async with Record(self._observer, call) as record:
            adapter = self._adapter(call.model)
            for prompt in prompts:
                self._require_room(prompt, "input")
            works = [self._work(call, index, prompt, adapter) for index, prompt in enumerate(prompts)]
            works = [msgspec.structs.replace(work, embeds=True) for work in works]
            num_tokens = sum(map(len, prompts))
            ticket = self._admission.admit(
                call.caller, prompt_tokens=num_tokens, max_tokens=0, num_answers=len(prompts)
            )
            with ticket:
                call.response_headers.update(ticket.rate_limit_headers)
                record.admitted(num_tokens)
                vectors = await _in_time(call, self._embedded(works, ticket))
                ticket.settle(prompt_tokens=num_tokens, completion_tokens=0)
                if call.conversation is not None:
                    await call.conversation.ended(record.facts)
                record.finish_reason = "stop"
                return vectors

    def model_name(self, asked: str | None) -> str:
        """The name that an answer bears. Raises `ApiError` 404 where there is no such model."""
        if asked is None:
            return self._models.own
        if asked not in self._models.names:
            known = ", ".join(self._models.names)
            message = f"There is no model {asked[:256]!r}. This server has {known}. Name one of them, or none."
            raise ApiError(404, "model_not_found", message, param="model")
        return asked

    @property
    def max_prompt_tokens(self) -> int:
        """The longest prompt that leaves room for a token of an answer.

        Raises:
            ApiError: 503, there is no engine now.
        """
        model = self._require_model()
        return min(model.context_tokens, model.cache_tokens) - 1

    async def _named_job(self, turn: Turn, conversation: Conversation | None) -> _Job:
        """As `_job`; what is refused is called by the names that the client knows."""
        try:
            # Before anything looks at all of it: a guard takes its time for what no model could read.
            self.prompts.require_short(list(texts_to_look_at(turn)), self.max_prompt_tokens)
            return await self._job(await inspected(turn, conversation))
        except ApiError as error:
            error.param = turn.names.get((error.param or "").partition(".")[0], error.param)
            raise

    async def _job(self, turn: Turn) -> _Job:
        """What the engine is asked for, to answer a turn."""
        mode = self._modes.choose(turn.mode, turn.messages, tools=turn.tools)
        sampling = turn.sampling
        if mode.temperature is not None and not turn.names_temperature:
            sampling = dataclasses.replace(sampling, temperature=mode.temperature)
        constraint = constraint_of(self._format, turn)
        if constraint.grammar is not None:
            sampling = dataclasses.replace(sampling, grammar=constraint.grammar)
        opening = constraint.format.opening if constraint.is_open else ""
        prompt = await self._prompt(layouts(turn, mode.prompt, self._format), opening)
        asked = Continuation(
            prompts=[prompt], sampling=sampling, num_answers=turn.num_answers, reports_experts=turn.reports_experts
        )
        reader: Callable[[int], AnswerReader] = PlainReader
        if turn.tools and turn.tool_choice.how != "none":
            reader = ToolReader.maker(
                constraint.format, turn, self._engine.tokenizer, prompt, is_open=constraint.is_open
            )
        format_param = "tools" if constraint.grammar is not None else "response_format"
        return _Job(
            asked=asked,
            reader=reader,
            tools=turn.tools,
            mode=mode.name,
            mode_reason=mode.reason,
            grammar_param=turn.names.get(format_param, format_param),
        )

    async def _prompt(self, ways: Sequence[Layout], opening: str) -> tuple[int, ...]:
        """The prompt in the first of several layouts that the template accepts."""
        for way in ways[:-1]:
            try:
                return await self._laid_out(way, opening)
            except TemplateFailedError:
                continue  # templates without a place for system texts refuse them: the next layout has none
        return await self._laid_out(ways[-1], opening)

    async def _laid_out(self, way: Layout, opening: str) -> tuple[int, ...]:
        return await self.prompts.of_chat(
            way.messages, tools=way.tools, max_tokens=self.max_prompt_tokens, opening=opening
        )

    async def _run(self, job: _Job, adapter: str | None, call: Call, record: Record) -> AsyncGenerator[Event, None]:
        asked = job.asked
        longest = max(self._require_room(prompt, "prompt") for prompt in asked.prompts)
        room = self.max_prompt_tokens + 1 - longest
        sampling = dataclasses.replace(asked.sampling, max_tokens=min(asked.sampling.max_tokens, room))
        works = [
            self._work(call, prompt * asked.num_answers + answer, token_ids, adapter, _seeded(sampling, answer), asked)
            for prompt, token_ids in enumerate(asked.prompts)
            for answer in range(asked.num_answers)
        ]
        self.prompts.require_known(sampling.stop_token_ids, "stop_token_ids")
        self.prompts.require_known(tuple(sampling.logit_bias), "logit_bias")
        record.prompt_tokens, record.num_answers = sum(map(len, asked.prompts)), asked.num_answers
        ticket = self._admission.admit(
            call.caller,
            prompt_tokens=record.prompt_tokens,
            max_tokens=sampling.max_tokens * len(works),
            num_answers=len(works),
        )
        with ticket:
            call.response_headers.update(ticket.rate_limit_headers)
            call.counts["prompt_tokens"] = record.prompt_tokens
            record.admitted(record.prompt_tokens)
            readers = [_reader(job, index, call.conversation) for index in range(len(works))]
            async with aclosing(Merged([self._engine.generate(work) for work in works])) as pieces:
                try:
                    async for event in _events(pieces, readers, call, record, ticket):
                        yield event
                except ApiError as error:
                    error.param = job.grammar_param if error.code == "invalid_grammar" else error.param
                    raise
            ticket.settle(prompt_tokens=record.prompt_tokens, completion_tokens=record.completion_tokens)
        if call.conversation is not None:
            await call.conversation.ended(record.facts)
        yield _usage(job, record, call.conversation)

    def _work(
        self,
        call: Call,
        index: int,
        prompt: tuple[int, ...],
        adapter: str | None,
        sampling: SamplingParams | None = None,
        asked: Continuation | None = None,
    ) -> Work:
        return Work(
            request_id=f"{call.request_id}-{index}",
            prompt_token_ids=prompt,
            sampling=sampling or SamplingParams(),
            queue=call.caller.key_id,
            tenant=call.cache_tenant,
            adapter=adapter,
            reports_experts=asked is not None and asked.reports_experts,
            scored_from=1 if asked is not None and asked.scores_prompts else None,
        )

    async def _embedded(self, works: Sequence[Work], ticket: Ticket) -> list[tuple[float, ...]]:
        async def one(work: Work) -> tuple[float, ...]:
            vector = await self._engine.embed(work)
            ticket.started()
            return vector

        tasks = [asyncio.create_task(one(work)) for work in works]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _adapter(self, name: str | None) -> str | None:
        return name if name is not None and self.model_name(name) in self._models.adapters else None

    def _require_room(self, prompt: Sequence[int], param: str) -> int:
        if not prompt:
            message = "The prompt has no tokens. There must be at least one. Send some text."
            raise ApiError(400, "invalid_value", message, param=param)
        if len(prompt) > self.max_prompt_tokens:
            raise too_long(len(prompt), self.max_prompt_tokens, param)
        return len(prompt)

    def _require_model(self) -> Ready:
        model = self._engine.ready
        if model is None:
            message = "The engine is being started: no model is in memory yet. Try again in a few seconds."
            raise ApiError(503, "engine_loading", message, headers={"Retry-After": "2"})
        return model


async def _events(
    pieces: Merged[Piece], readers: Sequence[AnswerReader], call: Call, record: Record, ticket: Ticket
) -> AsyncGenerator[Event, None]:
    """What the pieces say, until every answer is complete."""
    num_open = len(readers)
    while num_open:
        try:
            index, piece = await _in_time(call, anext(pieces))
        except ApiError:
            # What was held back because it might go on does not go on any more.
            for event in chain.from_iterable(reader.rest() for reader in readers if isinstance(reader, GuardedReader)):
                yield event
            raise
        ticket.produced(len(piece.token_ids))
        record.piece(piece, index)
        reader = readers[index]
        if piece.prompt_logprobs:
            yield PromptScored(answer=index, logprobs=piece.prompt_logprobs)
        for event in reader.read(piece):
            yield event
        if reader.reason is not None:
            num_open -= 1
            record.finish_reason = record.finish_reason or reader.reason
            pieces.drop(index)


def _reader(job: _Job, answer: int, conversation: Conversation | None) -> AnswerReader:
    reader = job.reader(answer)
    stream = None if conversation is None else conversation.stream()
    if conversation is None or stream is None:
        return reader
    return GuardedReader(reader, answer, conversation, stream, job.tools)


def _usage(job: _Job, record: Record, conversation: Conversation | None) -> Usage:
    energy = record.end_well()
    return Usage(
        prompt_tokens=record.prompt_tokens,
        cached_tokens=record.cached_tokens,
        completion_tokens=record.completion_tokens,
        energy_j=None if energy is None else energy.joules,
        energy_source="estimated" if energy is None else energy.source,
        tokens_per_s=record.tokens_per_s,
        mode=job.mode,
        mode_reason=job.mode_reason,
        guard=None if conversation is None else conversation.as_json(),
    )


async def _in_time(call: Call, work: Awaitable[_T]) -> _T:
    """The result of some work, unless the call's time is up before.

    Raises:
        ApiError: 504.
    """
    try:
        if call.deadline is None:
            return await work
        async with asyncio.timeout(call.deadline - time.monotonic()):
            return await work
    except TimeoutError:
        message = "The request's time limit has passed before the answer was complete. Allow more, or ask for less."
        raise ApiError(504, "deadline_exceeded", message) from None
    except ZaphodError as error:
        raise as_api_error(error) from error


def _seeded(sampling: SamplingParams, answer: int) -> SamplingParams:
    if sampling.seed is None or not answer:
        return sampling
    return dataclasses.replace(sampling, seed=(sampling.seed + answer) % 2**63)
