"""`/v1/responses`; knows how requests become turns and events become responses, not what is between."""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from zaphod.core.tokenizers import Tokenizer
from zaphod.server.api import responses_kept
from zaphod.server.api.answering import Answering
from zaphod.server.api.answers import answering_of, at_once, streamed
from zaphod.server.api.calls import call_of
from zaphod.server.api.fields import ERROR_RESPONSES, EVENT_STREAM, JsonRoute
from zaphod.server.api.logprobs import chat_logprobs
from zaphod.server.api.responses_document import ResponseObject
from zaphod.server.api.responses_events import ResponseWriter
from zaphod.server.api.responses_request import ResponseRequest
from zaphod.server.api.responses_storing import Sent, storing_of
from zaphod.server.api.responses_turn import conversation, turn_of
from zaphod.server.api.shortening import shortened
from zaphod.server.api.turns import Event, Turn
from zaphod.server.api.writing import named_events
from zaphod.server.engine_process.messages import TokenLogprob
from zaphod.server.services import services_of

router = APIRouter(tags=["OpenAI"])
_creating = APIRouter(route_class=JsonRoute)


@_creating.post(
    "/v1/responses",
    response_model=ResponseObject,
    responses={**ERROR_RESPONSES, 200: EVENT_STREAM},
    summary="Answer a conversation, in the form of OpenAI's Responses API",
)
async def create_response(request: Request, body: ResponseRequest) -> Response:
    """Answers a conversation. With `stream`, named events come, from `response.created` to `response.completed`.

    Nothing is kept, unless `store` is true: then it can be asked for again, and gone on from with
    `previous_response_id`, until it is deleted or has grown old.
    """
    call = call_of(request, body.model)
    answering = answering_of(request)
    engine = services_of(request).engine
    assert engine is not None
    model = answering.model_name(body.model)
    storing = await storing_of(request, body)
    laid_out = conversation(body, storing.past.items)
    turn = await _fitting(answering, turn_of(body, laid_out), body)
    head = response_head(body, storing.response_id(call), model, turn)
    writer = ResponseWriter(head, functools.partial(_logprobs, engine.tokenizer))
    sent = Sent(call=call, turn=turn, laid_out=laid_out)
    events = storing.events(answering.answer(turn, call), writer, body, sent)
    if body.stream:
        return await streamed(request, call, events, lambda begun: named_events(writer, begun))
    return await at_once(request, call, events, lambda gathered: _whole(writer, gathered))


router.include_router(_creating)
router.include_router(responses_kept.router)


def response_head(request: ResponseRequest, response_id: str, model: str, turn: Turn) -> dict[str, Any]:
    """What every state of a response holds: who answers, and what was asked for."""
    named = request.model_dump(by_alias=True, include=_REPEATED)
    choice = request.tool_choice
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(time.time()),
        "model": model,
        **named,
        "metadata": request.metadata or {},
        "parallel_tool_calls": turn.allows_parallel_calls,
        "temperature": request.temperature,
        "top_p": turn.sampling.top_p,
        "text": {"format": {"type": "text"}} if request.text is None else _shown(request.text),
        "tools": [{"parameters": None, "strict": None, **_shown(tool)} for tool in request.tools or ()],
        "tool_choice": choice if isinstance(choice, str) else _shown(choice),
        "truncation": request.truncation or "disabled",
        "service_tier": "default",
        "background": False,
        "store": bool(request.store),
    }


_REPEATED = {
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "top_logprobs",
    "user",
}


def _shown(part: Any) -> dict[str, Any]:
    shown: dict[str, Any] = part.model_dump(by_alias=True, exclude_none=True)
    return shown


async def _fitting(answering: Answering, turn: Turn, request: ResponseRequest) -> Turn:
    return await shortened(answering.tokens_of, turn) if request.truncation == "auto" else turn


async def _whole(writer: ResponseWriter, events: AsyncIterator[Event]) -> dict[str, Any]:
    async for event in events:
        for _ in writer.write(event):
            pass  # only what they add up to is of interest
    return writer.response


def _logprobs(tokenizer: Tokenizer, tokens: Sequence[TokenLogprob]) -> list[dict[str, Any]]:
    told = chat_logprobs(tokenizer, tokens)
    return [] if told is None else list(told["content"])
