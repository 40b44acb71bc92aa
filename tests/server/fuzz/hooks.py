"""What schemathesis is told of this server beside its OpenAPI document; loaded by schemathesis.toml."""

from __future__ import annotations

import json
import re
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

_LONGEST = 2_000
_TIMEOUT = {"$ref": "#/components/parameters/X-Zaphod-Timeout-S"}
_SHAPE = re.compile(r"^`(?P<field>[^`]+)` is (?P<found>.+?)\. It should (be|have|match)", re.DOTALL)


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Leave out what makes bodies of megabytes, and the header that asks for an answer in no time: 504 is right."""
    _shorten(raw_schema["components"]["schemas"])
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [one for one in operation["parameters"] if one != _TIMEOUT]


@schemathesis.check
def what_the_document_allows_is_read(ctx: CheckContext, response: Response, case: Case) -> None:
    """A request that fits the document may be refused for what it means, never for its shape."""
    assert case.meta is not None
    if not case.meta.generation.mode.is_positive or response.status_code != 400:
        return
    error = json.loads(response.content)["error"]
    assert error.get("code") not in ("invalid_json", "missing_field", "unknown_field", "unexpected_body"), error
    shape = _SHAPE.match(error["message"])
    # NOTE: JSON Schema calls 5.0 a whole number. Here it is refused: clients that send it mean something else.
    assert shape is None or re.fullmatch(r"-?[0-9.e+]+", shape["found"]), error


@schemathesis.check
def errors_say_something(ctx: CheckContext, response: Response, case: Case) -> None:
    """Every error is a sentence of some length, and not a page."""
    if response.status_code < 400 or case.operation.path == "/ready":
        return
    message = json.loads(response.content)["error"]["message"] if response.content else "HEAD has no body"
    assert 10 < len(message) < 1500, message


def _shorten(part: Any) -> None:
    if isinstance(part, dict):
        for name in ("maxLength", "maxItems"):
            if isinstance(part.get(name), int) and part[name] > _LONGEST:
                del part[name]
        for value in part.values():
            _shorten(value)
    elif isinstance(part, list):
        for value in part:
            _shorten(value)
