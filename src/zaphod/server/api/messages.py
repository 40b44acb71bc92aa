"""`/v1/messages`; knows how requests become turns and events become messages, not what is between.

The header `anthropic-version` is read by nobody: there is one version of this API here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from zaphod.server.api.answers import answering_of, at_once, streamed
from zaphod.server.api.calls import call_of
from zaphod.server.api.fields import EVENT_STREAM, JsonRoute
from zaphod.server.api.messages_document import ANTHROPIC_ERRORS, MessageObject, TokenCount
from zaphod.server.api.messages_events import MessageWriter
from zaphod.server.api.messages_request import CountRequest, MessagesRequest
from zaphod.server.api.messages_turn import turn_of
from zaphod.server.api.sse import JsonBody, until_gone
from zaphod.server.api.turns import Event
from zaphod.server.api.writing import named_events

router = APIRouter(route_class=JsonRoute, tags=["Anthropic"])


@router.post(
    "/v1/messages",
    response_model=MessageObject,
    responses={**ANTHROPIC_ERRORS, 200: EVENT_STREAM},
    summary="Answer a conversation, in the form of Anthropic's Messages API",
)
async def create_message(request: Request, body: MessagesRequest) -> Response:
    """Answers a conversation. With `stream`, named events come, from `message_start` to `message_stop`."""
    call = call_of(request, body.model)
    answering = answering_of(request)
    writer = MessageWriter(f"msg_{call.request_id}", answering.model_name(body.model), call.counts)
    events = answering.answer(turn_of(body), call)
    if body.stream:
        return await streamed(request, call, events, lambda begun: named_events(writer, begun))
    return await at_once(request, call, events, lambda gathered: _whole(writer, gathered))


@router.post(
    "/v1/messages/count_tokens",
    response_model=TokenCount,
    responses=ANTHROPIC_ERRORS,
    summary="Count the tokens of a conversation",
)
async def count_tokens(request: Request, body: CountRequest) -> Response:
    """Counts what the model would read: the conversation, the tools, and what its template adds."""
    answering = answering_of(request)
    answering.model_name(body.model)
    token_ids = await until_gone(request, answering.tokens_of(turn_of(body), call_of(request, body.model).conversation))
    return JsonBody({"input_tokens": len(token_ids)})


async def _whole(writer: MessageWriter, events: AsyncIterator[Event]) -> dict[str, Any]:
    async for event in events:
        for _ in writer.write(event):
            pass  # only what they add up to is of interest
    return writer.message
