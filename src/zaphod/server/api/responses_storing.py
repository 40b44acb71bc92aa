"""What one request to `/v1/responses` takes from what is kept, and adds to it; knows neither store nor vault.

The response is kept before its last event goes out: whoever sees `response.completed` can ask for it again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from starlette.requests import Request

from zaphod.records.ids import new_id
from zaphod.server.api.calls import Call
from zaphod.server.api.responses_events import ResponseWriter
from zaphod.server.api.responses_request import ResponseRequest
from zaphod.server.api.responses_turn import LaidOut
from zaphod.server.api.stored_errors import unavailable
from zaphod.server.api.stored_items import kept_items
from zaphod.server.api.stored_responses import Past, StoredResponses
from zaphod.server.api.turns import Event, Turn, Usage
from zaphod.server.caller import Caller
from zaphod.server.guarding.subjects import subject_of
from zaphod.server.services import services_of


@dataclass(frozen=True, kw_only=True)
class Storing:
    """Where a request goes on from, and where it is kept.

    Args:
        past: what was said before.
        stored: keeps the response; None where it is not kept.
        subject: the person whom it is about; empty where nothing is kept.
    """

    past: Past = field(default_factory=Past)
    stored: StoredResponses | None = None
    subject: str = ""

    def response_id(self, call: Call) -> str:
        """A name that nobody can guess where the response is kept; else the request's, which logs have."""
        return f"resp_{call.request_id}" if self.stored is None else new_id("resp")

    async def events(
        self, events: AsyncGenerator[Event, None], writer: ResponseWriter, request: ResponseRequest, sent: Sent
    ) -> AsyncGenerator[Event, None]:
        """The same events; before the last one goes on, the response is kept.

        Raises:
            ApiError: it could not be kept, and is not.
        """
        async with aclosing(events):
            async for event in events:
                if self.stored is not None and isinstance(event, Usage):
                    items = kept_items(request.input, sent.texts)
                    await self.stored.add(writer.ended(event), items, self.subject)
                yield event


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was asked of the model, and which item it came from."""

    call: Call
    turn: Turn
    laid_out: LaidOut

    @property
    def texts(self) -> list[str | None]:
        """What of each of the request's items went on to the model; known once the answer has begun."""
        judged = self.call.conversation
        let_in: Sequence[str] = [message["content"] for message in self.turn.messages]
        return self.laid_out.texts(self.turn, let_in if judged is None else judged.let_in[: len(let_in)])


async def storing_of(request: Request, body: ResponseRequest) -> Storing:
    """What a request has to do with what is kept.

    Raises:
        ApiError: 404, what it goes on from is not there; 403, its person is restricted; 400, it names another person.
    """
    if not body.store and body.previous_response_id is None:
        return Storing()
    stored, caller = stored_responses_of(request), request.state.caller
    past = Past() if body.previous_response_id is None else await stored.past(body.previous_response_id)
    subject = subject_of(caller, safety_identifier=body.safety_identifier, user=body.user, past=past.subject)
    if not body.store:
        return Storing(past=past)
    await stored.require_unrestricted(subject)
    return Storing(past=past, stored=stored, subject=subject)


def stored_responses_of(request: Request) -> StoredResponses:
    """What is kept for the tenant of a request's key. Raises `ApiError` 503 in an app that keeps nothing."""
    services, caller = services_of(request), request.state.caller
    assert isinstance(caller, Caller)
    if services.keeping is None:
        raise unavailable()
    journal = None if services.guarding is None else services.guarding.journal
    return StoredResponses(services.keeping, journal, caller)
