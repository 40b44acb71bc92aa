"""Named events of an answer, and the event that ends it where it breaks off; knows no API's format."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, Protocol

from zaphod.core.errors import ZaphodError
from zaphod.server.api import sse
from zaphod.server.api.turns import Event
from zaphod.server.errors import ApiError, as_api_error

_log = logging.getLogger(__name__)


class Writer(Protocol):
    """Writes one answer in an API's own events, each of which bears its name as `type`."""

    def begin(self) -> Iterator[dict[str, Any]]:
        """What comes before the answer's first event."""

    def write(self, event: Event) -> Iterator[dict[str, Any]]:
        """What one of the answer's events becomes."""

    def fail(self, error: ApiError) -> Iterator[dict[str, Any]]:
        """What ends an answer that cannot be finished."""


async def named_events(writer: Writer, events: AsyncIterator[Event]) -> AsyncGenerator[bytes, None]:
    """The answer on the wire. Clients of these APIs know an end by its name, so that there is no `[DONE]`."""
    try:
        for sent in writer.begin():
            yield sse.named(sent["type"], sent)
        async for event in events:
            for sent in writer.write(event):
                yield sse.named(sent["type"], sent)
    except (ApiError, ZaphodError) as error:
        known = as_api_error(error) if isinstance(error, ZaphodError) else error
        for sent in writer.fail(known):
            yield sse.named(sent["type"], sent)
    except Exception:
        _log.exception("an answer broke off")
        message = "The server made a mistake and the answer is not complete. Please report it."
        for sent in writer.fail(ApiError(500, "internal_error", message)):
            yield sse.named(sent["type"], sent)
