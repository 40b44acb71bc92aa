"""`POST /v1/chat/completions`; knows how requests become turns and events become chunks, not what is between."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from zaphod.server.api.answers import answering_of, at_once, streamed
from zaphod.server.api.calls import call_of
from zaphod.server.api.chat_answer import ChatShape, chunks, whole
from zaphod.server.api.chat_request import ChatRequest
from zaphod.server.api.chat_turn import turn_of
from zaphod.server.api.documents import ChatCompletion
from zaphod.server.api.fields import ERROR_RESPONSES, EVENT_STREAM, JsonRoute
from zaphod.server.services import services_of

router = APIRouter(route_class=JsonRoute, tags=["OpenAI"])


@router.post(
    "/v1/chat/completions",
    response_model=ChatCompletion,
    responses={**ERROR_RESPONSES, 200: EVENT_STREAM},
    summary="Answer a conversation",
)
async def chat_completions(request: Request, body: ChatRequest) -> Response:
    """Answers a conversation. With `stream`, chunks come as server-sent events and end with `[DONE]`."""
    call = call_of(request, body.model)
    answering = answering_of(request)
    turn = turn_of(body)
    engine = services_of(request).engine
    assert engine is not None
    shape = ChatShape(
        answer_id=f"chatcmpl-{call.request_id}",
        model=answering.model_name(body.model),
        tokenizer=engine.tokenizer,
        num_answers=turn.num_answers,
        has_logprobs=turn.sampling.logprobs is not None,
        includes_usage=body.stream_options is not None and body.stream_options.include_usage is True,
    )
    events = answering.answer(turn, call)
    if body.stream:
        return await streamed(request, call, events, lambda begun: chunks(begun, shape))
    return await at_once(request, call, events, lambda gathered: whole(gathered, shape))
