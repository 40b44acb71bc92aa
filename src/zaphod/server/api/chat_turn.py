"""A chat request as a turn; knows both, and nothing of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zaphod.core.tokenizers import ChatMessage
from zaphod.server.api.chat_request import (
    AllowedToolsChoice,
    AssistantMessage,
    ChatRequest,
    NamedTool,
    TextPart,
    ToolCall,
    ToolMessage,
)
from zaphod.server.api.response_format import grammar_of
from zaphod.server.api.sampling import sampling_of
from zaphod.server.api.turns import Tool, ToolChoice, Turn
from zaphod.server.errors import ApiError


def turn_of(request: ChatRequest) -> Turn:
    """The turn that is asked for.

    Raises:
        ApiError: fields contradict each other.
        RequestError: a grammar or a number is impossible.
    """
    tools, choice = _tools(request)
    return Turn(
        messages=[_message(message) for message in request.messages],
        sampling=sampling_of(
            request,
            max_tokens=request.max_completion_tokens or request.max_tokens,
            logprobs=(request.top_logprobs or 0) if request.logprobs else None,
            grammar=grammar_of(request.response_format),
        ),
        tools=tools,
        tool_choice=choice,
        allows_parallel_calls=request.parallel_tool_calls is not False,
        num_answers=request.n or 1,
        mode=request.mode,
        reports_experts=request.routing,
        names_temperature=request.temperature is not None,
    )


def _message(message: Any) -> ChatMessage:
    role = "system" if message.role == "developer" else message.role
    text = _text(message.content)
    if isinstance(message, ToolMessage):
        said: ChatMessage = {"role": role, "content": text, "tool_call_id": message.tool_call_id}
        return {**said, "name": message.name} if message.name else said
    if isinstance(message, AssistantMessage):
        said = {"role": role, "content": text or message.refusal or ""}
        return {**said, "tool_calls": [_call(call) for call in message.tool_calls]} if message.tool_calls else said
    return {"role": role, "content": text}


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.text if isinstance(part, TextPart) else part.refusal for part in content)


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.function.name, "arguments": call.function.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tools(request: ChatRequest) -> tuple[Sequence[Tool], ToolChoice]:
    tools = [
        Tool(
            name=tool.function.name,
            description=tool.function.description or "",
            parameters=tool.function.parameters or {"type": "object", "properties": {}},
            strict=bool(tool.function.strict),
        )
        for tool in request.tools or ()
    ]
    names = [tool.name for tool in tools]
    if len(set(names)) < len(names):
        message = "Two tools have the same name. Every name stands for one function. Rename or drop one of them."
        raise ApiError(400, "invalid_value", message, param="tools")
    choice = request.tool_choice
    if isinstance(choice, AllowedToolsChoice):
        allowed = {tool.function.name for tool in choice.allowed_tools.tools}
        return [tool for tool in tools if tool.name in allowed], ToolChoice(how=choice.allowed_tools.mode)
    if isinstance(choice, NamedTool):
        return tools, ToolChoice(how="required", name=choice.function.name)
    return tools, ToolChoice(how=choice or "auto")
