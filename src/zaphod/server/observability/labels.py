"""Which words may become metric labels and trace attributes: ours only, so no client invents series or plants text.

A word that is not in a table here becomes `other`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

OTHER = "other"
MAX_MODELS = 64
"""Served names that get series of their own."""

GUARD_CATEGORIES = frozenset(
    {"authority", "canary", "exfiltration", "hidden", "injection", "leak", "pii", "secret", "toxicity"}
)
"""Categories of the rules that are shipped; policies of others may have more."""

OPERATIONS: Mapping[str, str] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "text_completion",
    "/v1/responses": "chat",
    "/v1/messages": "chat",
    "/v1/messages/count_tokens": "count_tokens",
    "/v1/embeddings": "embeddings",
    "/v1/models": "list_models",
    "/tokenize": "tokenize",
    "/detokenize": "detokenize",
    "/metrics": "metrics",
    "/zaphod/status": "status",
    "/ready": "ready",
    "/zaphod/confirmations": "list_confirmations",
    "/zaphod/confirmations/{held_id}": "confirm",
    "/zaphod/plan": "plan",
    "/live": "live",
    "/openapi.json": "describe",
}
"""Routes, and what OpenTelemetry's GenAI conventions call them (or a word of ours where they have none)."""

REASONS = frozenset(
    {
        "audit_unavailable",
        "body_timeout",
        "body_too_large",
        "client_disconnected",
        "confirmation_not_found",
        "confirmation_required",
        "conflicting_fields",
        "content_blocked",
        "context_length_exceeded",
        "deadline_exceeded",
        "draining",
        "engine_died",
        "engine_loading",
        "header_timeout",
        "headers_too_large",
        "host_not_allowed",
        "internal_error",
        "invalid_api_key",
        "invalid_content_length",
        "invalid_grammar",
        "invalid_host",
        "invalid_http",
        "invalid_json",
        "invalid_value",
        "keys_unavailable",
        "method_not_allowed",
        "missing_field",
        "missing_scope",
        "model_not_found",
        "no_chat_template",
        "no_upstream",
        "not_found",
        "origin_not_allowed",
        "out_of_memory",
        "prefill_not_supported",
        "queue_full",
        "queue_share_full",
        "queue_too_slow",
        "rate_limit_exceeded",
        "record_damaged",
        "repeated_header",
        "request_too_large",
        "response_erased",
        "response_not_found",
        "shutting_down",
        "store_unavailable",
        "subject_restricted",
        "too_many_bodies",
        "too_many_failures",
        "too_many_fields",
        "too_many_logprobs",
        "too_many_pipelined",
        "too_many_plans",
        "unexpected_body",
        "unknown_call",
        "unknown_field",
        "unknown_mode",
        "unknown_tool",
        "unsupported_encoding",
        "upstream_error",
        "upstream_failed",
        "upstream_invalid",
        "upstream_oversized",
        "upstream_redirected",
        "upstream_refused_key",
        "upstream_timeout",
        "upstream_unavailable",
        "upstream_unreachable",
        "uri_too_long",
    }
)
"""Codes of errors that are counted by themselves; others are counted by their status."""

_BY_STATUS = {
    400: "invalid_value",
    401: "invalid_api_key",
    403: "missing_scope",
    404: "not_found",
    413: "body_too_large",
    422: "invalid_value",
    429: "rate_limit_exceeded",
    499: "client_disconnected",
    500: "internal_error",
    502: "upstream_failed",
    504: "deadline_exceeded",
}
FINISH_REASONS = ("stop", "length", "abort", "error")
"""vLLM's words."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_USER_INFO = re.compile(r"//[^/@]*@")


class ModelLabels:
    """The names under which models are served; whatever else a client asks for is `other`."""

    def __init__(self, served: Iterable[str]) -> None:
        self._names: list[str] = []
        self.add(served)

    @property
    def own(self) -> str:
        """What the engine's own figures are filed under."""
        return self._names[0] if self._names else OTHER

    def add(self, served: Iterable[str]) -> None:
        """More names, as adapters or other servers bring them; past `MAX_MODELS` they are `other`."""
        self._names += [name for name in dict.fromkeys(served) if name and name not in self._names]
        del self._names[MAX_MODELS:]

    def __contains__(self, model: object) -> bool:
        return model in self._names

    def label(self, model: str | None) -> str:
        """A request that names no model means the server's own."""
        if not model:
            return self.own
        return model if model in self._names else OTHER


def route_label(route: str) -> str:
    """The path template, if it is one of ours."""
    return route if route in OPERATIONS else OTHER


def reason_label(error_code: str | None, status: int = 0) -> str:
    """Why a request was turned away or failed, in one of a fixed number of words."""
    if error_code in REASONS and status != 499:
        return str(error_code)
    return _BY_STATUS.get(status, OTHER)


def finish_label(finish_reason: str | None, status: int) -> str:
    """How a request that was let in ended, in vLLM's words."""
    if status == 499 or finish_reason == "cancelled":
        return "abort"
    if status >= 400:
        return "error"
    return "length" if finish_reason == "length" else "stop"


def status_label(status: int) -> str:
    """An HTTP status as text."""
    return str(status) if 100 <= status <= 599 else OTHER


def request_id_field(request_id: str) -> str:
    """The id, unless it is a text that somebody smuggles in as one."""
    return request_id if _REQUEST_ID.fullmatch(request_id) else OTHER


def upstream_label(url: str) -> str:
    """The address without a password that may stand in it, and without a query."""
    return _USER_INFO.sub("//", url).partition("?")[0]
