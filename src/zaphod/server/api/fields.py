"""How requests are read: strictly, with errors that name the field; knows no route and no engine.

A body is read once, from its bytes, by a JSON reader that refuses lone surrogates, damaged UTF-8 and deep nesting.
A field that no request has is refused with the nearest one that exists: a misspelt option that is ignored in silence
costs more than an error.
"""

from __future__ import annotations

import difflib
import math
import re
import typing
from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError, from_json
from starlette.requests import ClientDisconnect, Request

from zaphod.server.api.sse import ClientGoneError
from zaphod.server.errors import ApiError

MAX_TEXT = 16 << 20
"""Characters of one text. The gate bounds a body's bytes before; this is what the OpenAPI document tells."""
MAX_MESSAGES = 4096
MAX_TOOLS = 128
"""As OpenAI."""
MAX_TOKEN_ID = 2**31 - 1
MAX_FIELDS = 50_000
"""Of a whole body; also the most lists and objects in it."""
MAX_ITEMS = 600_000
"""Of a whole body; most are token ids."""
_LARGE = 1 << 16
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
CLIENT_GONE = 499
"""The status that logs and metrics give to answers that nobody waited for (nginx's word)."""

_LONGEST_NAME = 256
"""Characters of a field's path in an error: keys are the client's own, and as long as it likes."""

_MANY = 64
"""Mistakes of one request that are looked at: of thousands, the first tell as much, and take no time."""

_M = TypeVar("_M", bound=BaseModel)


class RequestModel(BaseModel):
    """Base of everything that a client sends: no unknown fields, no conversions, no infinities."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def _plain(value: Any) -> Any:
    """Refuse numbers inside free-form JSON that no answer and no other process could carry."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, float) and not math.isfinite(part):
            raise ValueError("It holds NaN or an infinity, which JSON does not have")
        if isinstance(part, int) and not -(2**63) <= part < 2**63:
            raise ValueError("It holds a whole number of more than 64 bits")
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return value


Text = Annotated[str, Field(max_length=MAX_TEXT)]
Name = Annotated[str, Field(min_length=1, max_length=256)]
ShortText = Annotated[str, Field(max_length=512)]
FunctionName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")]
TokenId = Annotated[int, Field(ge=0, le=MAX_TOKEN_ID)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_plain)]
Metadata = Annotated[dict[Annotated[str, Field(max_length=64)], ShortText], Field(max_length=16)]


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    """What was found, what was wanted, what to do."""
    type: str
    param: str | None
    """The field it is about, as a path like `messages.0.content`."""
    code: str | None
    """One word for programs."""


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorDetail


ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The request cannot be answered as it is."},
    401: {"model": ErrorBody, "description": "No key, or an unknown one."},
    403: {"model": ErrorBody, "description": "The key does not allow this, or the page that asks is a foreign one."},
    404: {"model": ErrorBody, "description": "There is no such model."},
    413: {"model": ErrorBody, "description": "The body is too large."},
    429: {"model": ErrorBody, "description": "Too many requests or tokens; `Retry-After` says when to come back."},
    500: {"model": ErrorBody, "description": "A mistake of the server."},
    503: {"model": ErrorBody, "description": "The engine is being started, or the server ends."},
    504: {"model": ErrorBody, "description": "The request's deadline has passed."},
    "default": {"model": ErrorBody, "description": "Any other error."},
}
"""For `responses=` of every route with OpenAI's errors."""


EVENT_STREAM: dict[str, Any] = {
    "description": "The answer; with `stream`, as server-sent events.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
"""For the 200 of routes that can stream."""


class JsonRoute(APIRoute):
    """A route whose handler takes `(request, body)` and gives a response, and finds what the path names in the request.

    The body is read by `parse_body`, whatever its content type says.

    `curl -d` names a form as its content type. That a web page of others can send such a body without asking first is
    no matter here: the gate refuses foreign origins before.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        assert self.body_field is not None, self.path
        model, endpoint = self.body_field.field_info.annotation, self.endpoint

        async def handle(request: Request) -> Response:
            try:
                response: Response = await endpoint(request, parse_body(model, await request.body()))
            except (ClientDisconnect, ClientGoneError):
                return Response(status_code=CLIENT_GONE)  # nobody reads it
            return response

        return handle


def conflict(field: str, reason: str) -> PydanticCustomError:
    """For validators of whole requests: fields that are right, but not beside each other.

    Args:
        field: the one to name; the others are in the reason.
        reason: a sentence without its full stop.
    """
    return PydanticCustomError("conflict", "{reason}", {"field": field, "reason": reason})


def parse_body(model: type[_M] | Any, body: bytes) -> _M:
    """A request of this type.

    Raises:
        ApiError: 400; `param` names the field.
    """
    try:
        if len(body) > _LARGE:
            _require_simple(body)
        parsed: _M = model.model_validate_json(body)
        return parsed
    except ValidationError as error:
        raise refusal(error, model, body) from None


def validation_error(error: RequestValidationError) -> ApiError:
    """What a client is told whose path or query FastAPI refused."""
    detail = error.errors()[0]
    name = ".".join(str(part) for part in detail["loc"][1:]) or None
    subject = f"`{name}`" if name else "The request"
    message = f"{subject} is {_shown(detail.get('input'))}. {detail['msg']}. Correct it."
    return ApiError(400, "invalid_value", message, param=name)


def refusal(error: ValidationError, model: type[BaseModel], body: bytes) -> ApiError:
    """What a client is told of a request that does not fit its type."""
    details = error.errors(include_url=False)[:_MANY]
    detail = details[0]
    if detail["type"] == "json_invalid":
        return _no_json(detail["msg"].removeprefix("Invalid JSON: "))
    detail, path = _deepest(details, from_json(body))
    name = ".".join(map(str, path))[:_LONGEST_NAME] or None
    if detail["type"] == "conflict":
        return ApiError(
            400, "conflicting_fields", f"{detail['msg']}. Correct one of them.", param=detail["ctx"]["field"]
        )
    if detail["type"] == "extra_forbidden":
        return _unknown_field(str(path[-1]), _known_names(model, path[:-1]), name)
    if detail["type"] == "missing":
        return ApiError(400, "missing_field", f"The field `{name}` is missing. It is required. Send it.", param=name)
    subject = f"`{name}`" if name else "The body"
    wanted = _wanted(details, detail)
    message = f"{subject} is {_shown(detail['input'])}. {wanted}. Correct it{' or leave it out' if name else ''}."
    return ApiError(400, "invalid_value", message, param=name)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, if any is."""
    return next(iter(difflib.get_close_matches(name[:64], list(known), n=1, cutoff=0.6)), None)


def _no_json(reason: str) -> ApiError:
    return ApiError(400, "invalid_json", f"The body is not JSON: {reason}. Send one JSON object in UTF-8.")


def _require_simple(body: bytes) -> None:
    """Refuse what has more parts than any request: reading millions of them would keep everybody waiting.

    Counted outside of texts, in the bytes: Python objects are what takes long.
    """
    bare = _QUOTED.sub(b"", body)
    num_fields, num_items = bare.count(b":"), bare.count(b",")
    num_structures = bare.count(b"[") + bare.count(b"{")
    if max(num_fields, num_structures) > MAX_FIELDS or num_items > MAX_ITEMS:
        found = f"The body has {num_fields} fields, {num_structures} lists and objects, {num_items} items."
        message = f"{found} At most {MAX_FIELDS} of the former and {MAX_ITEMS} items are read. Send less at one time."
        raise ApiError(400, "too_many_fields", message)


def _unknown_field(field: str, known: set[str], path: str | None) -> ApiError:
    near = nearest(field, known)
    hint = f"Did you mean `{near}`?" if near else "Leave it out."
    message = f"There is no field `{field[:64]}` here. Known: {', '.join(sorted(known))}. {hint}"
    return ApiError(400, "unknown_field", message, param=path)


def _deepest(details: list[ErrorDetails], body: Any) -> tuple[ErrorDetails, list[str | int]]:
    """The first error and its place; where a value may be of several types, that of the type that fits best."""
    found = [(detail, _path(detail, body)) for detail in details]
    _, first = found[0]
    return max((one for one in found if one[1][:1] == first[:1]), key=lambda one: len(one[1]))


def _path(detail: ErrorDetails, body: Any) -> list[str | int]:
    """Where in the body the error lies: a union's names for its members are no part of it."""
    path: list[str | int] = []
    here: Any = body
    for part in detail["loc"]:
        if isinstance(here, dict) and part in here:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            continue
        path.append(part)
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    return path


def _known_names(model: type[BaseModel], path: Iterable[str | int]) -> set[str]:
    candidates = {model}
    for part in path:
        fields = [one.model_fields[part] for one in candidates if isinstance(part, str) and part in one.model_fields]
        if fields:
            candidates = {found for field in fields for found in _models_in(field.annotation)}
    return {field.alias or name for one in candidates for name, field in one.model_fields.items()}


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {found for part in typing.get_args(annotation) for found in _models_in(part)}


def _wanted(details: list[ErrorDetails], first: ErrorDetails) -> str:
    """What would have been right; where the field may be of several types, each of them."""
    where = first["loc"][:-1]
    members = [one["msg"] for one in details if one["loc"][:-1] == where and one["input"] is first["input"]]
    texts = [message.removeprefix("Value error, ") for message in dict.fromkeys(members)]
    wanted = " or ".join([texts[0], *(text.removeprefix("Input should be ") for text in texts[1:4])])
    return wanted.replace("Input should", "It should", 1).rstrip(".")


def _shown(value: Any) -> str:
    """A value as short as a message needs it: long texts are the client's own and need no repeating."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"a text of {len(value)} characters"
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else type(value).__name__


Ignored = Annotated[Any, Field(description="Read and passed over.")]
Nothing = Annotated[None, Field(description="Known, and refused unless null.")]
Stream = Annotated[bool, Field(description="Send the answer piece by piece as server-sent events.")]
ExtensionMode = Annotated[
    str | None, Field(max_length=64, description="Zaphod: a mode's name; the server's own if left out.")
]
Routing = Annotated[bool, Field(description="Zaphod: say which experts computed each token.")]
