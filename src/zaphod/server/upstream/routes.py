"""The API's routes where other servers answer: check, admit, pass on, count; knows no server and no connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from zaphod.server.api.calls import Call, call_of
from zaphod.server.api.fields import CLIENT_GONE, ERROR_RESPONSES, JsonRoute
from zaphod.server.api.sse import ClientGoneError, EventStream, until_gone
from zaphod.server.errors import ApiError
from zaphod.server.services import Services, services_of
from zaphod.server.upstream import requests
from zaphod.server.upstream.dialects import (
    Dialect,
    MessagesDialect,
    OpenAiDialect,
    PlainDialect,
    Reading,
    ResponsesDialect,
)
from zaphod.server.upstream.exchange import Outgoing, StreamedAnswer, WholeAnswer
from zaphod.server.upstream.guarded.passed_texts import inspected_fields
from zaphod.server.upstream.guarded.rewriting import Rewriter
from zaphod.server.upstream.passing import PassingStream
from zaphod.server.upstream.prefixes import prefix_of
from zaphod.server.upstream.proxy import Upstream
from zaphod.server.upstream.requests import PassedRequest

if TYPE_CHECKING:
    from zaphod.server.admission.admission import Ticket
    from zaphod.server.observability.observation import Observation

router = APIRouter(tags=["gateway"], responses=ERROR_RESPONSES)
posting = APIRouter(route_class=JsonRoute)

_OPENAI, _RESPONSES, _MESSAGES, _PLAIN = OpenAiDialect(), ResponsesDialect(), MessagesDialect(), PlainDialect()
_LISTED = ("id", "object", "created", "owned_by", "max_model_len")
"""What is told of a model; servers also tell folders of theirs."""


@posting.post("/v1/chat/completions", summary="Answer a chat")
async def chat(request: Request, body: requests.PassedChat) -> Response:
    """Passed on to a server that has the model."""
    return await _pass_on(request, body, _OPENAI)


@posting.post("/v1/completions", summary="Continue a text")
async def completions(request: Request, body: requests.PassedCompletion) -> Response:
    """Passed on to a server that has the model."""
    return await _pass_on(request, body, _OPENAI)


@posting.post("/v1/responses", summary="Answer in the Responses API")
async def responses(request: Request, body: requests.PassedResponse) -> Response:
    """Passed on to a server that has the model. What a server stores for later requests others do not know."""
    return await _pass_on(request, body, _RESPONSES)


@posting.post("/v1/messages", summary="Answer in Anthropic's API")
async def messages(request: Request, body: requests.PassedMessages) -> Response:
    """Passed on to a server that has the model."""
    return await _pass_on(request, body, _MESSAGES)


@posting.post("/v1/messages/count_tokens", summary="Count a prompt's tokens in Anthropic's API")
async def count_tokens(request: Request, body: requests.PassedTokenCount) -> Response:
    """Passed on to a server that has the model."""
    return await _pass_on(request, body, _PLAIN, generates=False)


@posting.post("/v1/embeddings", summary="Embed texts")
async def embeddings(request: Request, body: requests.PassedEmbedding) -> Response:
    """Passed on to a server that has the model."""
    return await _pass_on(request, body, _PLAIN, generates=False, charges=True)


@posting.post("/tokenize", summary="Turn text into tokens")
async def tokenize(request: Request, body: requests.PassedTokens) -> Response:
    """Passed on to a server that has the model; vLLM, SGLang and llama-server name the fields differently."""
    return await _pass_on(request, body, _PLAIN, generates=False)


@posting.post("/detokenize", summary="Turn tokens into text")
async def detokenize(request: Request, body: requests.PassedTokens) -> Response:
    """Passed on to a server that has the model; vLLM, SGLang and llama-server name the fields differently."""
    return await _pass_on(request, body, _PLAIN, generates=False)


@router.get("/v1/models", summary="List the models")
async def models(request: Request) -> dict[str, Any]:
    """Of all servers that are not known to be down."""
    return {"object": "list", "data": [_listed(one) for one in _upstream(request).pool.models()]}


@router.get("/v1/models/{model:path}", summary="One model")
async def model(request: Request, model: str) -> dict[str, Any]:
    """As a server lists it."""
    pool = _upstream(request).pool
    found = next((one for one in pool.models() if one["id"] == model), None)
    if found is None:
        raise pool.unknown_model(model)
    return _listed(found)


router.include_router(posting)


def _upstream(request: Request) -> Upstream:
    upstream = services_of(request).upstream
    assert upstream is not None, "these routes are for gateways"
    return upstream


def _listed(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"object": "model", "owned_by": "unknown", **{name: one[name] for name in _LISTED if name in one}}


async def _pass_on(
    request: Request, body: PassedRequest, dialect: Dialect, *, generates: bool = True, charges: bool | None = None
) -> Response:
    """Have a request answered by a server.

    Args:
        request: it.
        body: what it says.
        dialect: how the answer looks.
        generates: whether the answer is generated text, which takes tokens and may be streamed.
        charges: whether tokens are charged for it; as it generates, if None.
    """
    call = call_of(request, body.model)
    if call.caller.tenant:
        requests.require_names_nothing_kept(body.fields())
    costs = generates if charges is None else charges
    passage = _Passage(services_of(request), call, body.fields(), dialect, generates=generates, charges=costs)
    answer = await passage.begin(request)
    headers = {**answer.headers, **passage.rate_limit_headers}
    if isinstance(answer, WholeAnswer):
        await passage.end_whole(answer)
        return Response(answer.body, media_type="application/json", headers=headers)
    return EventStream(passage.events(answer), _Closing(passage, answer), headers)


@dataclass(frozen=True)
class _Spent:
    """What an answer took, as far as it is known."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


class _Passage:
    """One request on its way through: admitted, watched, settled."""

    def __init__(
        self,
        services: Services,
        call: Call,
        fields: dict[str, Any],
        dialect: Dialect,
        *,
        generates: bool,
        charges: bool,
    ) -> None:
        assert services.upstream is not None
        self._services, self._call, self._fields, self._dialect = services, call, fields, dialect
        self._upstream = services.upstream
        self._generates, self._charges = generates, charges
        self._stack = ExitStack()
        self._ticket: Ticket
        self._observation: Observation
        self._prompt_tokens = 0
        self._num_counted = 0
        self._is_complete = self._has_ended = False

    @property
    def rate_limit_headers(self) -> Mapping[str, str]:
        """For the response, once it was let in."""
        return self._ticket.rate_limit_headers

    async def begin(self, request: Request) -> WholeAnswer | StreamedAnswer:
        """Let it in and send it; a stream has its first event then.

        Raises:
            ApiError: it is not let in, or not answered.
            ClientGoneError: the client left before.
        """
        call = self._call
        self._observation = self._services.observer.begin(
            route=call.route,
            model=call.model or "",
            caller=call.caller,
            request_id=call.request_id,
            headers=call.headers,
        )
        try:
            self._fields = await inspected_fields(self._fields, call.conversation)
            self._ticket = self._stack.enter_context(self._admit())
            self._observation.admitted(prompt_tokens=self._prompt_tokens)
            return await until_gone(request, self._upstream.forward(self._outgoing()))
        except ApiError as error:
            self._end(error.status, error=error)
            raise
        except BaseException as error:
            is_gone = isinstance(error, ClientGoneError)
            self._end(CLIENT_GONE if is_gone else 500, error_code="client_gone" if is_gone else "internal_error")
            raise

    async def end_whole(self, answer: WholeAnswer) -> None:
        """It is answered.

        Raises:
            ApiError: 503, that cannot be written down.
        """
        spent = self._spent(answer.reading)
        try:
            await self._written_down(spent)
        except ApiError as error:
            self._end(error.status, error=error)
            raise
        if self._generates:
            self._observation.piece(spent.completion_tokens)
        self._end(200, spent=spent, finish_reason=answer.reading.finish_reason)

    async def events(self, answer: StreamedAnswer) -> AsyncGenerator[bytes, None]:
        """A stream's events, each counted before it is passed on."""
        self._count(answer.told)
        yield answer.first
        async for event in answer.rest:
            self._count(answer.told)
            yield event
        self._is_complete = True
        await self._written_down(self._spent(Reading(usage=answer.told.usage, num_pieces=answer.told.num_pieces)))

    def end_stream(self, answer: StreamedAnswer) -> None:
        """No more is passed on, complete or not."""
        told, error = answer.told, answer.error
        code = error.code if error else "upstream_error" if told.has_error else None
        is_gone = error is None and not self._is_complete
        self._end(
            CLIENT_GONE if is_gone else error.status if error else 200,
            spent=self._spent(Reading(usage=told.usage, num_pieces=told.num_pieces)),
            finish_reason="abort" if is_gone else told.finish_reason,
            error_code="client_gone" if is_gone else code,
        )

    async def _written_down(self, spent: _Spent) -> None:
        if self._call.conversation is not None:
            facts = {"prompt_tokens": spent.prompt_tokens, "completion_tokens": spent.completion_tokens}
            await self._call.conversation.ended(facts)

    def _count(self, told: PassingStream) -> None:
        num_new, self._num_counted = told.num_pieces - self._num_counted, told.num_pieces
        if num_new:
            self._observation.piece(num_new)
            self._ticket.produced(num_new)

    def _admit(self) -> Ticket:
        self._prompt_tokens = self._upstream.estimate.num_tokens(self._fields) if self._charges else 0
        return self._services.admission.admit(
            self._call.caller,
            prompt_tokens=self._prompt_tokens,
            max_tokens=requests.max_answer_tokens(self._fields) if self._generates else 0,
            num_answers=requests.num_answers(self._fields) if self._generates else 1,
        )

    def _outgoing(self) -> Outgoing:
        fields, call = self._fields, self._call
        is_stream = self._generates and fields.get("stream") is True
        options = fields.get("stream_options") or {}
        hides_usage = is_stream and self._dialect.asks_for_usage and not options.get("include_usage")
        if hides_usage:
            fields = {**fields, "stream_options": {**options, "include_usage": True}}
        return Outgoing(
            path=call.route,
            fields=fields,
            model=call.model,
            prefix=prefix_of(fields, tenant=call.caller.tenant, options=self._upstream.pool.options.prefixes),
            dialect=self._dialect,
            is_stream=is_stream,
            hides_usage=hides_usage,
            has_cache=self._generates,
            headers={**call.headers, **self._observation.upstream_headers},
            request_id=call.request_id,
            tenant=call.caller.tenant,
            deadline=call.deadline,
            make_rewriter=self._make_rewriter(),
        )

    def _make_rewriter(self) -> Callable[[], Rewriter] | None:
        conversation, dialect, fields = self._call.conversation, self._dialect, self._fields
        if conversation is None or not conversation.checks:
            return None
        return lambda: dialect.rewriter(conversation, fields)

    def _spent(self, reading: Reading) -> _Spent:
        """What the server says it took; where it does not, what was expected and counted."""
        usage = reading.usage
        if usage.prompt_tokens is not None and self._charges:
            self._upstream.estimate.learn(self._fields, usage.prompt_tokens)
        prompt_tokens = self._prompt_tokens if usage.prompt_tokens is None else usage.prompt_tokens
        completion_tokens = reading.num_pieces if usage.completion_tokens is None else usage.completion_tokens
        return _Spent(
            prompt_tokens=prompt_tokens if self._charges else 0,
            completion_tokens=completion_tokens if self._generates else 0,
            cached_tokens=usage.cached_tokens or 0,
        )

    def _end(
        self,
        status: int,
        *,
        spent: _Spent | None = None,
        finish_reason: str | None = None,
        error: ApiError | None = None,
        error_code: str | None = None,
    ) -> None:
        """Settle and tell; only the first call counts."""
        if self._has_ended:
            return
        self._has_ended = True
        if status != 200 and self._call.conversation is not None:
            self._call.conversation.broke_off(status, error.code if error else error_code)
        used = spent or _Spent(0, 0, 0)
        if spent is not None:
            self._ticket.settle(prompt_tokens=used.prompt_tokens, completion_tokens=used.completion_tokens)
        self._stack.close()
        self._observation.end(
            status=status,
            finish_reason=finish_reason,
            prompt_tokens=used.prompt_tokens,
            completion_tokens=used.completion_tokens,
            cached_tokens=used.cached_tokens,
            error_code=error.code if error else error_code,
        )


class _Closing:
    """Ends a stream on its server and in the books, whether its events have been read or not."""

    def __init__(self, passage: _Passage, answer: StreamedAnswer) -> None:
        self._passage, self._answer = passage, answer

    async def aclose(self) -> None:
        await self._answer.rest.aclose()
        self._passage.end_stream(self._answer)
