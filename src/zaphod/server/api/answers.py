"""From events to a response: a stream or one body, with limits in the headers; knows no API's format."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from zaphod.core.errors import ZaphodError
from zaphod.server.api import sse
from zaphod.server.api.answering import Answering
from zaphod.server.api.calls import Call
from zaphod.server.api.turns import Event, TextDelta, Usage
from zaphod.server.errors import ApiError, as_api_error
from zaphod.server.memory import Room
from zaphod.server.services import services_of

_log = logging.getLogger(__name__)

MAX_PROBABILITIES = 400_000
"""In one body."""
_PROBABILITY_BYTES = 640
"""What each takes for a moment, when the body is written."""
_EVENTS_A_LOOK = 256
_LEFT_BYTES = 96_000_000
"""What answers that are being gathered leave free."""


def answering_of(request: Request) -> Answering:
    """What answers, in the app that a request came to."""
    answering = services_of(request).answering
    assert answering is not None, "this route is for servers with an engine of their own"
    return answering


async def streamed(
    request: Request,
    call: Call,
    events: AsyncGenerator[Event, None],
    chunks: Callable[[sse.Begun[Event]], AsyncGenerator[bytes, None]],
) -> Response:
    """A stream of events. What is refused before the first one is raised here, with a status of its own.

    Args:
        request: whose client is watched.
        call: brings headers.
        events: of the answers.
        chunks: writes them.
    """
    begun = await sse.until_gone(request, sse.begin(events))
    return sse.EventStream(_ended_well(chunks(begun)), begun, call.response_headers)


async def at_once(
    request: Request, call: Call, events: AsyncGenerator[Event, None], whole: Callable[[Any], Awaitable[Any]]
) -> Response:
    """One body, when all events are there; they are closed when the client goes before.

    Args:
        request: whose client is watched.
        call: brings headers.
        events: of the answers.
        whole: gathers them.
    """

    async def gather() -> Any:
        async with aclosing(events), aclosing(_within_bounds(events)) as bounded:
            return await whole(bounded)

    return sse.JsonBody(await sse.until_gone(request, gather()), headers=call.response_headers)


async def _within_bounds(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The same events. What is gathered of them takes memory until the last one has come; a stream takes none.

    Raises:
        ApiError: 503 the memory is nearly full; 400 there are too many probabilities for one body.
    """
    room, num_events, num_probabilities = Room(), 0, 0
    async for event in events:
        num_events += 1
        if num_events % _EVENTS_A_LOOK == 0:
            room.require(_LEFT_BYTES)
        if isinstance(event, TextDelta):
            num_probabilities += sum(1 + len(token.top) for token in event.logprobs)
            if num_probabilities > MAX_PROBABILITIES:
                message = f"The answer has more than {MAX_PROBABILITIES} probabilities. Stream it, or ask for fewer."
                raise ApiError(400, "too_many_logprobs", message, param="top_logprobs")
        elif isinstance(event, Usage) and num_probabilities:
            room.require(_LEFT_BYTES + _PROBABILITY_BYTES * num_probabilities)
        yield event


async def _ended_well(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The chunks; an error ends them with an event that says so, which clients raise."""
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                yield chunk
        except (ApiError, ZaphodError) as error:
            known = as_api_error(error) if isinstance(error, ZaphodError) else error
            yield sse.data(known.openai())
            yield sse.DONE
        except Exception:
            _log.exception("an answer broke off")
            message = "The server made a mistake and the answer is not complete. Please report it."
            yield sse.data(ApiError(500, "internal_error", message).openai())
            yield sse.DONE
