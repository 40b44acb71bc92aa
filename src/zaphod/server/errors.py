"""Errors as clients meet them: a status, a code, three sentences; knows no route and no transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zaphod.core.errors import CapacityError, ConfigError, RequestError, TokenizerError, ZaphodError


@dataclass(eq=False)
class ApiError(Exception):
    """A request that is not answered.

    Args:
        status: HTTP status.
        code: one word for programs, like `rate_limit_exceeded`.
        message: what was found, what was wanted, what to do.
        param: the field it is about, as a path like `messages.0.content`.
        headers: of the response, `Retry-After` for one.
        details: more for programs, under `zaphod` beside the message.
    """

    status: int
    code: str
    message: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    @property
    def kind(self) -> str:
        """OpenAI's and Anthropic's common word for the class of errors."""
        return _KINDS.get(self.status, "api_error" if self.status >= 500 else "invalid_request_error")

    def openai(self) -> dict[str, object]:
        """The body that OpenAI's clients read."""
        told = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": told | self._extension}

    def anthropic(self) -> dict[str, object]:
        """The body that Anthropic's client reads."""
        return {
            "type": "error",
            "error": {"type": _ANTHROPIC_KINDS.get(self.status, self.kind), "message": self.message} | self._extension,
        }

    @property
    def _extension(self) -> dict[str, object]:
        return {"zaphod": dict(self.details)} if self.details else {}


def as_api_error(error: ZaphodError) -> ApiError:
    """An error from below, as the client's mistake or ours."""
    message = str(error).replace("\n", " ")
    if isinstance(error, RequestError | TokenizerError | ConfigError):
        return ApiError(400, "invalid_value", message)
    if isinstance(error, CapacityError):
        return ApiError(503, "out_of_memory", message, headers={"Retry-After": "5"})
    return ApiError(500, "internal_error", message)


_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_ANTHROPIC_KINDS = {413: "request_too_large", 503: "overloaded_error", 529: "overloaded_error"}
