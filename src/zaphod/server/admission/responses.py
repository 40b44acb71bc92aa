"""What responses tell browsers: what a page may do, and who may read an answer. Knows no key."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.types import Message, Send

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE_POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_METHODS = "GET, POST, DELETE, OPTIONS"
_READABLE = (
    "x-request-id, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
    "x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"
)
_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+( *, *[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")


def security_headers(path: str) -> dict[str, str]:
    """What every response to that path wears."""
    if path == "/" or path.startswith("/page/"):
        return {**_ALWAYS, "Content-Security-Policy": _PAGE_POLICY}
    return {**_ALWAYS, "Content-Security-Policy": _API_POLICY, "Cache-Control": "no-store"}


def cors_headers(origin: str) -> dict[str, str]:
    """What lets a page of a configured origin read an answer.

    Credentials are never allowed: keys stand in a header that the page sets itself, and no cookie means anything here.
    """
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _READABLE, "Vary": "Origin"}


def preflight_headers(asked: Mapping[str, str]) -> dict[str, str]:
    """The answer to a browser that asks what a page of a configured origin may send."""
    headers = {"Access-Control-Allow-Methods": _METHODS, "Access-Control-Max-Age": "600"}
    names = asked.get("access-control-request-headers", "")
    if _HEADER_NAMES.fullmatch(names):
        headers["Access-Control-Allow-Headers"] = names
    if asked.get("access-control-request-private-network") == "true":
        headers["Access-Control-Allow-Private-Network"] = "true"
    return headers


def dressed(send: Send, path: str, headers: Mapping[str, str]) -> Send:
    """A `send` that puts the security headers and these ones on every response, in place of the application's own."""
    added = {
        name.lower().encode(): value.encode("latin-1") for name, value in {**security_headers(path), **headers}.items()
    }

    async def send_dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in added]
            message = {**message, "headers": [*kept, *added.items()]}
        await send(message)

    return send_dressed
