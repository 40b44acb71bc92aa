"""What a client is told when a server behind the gateway refuses or fails; knows no connection.

A refusal of the request (400, 404, 422 …) is the client's to mend and goes on in the server's words. Anything else is
between us and that server: the client learns what it means for the request, the log has the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from zaphod.server.errors import ApiError
from zaphod.server.upstream.json_bodies import json_value

_MAX_MESSAGE = 2000


def refusal(status: int, body: bytes, retry_after: str | None) -> ApiError:
    """The error for an answer with a status that is not 2xx."""
    if status in (401, 403):
        return _refused_key()
    if status < 400:
        return ApiError(502, "upstream_redirected", "The server behind the gateway redirects, which is not followed.")
    message, code, param = _error_in(body)
    if status == 429:
        return ApiError(
            429, code or "upstream_busy", message or _BUSY, headers={"Retry-After": str(retry_after_s(retry_after))}
        )
    if status in (502, 503, 504):
        return ApiError(503, "upstream_unavailable", _UNAVAILABLE, headers={"Retry-After": "2"})
    if status >= 500:
        return ApiError(502, "upstream_error", _BROKEN)
    return ApiError(status, code or "upstream_refused", message or f"The server refuses this: status {status}.", param)


def unreachable() -> ApiError:
    """There was no connection, or it ended before an answer came."""
    return ApiError(503, "upstream_unreachable", _UNAVAILABLE, headers={"Retry-After": "2"})


def unreadable() -> ApiError:
    """The answer is none of the API."""
    return ApiError(502, "upstream_invalid", "The server behind the gateway sent what is no answer. Send it anew.")


def oversized(max_bytes: int) -> ApiError:
    """The answer is too long to be passed on."""
    message = f"The answer is larger than {max_bytes} bytes, the most that is passed on whole. Ask for less, or stream."
    return ApiError(502, "upstream_oversized", message)


def too_late(timeout_s: float) -> ApiError:
    """The server was silent for too long."""
    return ApiError(504, "upstream_timeout", f"The server behind the gateway was silent for {timeout_s:g} s.")


def past_deadline() -> ApiError:
    """The request's own time is over."""
    return ApiError(504, "deadline_exceeded", "The request's deadline passed before the answer was complete.")


def broke_off() -> ApiError:
    """A stream that had begun has no end."""
    message = "The server that gave this answer failed. The answer is incomplete. Send the request anew."
    return ApiError(502, "upstream_failed", message)


def retry_after_s(header: str | None, default_s: int = 1) -> int:
    """Seconds of a `Retry-After` header, 1 to 3600; HTTP's dates are taken for the default."""
    is_number = header is not None and header.isascii() and header.isdecimal() and len(header) < 10
    return min(3600, max(1, int(header))) if is_number and header is not None else default_s


def _refused_key() -> ApiError:
    message = "The server behind the gateway refuses the gateway's own key. The operator must correct the key file."
    return ApiError(502, "upstream_refused_key", message)


def _error_in(body: bytes) -> tuple[str | None, str | None, str | None]:
    """Message, code and parameter of an error in OpenAI's, Anthropic's, vLLM's older or FastAPI's shape."""
    found = json_value(body)
    if isinstance(found, Mapping) and isinstance(found.get("error"), Mapping):
        found = found["error"]
    if not isinstance(found, Mapping):
        return None, None, None
    message = found.get("message", found.get("detail", found.get("error")))
    text = message if isinstance(message, str) else None if message is None else _written(message)
    code, param = found.get("code"), found.get("param")
    return (
        text[:_MAX_MESSAGE] if text else None,
        code[:64] if isinstance(code, str) and code else None,
        param[:256] if isinstance(param, str) else None,
    )


def _written(message: object) -> str | None:
    """FastAPI's list of mistakes, for one."""
    try:
        return msgspec.json.encode(message).decode()
    except RecursionError:
        return None


_BUSY = "The servers behind the gateway have too much to do. Try again later."
_UNAVAILABLE = "The server behind the gateway did not answer, and no other one could. Try again in a moment."
_BROKEN = "The server behind the gateway failed at this request. Send it anew; if it fails again, change it."
