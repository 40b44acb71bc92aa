"""The sentences of the OpenAPI document that belong to no single route; knows no application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

DESCRIPTION = """
Answers in the formats of OpenAI and Anthropic. Every route but `/live` and the page wants a key as soon as one exists
(`zaphod keys create`). Errors are JSON with a message that says what was found, what was wanted and what to do.
HEAD is answered wherever GET is. Fields that are not listed are refused, with the nearest known name.
"""

TAGS: list[dict[str, Any]] = [
    {"name": "OpenAI", "description": "As OpenAI's API has it. Fields marked Zaphod's are ours."},
    {"name": "Anthropic", "description": "As Anthropic's Messages API has it, with its shape of errors."},
    {"name": "Tokens", "description": "Texts as token ids, as vLLM has it."},
    {"name": "Guard", "description": "What waits for a person, and that person's word."},
    {"name": "Planning", "description": "What a deployment would take. Nothing is deployed, and no model is asked."},
    {"name": "gateway", "description": "Routes that other servers answer."},
    {"name": "status", "description": "How the server is. None of these makes the engine work."},
    {"name": "page", "description": "The page for people, and its files."},
]

SECURITY_SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer zk-…`, as OpenAI's clients."},
    "header": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "As Anthropic's clients."},
}

HEADERS: Mapping[str, Any] = {
    "X-Request-Id": {
        "description": "Names the request in logs: the client's own, or one that was drawn.",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds until it is worth coming back.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How a key is sent.", "schema": {"type": "string"}},
}

PARAMETERS: Mapping[str, Any] = {
    "X-Request-Id": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "A name for the request in logs; up to 128 letters, digits and `._:-`. Others are replaced.",
        "schema": {"type": "string"},
    },
    "X-Zaphod-Timeout-S": {
        "name": "X-Zaphod-Timeout-S",
        "in": "header",
        "description": "Seconds after which nobody waits for the answer any more: what is late ends with 504.",
        "schema": {"type": "number", "exclusiveMinimum": 0, "maximum": 86400},
    },
}

STREAMS: Mapping[str, str] = MappingProxyType(
    {
        "/v1/chat/completions": "With `stream`: events without names, each with a chunk as its data, then `[DONE]`.",
        "/v1/completions": "With `stream`: events without names, each with a chunk as its data, then `[DONE]`.",
        "/v1/responses": "With `stream`: events whose names are their types, to `response.completed`.",
        "/v1/messages": "With `stream`: events whose names are their types, to `message_stop`.",
    }
)
"""What comes piece by piece, by path."""


@dataclass(frozen=True)
class Told:
    """An error in words."""

    description: str
    headers: tuple[str, ...] = ()


ERRORS: Mapping[int, Told] = MappingProxyType(
    {
        400: Told("The request cannot be answered as it is; `param` names the field."),
        401: Told("No key was sent, or it is unknown, expired or revoked.", ("WWW-Authenticate",)),
        403: Told(
            "The key lacks the scope, the Host is not ours, a foreign page asks, or somebody's records are restricted."
        ),
        404: Told("There is no such model, or nothing by this name."),
        408: Told("Headers or body came too slowly."),
        413: Told("The body is too large."),
        414: Told("The address is too long."),
        415: Told("The body is compressed, or encoded in another way than chunked."),
        429: Told("Too many requests, tokens, wrong keys or waiting requests.", ("Retry-After",)),
        431: Told("The headers are too many or too large."),
        500: Told("A mistake of the server."),
        502: Told("The server that was to answer did not answer as it should."),
        503: Told(
            "The engine is being started, the server ends, memory is short, or what is kept cannot be reached.",
            ("Retry-After",),
        ),
        504: Told("The request's time limit has passed."),
    }
)
"""By status."""


def _file(summary: str, name: str, types: tuple[str, ...]) -> dict[str, Any]:
    found = {
        "description": "The file; fresh with every version, by its ETag.",
        "content": {kind: {"schema": {"type": "string"}} for kind in types},
    }
    same = {"description": "What `If-None-Match` names is still current."}
    return {
        "tags": ["page"],
        "summary": summary,
        "description": "Static, and the same for everybody.",
        "operationId": name,
        "responses": {"200": found, "304": same},
    }


def page_paths() -> dict[str, Any]:
    """The page's routes, which are files: FastAPI is told no more than that."""
    name = {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "As the page refers to it.",
        "schema": {"type": "string", "minLength": 1},
    }
    files = _file("A file of the page", "page_file", ("text/css", "text/javascript", "image/svg+xml", "text/html"))
    return {
        "/": {"get": _file("The page", "page", ("text/html",))},
        "/page/{name}": {"get": {**files, "parameters": [name]}},
    }
