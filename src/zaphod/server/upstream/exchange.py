"""A request on its way to a server, and the answer on its way back; knows no connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zaphod.server.errors import ApiError
from zaphod.server.upstream.dialects import Dialect, Reading
from zaphod.server.upstream.guarded.rewriting import Rewriter
from zaphod.server.upstream.passing import PassingStream
from zaphod.server.upstream.prefixes import Prefix


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A request as it goes to whichever server is chosen."""

    path: str
    fields: Mapping[str, Any]
    """The body, as it was parsed: what is sent is written anew, so that both sides have read the same."""
    model: str | None
    prefix: Prefix
    dialect: Dialect
    is_stream: bool
    hides_usage: bool = False
    """Whether a stream's usage was asked for by us and not by the client."""
    has_cache: bool = True
    """Whether the server keeps the prompt in a cache that tenants must not share."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The client's, names in lower case; few of them are passed on."""
    request_id: str
    tenant: str
    deadline: float | None = None
    """Monotonic seconds."""
    make_rewriter: Callable[[], Rewriter] | None = None
    """Lets out of an answer what may go out; None where nothing is checked. A new one for each try."""


@dataclass(frozen=True, kw_only=True)
class WholeAnswer:
    """An answer that was not streamed: a JSON object."""

    headers: Mapping[str, str]
    body: bytes
    reading: Reading


@dataclass(eq=False, kw_only=True)
class StreamedAnswer:
    """An answer that has begun, in whole events."""

    headers: Mapping[str, str]
    first: bytes
    rest: AsyncGenerator[bytes, None] = field(init=False)
    """Must be read to its end or closed. Ends with an error event where the server breaks off."""
    told: PassingStream
    """What the events passed so far tell."""
    error: ApiError | None = None
    """Why the stream broke off, once it did."""
