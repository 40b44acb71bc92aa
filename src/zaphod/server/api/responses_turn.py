"""What a request to `/v1/responses` asks of the model, as a turn; knows no answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from zaphod.core.tokenizers import ChatMessage
from zaphod.engine.grammar import GrammarSpec
from zaphod.server.api.response_format import ANY_OBJECT, checked_grammar
from zaphod.server.api.responses_request import (
    AllowedTools,
    FunctionCall,
    FunctionCallOutput,
    FunctionTool,
    InputText,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    NamedTool,
    OutputText,
    Refusal,
    ResponseRequest,
)
from zaphod.server.api.sampling import SamplingFields, sampling_of
from zaphod.server.api.turns import Tool, ToolChoice, Turn
from zaphod.server.errors import ApiError


def turn_of(request: ResponseRequest) -> Turn:
    """The turn that is asked for.

    Raises:
        ApiError: 400; fields contradict each other.
        RequestError: a schema is larger or nested deeper than allowed.
    """
    fields = SamplingFields(temperature=request.temperature, top_p=request.top_p)
    has_logprobs = "message.output_text.logprobs" in (request.include or ())
    return Turn(
        messages=conversation(request),
        sampling=sampling_of(
            fields,
            max_tokens=request.max_output_tokens,
            logprobs=(request.top_logprobs or 0) if has_logprobs else None,
            grammar=_grammar(request),
        ),
        tools=tools(request),
        tool_choice=tool_choice(request),
        allows_parallel_calls=request.parallel_tool_calls is not False,
        mode=request.mode,
        names_temperature=request.temperature is not None,
        names={"messages": "input", "response_format": "text.format"},
    )


def conversation(request: ResponseRequest) -> list[ChatMessage]:
    """The messages that a template lays out: instructions first, each function call with what was said before it.

    Raises:
        ApiError: 400; a function's output answers no call.
    """
    messages: list[ChatMessage] = []
    if request.instructions:
        messages.append({"role": "system", "content": request.instructions})
    names: dict[str, str] = {}
    for index, item in enumerate(request.input):
        if isinstance(item, Message):
            role = "system" if item.role == "developer" else item.role
            messages.append({"role": role, "content": _text(item.content)})
        elif isinstance(item, FunctionCall):
            names[item.call_id] = item.name
            _add_call(messages, item)
        elif isinstance(item, FunctionCallOutput):
            messages.append(_output(item, names, f"input.{index}.call_id"))
    return messages


def tools(request: ResponseRequest) -> tuple[Tool, ...]:
    """Functions that may be called. Raises `ApiError` 400 where two have the same name."""
    wanted = allowed_names(request)
    offered = [tool for tool in request.tools or () if wanted is None or tool.name in wanted]
    require_distinct([tool.name for tool in offered])
    return tuple(map(_tool, offered))


def require_distinct(names: Sequence[str]) -> None:
    """Refuse tools that cannot be told apart."""
    if len(set(names)) < len(names):
        message = "Two tools have the same name. Every name stands for one function. Rename or drop one of them."
        raise ApiError(400, "invalid_value", message, param="tools")


def tool_choice(request: ResponseRequest) -> ToolChoice:
    """Whether one must be called.

    Raises:
        ApiError: 400; it names a tool that is not there.
    """
    choice = request.tool_choice
    known = {tool.name for tool in request.tools or ()}
    for name in (choice.name,) if isinstance(choice, NamedTool) else allowed_names(request) or ():
        if name not in known:
            message = f"The tool `{name}` is chosen. It is not among `tools`. Choose one that is, or add it."
            raise ApiError(400, "unknown_tool", message, param="tool_choice")
    if isinstance(choice, NamedTool):
        return ToolChoice(how="required", name=choice.name)
    if isinstance(choice, AllowedTools):
        return ToolChoice(how=choice.mode)
    return ToolChoice(how=choice)


def allowed_names(request: ResponseRequest) -> set[str] | None:
    """Tools that `tool_choice` leaves over; None for all."""
    choice = request.tool_choice
    return {tool.name for tool in choice.tools} if isinstance(choice, AllowedTools) else None


def _grammar(request: ResponseRequest) -> GrammarSpec | None:
    match request.text.format if request.text is not None else None:
        case JsonObjectFormat():
            return ANY_OBJECT
        case JsonSchemaFormat(schema_=schema):
            return checked_grammar("json_schema", json.dumps(schema), "text.format")
        case _:
            return None


def _text(content: str | Sequence[InputText | OutputText | Refusal]) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.refusal if isinstance(part, Refusal) else part.text for part in content)


def _add_call(messages: list[ChatMessage], item: FunctionCall) -> None:
    function = {"name": item.name, "arguments": item.arguments}
    call = {"id": item.call_id, "type": "function", "function": function}
    if messages and messages[-1]["role"] == "assistant":
        last = messages[-1]
        messages[-1] = {**last, "tool_calls": [*last.get("tool_calls", ()), call]}
    else:
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})


def _output(item: FunctionCallOutput, names: dict[str, str], param: str) -> ChatMessage:
    if item.call_id not in names:
        message = (
            f"No function call {item.call_id!r} precedes this output. Each output answers a call. Send the call, too."
        )
        raise ApiError(400, "unknown_call", message, param=param)
    name = names[item.call_id]
    return {"role": "tool", "content": _text(item.output), "tool_call_id": item.call_id, "name": name}


def _tool(tool: FunctionTool) -> Tool:
    fields: dict[str, Any] = {} if tool.parameters is None else {"parameters": tool.parameters}
    return Tool(name=tool.name, description=tool.description or "", strict=bool(tool.strict), **fields)
