"""What a request to `/v1/responses` asks of the model, as a turn; knows no answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from zaphod.core.tokenizers import ChatMessage
from zaphod.server.api.responses_request import (
    AllowedTools,
    FunctionCall,
    FunctionCallOutput,
    FunctionTool,
    InputText,
    Message,
    NamedTool,
    OutputText,
    Refusal,
    ResponseRequest,
)
from zaphod.server.api.turns import Tool, ToolChoice
from zaphod.server.errors import ApiError


def conversation(request: ResponseRequest) -> list[ChatMessage]:
    """The messages that a template lays out: instructions first, each function call with what was said before it.

    Raises:
        ApiError: 400; a function's output answers no call, or a call's arguments are no JSON object.
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
            _add_call(messages, item, f"input.{index}.arguments")
        elif isinstance(item, FunctionCallOutput):
            messages.append(_output(item, names, f"input.{index}.call_id"))
    return messages


def tools(request: ResponseRequest) -> tuple[Tool, ...]:
    """Functions that may be called."""
    wanted = allowed_names(request)
    offered = [tool for tool in request.tools or () if wanted is None or tool.name in wanted]
    return tuple(map(_tool, offered))


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


def _text(content: str | Sequence[InputText | OutputText | Refusal]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.refusal if isinstance(part, Refusal) else part.text for part in content)


def _add_call(messages: list[ChatMessage], item: FunctionCall, param: str) -> None:
    function = {"name": item.name, "arguments": _arguments(item.arguments, param)}
    call = {"id": item.call_id, "type": "function", "function": function}
    if messages and messages[-1]["role"] == "assistant":
        last = messages[-1]
        messages[-1] = {**last, "tool_calls": [*last.get("tool_calls", ()), call]}
    else:
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})


def _arguments(text: str, param: str) -> Any:
    try:
        arguments = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        message = "The arguments of this function call are no JSON object. The model made one. Send it as it was."
        raise ApiError(400, "invalid_value", message, param=param)
    return arguments


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
