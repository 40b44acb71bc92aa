"""Grammars that make a model call a function; knows formats and JSON Schema, not the model.

Where a call is required, the answer begins inside one: the opening stands in the prompt, and a JSON Schema of all
calls that are allowed holds the rest. The schemas of the tools move into that one, so their references are rewritten.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from zaphod.engine.grammar import GrammarSpec
from zaphod.server.api.response_format import checked_grammar
from zaphod.server.api.tool_formats import ToolFormat
from zaphod.server.api.turns import Tool, Turn
from zaphod.server.errors import ApiError

MAX_CALLS = 16
"""Calls that one answer may be made to hold."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Constraint:
    """How a turn's tools bear on its answers."""

    format: ToolFormat
    """How calls will be written."""
    is_open: bool = False
    """Whether the opening is part of the prompt."""
    grammar: GrammarSpec | None = None
    """What answers must look like; the turn's own grammar if None."""


def constraint_of(format: ToolFormat, turn: Turn) -> Constraint:
    """What a turn's `tool_choice` asks for.

    Raises:
        ApiError: it names no tool of the turn, or asks for what no grammar can hold.
    """
    choice = turn.tool_choice
    if choice.how == "required":
        tools = _required_tools(turn)
        schema = _schema(format, tools, allows_several=turn.allows_parallel_calls and choice.name is None)
        return Constraint(format=format, is_open=True, grammar=_grammar(schema))
    if choice.how == "none" or not turn.tools or turn.sampling.grammar is None:
        return Constraint(format=format)
    return _call_or_answer(format, turn, turn.sampling.grammar)


def _required_tools(turn: Turn) -> Sequence[Tool]:
    if not turn.tools:
        message = "A call is required, but there are no tools. List the functions that may be called in `tools`."
        raise ApiError(400, "invalid_value", message, param="tool_choice")
    name = turn.tool_choice.name
    tools = [tool for tool in turn.tools if name is None or tool.name == name]
    if not tools:
        known = ", ".join(tool.name for tool in turn.tools)
        message = f"tool_choice names {name!r}, which is not among the tools: {known}. Name one of them."
        raise ApiError(400, "invalid_value", message, param="tool_choice")
    return tools


def _call_or_answer(format: ToolFormat, turn: Turn, grammar: GrammarSpec) -> Constraint:
    """Either a call or an answer in the format that was asked for: both are JSON, so one schema holds them."""
    if grammar.kind != "json_schema":
        message = (
            f"An answer of kind {grammar.kind!r} leaves no room for calls of tools. "
            "A response format beside tools is JSON. Leave one of them out, or set tool_choice to 'none'."
        )
        raise ApiError(400, "invalid_value", message, param="response_format")
    plain = dataclasses.replace(format, opening="", closing="", is_list=False)
    schema = _schema(plain, turn.tools, allows_several=False)
    schema["$defs"]["answer"] = _moved(json.loads(grammar.text), "#/$defs/answer")
    schema["anyOf"].append({"$ref": "#/$defs/answer"})
    return Constraint(format=plain, grammar=_grammar(schema))


def _schema(format: ToolFormat, tools: Sequence[Tool], *, allows_several: bool) -> dict[str, Any]:
    """JSON Schema of what follows the opening."""
    definitions = {f"tool{index}": _arguments(tool, index) for index, tool in enumerate(tools)}
    calls = [_call(format, tool, f"tool{index}") for index, tool in enumerate(tools)]
    if not format.is_list:
        return {"$defs": definitions, "anyOf": calls}
    most = MAX_CALLS if allows_several else 1
    return {
        "$defs": definitions,
        "type": "array",
        "items": {"anyOf": calls},
        "minItems": 1,
        "maxItems": most,
    }


def _call(format: ToolFormat, tool: Tool, definition: str) -> dict[str, Any]:
    name, arguments = format.name_keys[0], format.arguments_keys[0]
    return {
        "type": "object",
        "properties": {name: {"const": tool.name}, arguments: {"$ref": f"#/$defs/{definition}"}},
        "required": [name, arguments],
        "additionalProperties": False,
    }


def _arguments(tool: Tool, index: int) -> dict[str, Any]:
    """The schema of a tool's arguments. Fields that it does not name are not called for."""
    schema: dict[str, Any] = {"type": "object", **_moved(dict(tool.parameters), f"#/$defs/tool{index}")}
    if "properties" in schema or ("$ref" not in schema and not {"anyOf", "oneOf", "allOf"} & schema.keys()):
        schema.setdefault("properties", {})
        schema.setdefault("additionalProperties", False)
    return schema


def _moved(schema: Any, place: str) -> Any:
    """The schema with its references into itself rewritten for its new place."""
    if isinstance(schema, Mapping):
        return {
            key: place + value[1:]
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _moved(value, place)
            for key, value in schema.items()
            if key not in ("$schema", "$id") or not isinstance(value, str)
        }
    return [_moved(value, place) for value in schema] if isinstance(schema, list) else schema


def _grammar(schema: Mapping[str, Any]) -> GrammarSpec:
    return checked_grammar("json_schema", json.dumps(schema), "tools")
