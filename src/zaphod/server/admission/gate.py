"""What every request passes before anything reads it: where from, how large, who, what for. Knows no model.

In this order, the cheap and the harmless first: size of the head, Host, Origin, the route's row in `access.ACCESS`,
key, scope, body. Whatever is refused here costs no parsing. What is let in carries `caller` and `request_id` in its
state and no key in its headers, so that nothing behind the gate can log one.

A POST is taken for JSON whatever its Content-Type says: `curl -d` calls everything a form. Elsewhere that would open
the door to cross-site forms, which browsers send without asking; here the check of the Origin has stopped them.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zaphod.core.errors import ConfigError
from zaphod.server.admission.access import PUBLIC, Place, find_place
from zaphod.server.admission.body import BodyBounds, BodyReader, DisconnectedError, has_body, linger
from zaphod.server.admission.hosts import Hosts, Origins, is_loopback
from zaphod.server.admission.identity import ANONYMOUS, Identity
from zaphod.server.admission.keys import KeyStore
from zaphod.server.admission.responses import cors_headers, dressed, preflight_headers
from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError

_log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_SINGLE = (
    "host", "origin", "authorization", "x-api-key", "content-length", "content-type", "x-request-id",
    "access-control-request-method",
)  # fmt: skip
_NEVER_PASSED_ON = (b"authorization", b"x-api-key", b"proxy-authorization", b"cookie")


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """Who may come in, and how large."""

    host: str = "127.0.0.1"
    """The address that is listened on."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names of the server; `*.example.org` for all below it."""
    allowed_origins: tuple[str, ...] = ()
    """Further web origins whose pages may ask, like `https://chat.example.org`."""
    max_header_bytes: int = 32_768
    """Names and values together."""
    max_num_headers: int = 100
    max_path_bytes: int = 2_048
    max_query_bytes: int = 4_096
    max_body_bytes: int = 8_000_000
    max_held_bytes: int = 256_000_000
    """Of all bodies that arrive or are worked on at one time."""
    body_timeout_s: float = 30.0
    max_failures_per_minute: int = 20
    """Wrong keys from one address."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int | float) and value <= 0:
                raise ConfigError(f"{name} is {value}.", "It must be above 0.", "Raise it.")


class Gate:
    """ASGI middleware around the whole application.

    Args:
        app: what answers those who are let in.
        options: who is.
        keys: where keys are.
        require_room: raises `ApiError` where the engine has no room for any work of this caller.
    """

    def __init__(
        self,
        app: ASGIApp,
        options: GateOptions,
        keys: KeyStore,
        require_room: Callable[[Caller], None] = lambda caller: None,
    ) -> None:
        self._app = app
        self._require_room = require_room
        self._options = options
        self._hosts = Hosts(options.host, options.allowed_hosts)
        self._origins = Origins(options.allowed_origins)
        self._identity = Identity(
            keys, is_open=is_loopback(options.host), max_failures_per_minute=options.max_failures_per_minute
        )
        self._bodies = BodyReader(
            BodyBounds(
                max_body_bytes=options.max_body_bytes,
                timeout_s=options.body_timeout_s,
                max_held_bytes=options.max_held_bytes,
            )
        )
        self._ids_in_use: set[str] = set()
        self.refusals: Counter[str] = Counter()
        """How many were refused, by the error's code."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            # There are no web sockets here, and none shall slip in beside the checks.
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _Request(scope, self._new_id(scope))
        self._ids_in_use.add(request.id)
        try:
            send = dressed(send, scope["path"], self._headers_for_all(request))
            await self._let_in_or_refuse(request, receive, send)
        except DisconnectedError:
            return
        finally:
            self._ids_in_use.discard(request.id)

    async def _let_in_or_refuse(self, request: _Request, receive: Receive, send: Send) -> None:
        try:
            self._check_head(request)
            self._check_sender(request)
            if self._is_preflight(request):
                await _send(send, 204, preflight_headers(request.headers), b"")
                return
            place = find_place(request.scope["path"])
            caller = self._authorised(request, place)
            body = await self._body(request, receive, caller)
        except ApiError as error:
            self._note(request, error)
            await self._refuse(request, error, receive, send)
        else:
            try:
                await self._pass_on(request, caller, place, body, receive, send)
            finally:
                self._bodies.release(body, caller.key_id)

    async def _pass_on(
        self, request: _Request, caller: Caller, place: Place | None, body: bytes, receive: Receive, send: Send
    ) -> None:
        """To the app, unless there is no room for work: in a flood a refusal must cost less than reading a request."""
        if request.scope["method"] == "POST":
            receive = _replayed(body, receive)
            try:
                if place is not None and place.is_work:
                    self._require_room(caller)
            except ApiError as error:
                self._note(request, error)
                await _send(send, error.status, *_told(request, error))
                return
        await self._app(request.let_in(caller, place), receive, send)

    def _note(self, request: _Request, error: ApiError) -> None:
        self.refusals[error.code] += 1
        _log.info("%s refused %s: %d %s", request.id, request.address, error.status, error.code)

    def _check_head(self, request: _Request) -> None:
        options, headers = self._options, request.scope["headers"]
        num_bytes = sum(len(name) + len(value) for name, value in headers)
        if len(headers) > options.max_num_headers or num_bytes > options.max_header_bytes:
            found = f"The headers are {len(headers)} with {num_bytes} bytes"
            wanted = f"at most {options.max_num_headers} with {options.max_header_bytes} bytes are read"
            raise ApiError(431, "headers_too_large", f"{found}; {wanted}. Send fewer.")
        path = request.scope.get("raw_path") or request.scope["path"].encode()
        if len(path) > options.max_path_bytes or len(request.scope["query_string"]) > options.max_query_bytes:
            raise ApiError(414, "uri_too_long", "The address is too long. Send what is long in the body.")
        if request.repeated:
            raise ApiError(400, "repeated_header", f"The header {request.repeated} came twice. Send it once.")

    def _check_sender(self, request: _Request) -> None:
        self._hosts.check(request.headers.get("host"), request.arrived_at)
        self._origins.check(request.headers, request.scope["scheme"])

    def _is_preflight(self, request: _Request) -> bool:
        """Whether a browser asks what a page may send; only pages of configured origins need to."""
        is_question = request.scope["method"] == "OPTIONS" and "access-control-request-method" in request.headers
        return is_question and self._origins.is_foreign(request.headers.get("origin"))

    def _authorised(self, request: _Request, place: Place | None) -> Caller:
        """Who asks, if what he asks for exists and is his to ask for. Without a key nobody learns what exists."""
        method = request.scope["method"]
        rule = place.rules.get(method) if place else None
        if rule is PUBLIC:
            return ANONYMOUS
        caller = self._identity.find(request.headers, request.address)
        if place is None:
            raise ApiError(404, "not_found", "There is no such route. The routes are listed in /openapi.json.")
        if method not in place.rules:
            allowed = ", ".join(sorted(place.rules))
            message = f"{place.template} answers {allowed} only. See /openapi.json."
            raise ApiError(405, "method_not_allowed", message, headers={"Allow": allowed})
        if rule is not None and rule not in caller.scopes:
            message = f"This key lacks the scope {rule!r}. Use another one: zaphod keys create --scope {rule}"
            raise ApiError(403, "missing_scope", message)
        return caller

    async def _body(self, request: _Request, receive: Receive, caller: Caller) -> bytes:
        """The whole body; nothing where there may be none."""
        if request.scope["method"] != "POST":
            if has_body(request.headers):
                raise ApiError(400, "unexpected_body", f"{request.scope['method']} takes no body. Send none.")
            return b""
        self._bodies.check(request.headers)
        return await self._bodies.read(receive, caller.key_id)

    async def _refuse(self, request: _Request, error: ApiError, receive: Receive, send: Send) -> None:
        headers, body = _told(request, error)
        if not has_body(request.headers):
            await _send(send, error.status, headers, body)
            return
        # What the client still sends must not be taken for its next request, and need not be awaited for ever.
        await _send(send, error.status, {**headers, "Connection": "close"}, body, more_body=True)
        await linger(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers_for_all(self, request: _Request) -> dict[str, str]:
        origin = request.headers.get("origin")
        cors = cors_headers(origin or "") if self._origins.is_foreign(origin) else {}
        return {"X-Request-Id": request.id, **cors}

    def _new_id(self, scope: Scope) -> str:
        """The client's own id if it is one, and nobody's at this moment: the engine tells requests apart by it."""
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        if _REQUEST_ID.fullmatch(given):
            return given if given not in self._ids_in_use else f"{given[:100]}-{secrets.token_hex(8)}"
        return f"req_{secrets.token_hex(12)}"


class _Request:
    """What the gate needs of an ASGI scope."""

    __slots__ = ("headers", "id", "repeated", "scope")

    def __init__(self, scope: Scope, request_id: str) -> None:
        self.scope = scope
        self.id = request_id
        self.headers: dict[str, str] = {}
        self.repeated: str | None = None
        for raw_name, value in scope["headers"]:
            name = raw_name.decode("latin-1")
            if name in self.headers and name in _SINGLE:
                self.repeated = name
            joined = f"{self.headers[name]}, " if name in self.headers else ""
            self.headers[name] = joined + value.decode("latin-1")

    @property
    def address(self) -> str:
        """The client's."""
        client = self.scope.get("client")
        return str(client[0]) if client else "unknown"

    @property
    def arrived_at(self) -> str | None:
        """The address of this machine at which the connection came in."""
        server = self.scope.get("server")
        return str(server[0]) if server else None

    def let_in(self, caller: Caller, place: Place | None) -> MutableMapping[str, Any]:
        """The scope for the application.

        The headers are a new list: uvicorn appends trailers of chunked bodies to the old one, after all checks.
        """
        headers = [pair for pair in self.scope["headers"] if pair[0] not in _NEVER_PASSED_ON]
        if self.scope["method"] == "POST" and not _is_json(self.headers.get("content-type", "")):
            headers = [pair for pair in headers if pair[0] != b"content-type"]
            headers.append((b"content-type", b"application/json"))
        known = {"caller": caller, "request_id": self.id, "route": place.template if place else ""}
        return {**self.scope, "headers": headers, "state": {**self.scope.get("state", {}), **known}}


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body that was read, and then whatever comes: that the client goes away, for one."""
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _told(request: _Request, error: ApiError) -> tuple[dict[str, str], bytes]:
    """Headers and body of a refusal, in the shape that the route's clients read."""
    is_anthropic = request.scope["path"].startswith("/v1/messages")
    body = json.dumps(error.anthropic() if is_anthropic else error.openai()).encode()
    return {**error.headers, "Content-Type": "application/json"}, body


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes, *, more_body: bool = False) -> None:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    if status != 204:
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": more_body})
