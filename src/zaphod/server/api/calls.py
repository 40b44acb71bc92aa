"""Who asks, over which route, and until when; knows nothing of what is asked."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request

from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import CONFIRMATION_HEADER, Conversation

if TYPE_CHECKING:
    from zaphod.server.guarding.guarding import Guarding

TIMEOUT_HEADER = "X-Zaphod-Timeout-S"
SALT_HEADER = "X-Zaphod-Cache-Salt"
"""Parts a tenant's cached prompts: a gateway has one key here and many tenants of its own."""
MAX_TIMEOUT_S = 86_400.0

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?(e-?[0-9]{1,2})?", re.ASCII)
"""Python would also read `1_0` and `nan`."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One API request, apart from its body."""

    caller: Caller
    request_id: str
    route: str
    """Path template, such as `/v1/chat/completions`."""
    model: str | None
    """As named by the client; None if it named none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    deadline: float | None = None
    """`time.monotonic` at which nobody waits any more."""
    response_headers: dict[str, str] = field(default_factory=dict)
    """Filled before the first event: rate limits."""
    conversation: Conversation | None = None
    """What judges the request's texts and its answers, and writes it down; None where the server does neither."""
    counts: dict[str, int] = field(default_factory=dict)
    """Filled before the first event: `prompt_tokens`."""

    @property
    def cache_tenant(self) -> str:
        """Who shares cached prompts: the tenant, or the part of it that the client names. Never anybody else."""
        salt = self.headers.get(SALT_HEADER.lower())
        # No tenant's name has a zero in it, so that nobody's part is another tenant.
        return self.caller.tenant if salt is None else f"{self.caller.tenant}\0{salt}"


def call_of(request: Request, model: str | None) -> Call:
    """The call that a request makes.

    Raises:
        ApiError: 400, its time limit cannot be read.
    """
    return Call(
        caller=request.state.caller,
        request_id=request.state.request_id,
        route=request.scope["route"].path,
        model=model,
        headers=request.headers,
        deadline=_deadline(request.headers.get(TIMEOUT_HEADER), _server_limit_s(request)),
        conversation=_conversation(request),
    )


def _conversation(request: Request) -> Conversation | None:
    guarding: Guarding | None = request.app.state.services.guarding
    if guarding is None:
        return None
    approved = request.headers.get(CONFIRMATION_HEADER)
    return guarding.begin(request.state.caller, request.scope["route"].path, request.state.request_id, approved)


def _server_limit_s(request: Request) -> float | None:
    limit_s: float | None = request.app.state.services.options.request_timeout_s
    return limit_s


def _deadline(text: str | None, server_limit_s: float | None) -> float | None:
    limits_s = [limit_s for limit_s in (_client_limit_s(text), server_limit_s) if limit_s is not None]
    return time.monotonic() + min(limits_s) if limits_s else None


def _client_limit_s(text: str | None) -> float | None:
    if text is None:
        return None
    limit_s = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not 0 < limit_s <= MAX_TIMEOUT_S:
        message = f"{TIMEOUT_HEADER} is {text[:40]!r}. It is a number of seconds above 0, up to 86400. Correct it."
        raise ApiError(400, "invalid_value", message, param=TIMEOUT_HEADER)
    return limit_s
