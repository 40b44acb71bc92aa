"""The OpenAPI document of an application; knows routes by what FastAPI says of them, and the gate by its table.

FastAPI sees what handlers take and give. It cannot see what stands before them (keys, sizes, hosts) nor what they send
piece by piece. Here the two are joined, so that each operation lists every status that can come of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from zaphod.server.admission.access import ACCESS, PUBLIC, Rule
from zaphod.server.api.documents import ChatCompletionChunk, TextCompletion
from zaphod.server.api.fields import ErrorBody
from zaphod.server.api.messages_document import AnthropicError, MessageEvent
from zaphod.server.api.responses_document import ResponseEvent
from zaphod.server.caller import LOCAL
from zaphod.server.document import wording
from zaphod.server.document.examples import REQUESTS, STREAMS

router = APIRouter(tags=["status"])

_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_EVENTS: Mapping[str, type[BaseModel]] = {
    "/v1/chat/completions": ChatCompletionChunk,
    "/v1/completions": TextCompletion,
    "/v1/responses": ResponseEvent,
    "/v1/messages": MessageEvent,
}
"""What the data of each event is, by path."""
_LARGEST = 2**63 - 1


@router.get("/openapi.json", response_model=dict[str, Any], summary="This document")
async def describe(request: Request) -> Response:
    """Describes every route, as OpenAPI 3.1 has it."""
    content = await asyncio.to_thread(document_of, request.app)
    is_open = request.state.caller == LOCAL
    security = [{}, *content["security"]] if is_open else content["security"]
    return Response(msgspec.json.encode({**content, "security": security}), media_type="application/json")


def document_of(app: FastAPI) -> dict[str, Any]:
    """The document, without regard to whether keys exist; made once, which takes some tenths of a second."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    content = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=wording.TAGS
    )
    content["paths"] |= wording.page_paths()
    content["security"] = [{"bearer": []}, {"header": []}]
    components = content["components"]
    components["securitySchemes"] = wording.SECURITY_SCHEMES
    components["headers"] = wording.HEADERS
    components["parameters"] = wording.PARAMETERS
    components["responses"] = dict(_error_responses())
    components["schemas"] |= _event_schemas()
    for path, methods in content["paths"].items():
        for method in _METHODS & methods.keys():
            _complete(method.upper(), path, methods[method])
    exact: dict[str, Any] = _exact(content)
    return exact


def statuses_of(method: str, path: str, rule: Rule, *, takes_body: bool, is_passed_on: bool = False) -> set[int]:
    """The errors that can come of an operation, by the gate and behind it.

    Args:
        method: of HTTP.
        path: as the document has it.
        rule: of the gate.
        takes_body: whether something is posted.
        is_passed_on: whether another server answers.
    """
    found = {400, 403, 408, 414, 429, 431}
    if rule is not PUBLIC:
        found |= {401, 500, 503}
    if method == "POST":
        found |= {408, 413, 415}
    if "{" in path or takes_body:
        found |= {404}  # of what the path names, or of the body's `model`
    if takes_body and _has_deadline(path, rule):
        found |= {504}
    if is_passed_on:
        found |= {502, 504}
    return found


def _passed_on(path: str) -> dict[str, Any]:
    """What comes from another server: an answer of its own."""
    content = {"application/json": {"schema": {"type": "object"}}}
    if path in _EVENTS:
        content["text/event-stream"] = {}
    return {"description": "As the server answers that has the model.", "content": content}


def _has_deadline(path: str, rule: Rule) -> bool:
    return rule in ("generate", "embed") and not path.endswith("/count_tokens")


def _complete(method: str, path: str, operation: dict[str, Any]) -> None:
    """What FastAPI cannot know of an operation."""
    rule = ACCESS[method, _template(method, path)]
    responses = operation["responses"]
    declared = {status for status in responses if status.startswith(("4", "5")) and not _is_usual(responses[status])}
    for status in [*responses]:
        if status == "default" or (status.startswith(("4", "5")) and status not in declared):
            del responses[status]
    kind = "Anthropic" if path.startswith("/v1/messages") else "OpenAI"
    is_passed_on = "gateway" in operation["tags"]
    if is_passed_on and "requestBody" in operation:
        responses["200"] = _passed_on(path)
    statuses = statuses_of(method, path, rule, takes_body="requestBody" in operation, is_passed_on=is_passed_on)
    for number in sorted(statuses):
        responses.setdefault(str(number), {"$ref": f"#/components/responses/{kind}{number}"})
    for response in responses.values():
        if "$ref" not in response:
            response.setdefault("headers", {})["X-Request-Id"] = {"$ref": "#/components/headers/X-Request-Id"}
    _add_security(operation, rule)
    _add_parameters(path, operation, rule)
    _add_examples(path, operation)
    _add_stream(path, responses.get("200", {}))


def _is_usual(response: Mapping[str, Any]) -> bool:
    """Whether it is an error in one of the two common shapes (or FastAPI's own, which never comes)."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return name in ("", ErrorBody.__name__, AnthropicError.__name__, "HTTPValidationError")


def _template(method: str, path: str) -> str:
    """The path as the gate's table has it, whose placeholders say whether they hold slashes."""
    return next(template for known, template in ACCESS if known == method and template.replace(":path}", "}") == path)


def _add_security(operation: dict[str, Any], rule: Rule) -> None:
    if rule is PUBLIC:
        operation["security"] = []
    elif rule is not None:
        operation["description"] = f"{operation.get('description', '')}\n\nThe key needs the scope `{rule}`.".strip()


def _add_parameters(path: str, operation: dict[str, Any], rule: Rule) -> None:
    names = ["X-Request-Id"]
    if "requestBody" in operation and _has_deadline(path, rule):
        names.append("X-Zaphod-Timeout-S")
    added = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    operation["parameters"] = [*operation.get("parameters", ()), *added]


def _add_examples(path: str, operation: dict[str, Any]) -> None:
    if "requestBody" in operation and path in REQUESTS:
        examples = {
            f"example{number}": {"summary": name, "value": value}
            for number, (name, value) in enumerate(REQUESTS[path].items(), 1)
        }
        operation["requestBody"]["content"]["application/json"]["examples"] = examples


def _add_stream(path: str, response: dict[str, Any]) -> None:
    content = response.get("content", {})
    if "text/event-stream" not in content:
        return
    error = AnthropicError if path.startswith("/v1/messages") else ErrorBody
    data = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in (_EVENTS[path], error)]
    content["text/event-stream"] = {
        "schema": {
            "type": "object",
            "description": f"Each event. {wording.STREAMS[path]} An error in the middle is an event, too.",
            "properties": {"event": {"type": "string"}, "data": _event_data(data)},
            "required": ["data"],
        },
        "example": STREAMS[path],
    }


def _event_data(kinds: list[dict[str, str]]) -> dict[str, Any]:
    """A text that is `[DONE]`, or JSON of one of these kinds."""
    content = {"contentMediaType": "application/json", "contentSchema": {"anyOf": kinds}}
    return {"type": "string", "anyOf": [{"const": "[DONE]"}, content]}


def _error_responses() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, model in (("OpenAI", ErrorBody), ("Anthropic", AnthropicError)):
        for status, told in wording.ERRORS.items():
            headers = {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *told.headers)}
            schema = {"$ref": f"#/components/schemas/{model.__name__}"}
            content = {"application/json": {"schema": schema}}
            yield f"{kind}{status}", {"description": told.description, "headers": headers, "content": content}


def _event_schemas() -> dict[str, Any]:
    models = [(model, "validation") for model in (*_EVENTS.values(), ErrorBody, AnthropicError)]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    found: dict[str, Any] = schemas["$defs"]
    return found


def _exact(part: Any) -> Any:
    """The document with whole numbers as such, closed maps closed, and names without the paths of our modules.

    FastAPI passes bounds through floats, which round those of 64 bits up; and pydantic refuses keys that do not match
    a pattern, but does not say so.
    """
    if isinstance(part, dict):
        exact = {_renamed(key): _exact(value) for key, value in part.items()}
        if "patternProperties" in exact and exact.get("type") == "object":
            exact.setdefault("additionalProperties", False)
        return exact
    if isinstance(part, list):
        return [_exact(value) for value in part]
    if isinstance(part, float) and part.is_integer():
        return min(int(part), _LARGEST)
    return _renamed(part) if isinstance(part, str) else part


def _renamed(name: str) -> str:
    """pydantic tells schemas of one name apart by their modules."""
    prefix = "zaphod__server__api__"
    return name.replace(prefix, "").replace("__", ".") if prefix in name else name
