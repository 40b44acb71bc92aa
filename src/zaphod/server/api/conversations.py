"""A turn's messages as the model's chat template takes them; knows no token and renders nothing.

System texts of ours (a mode's, the description of tools) go before the conversation. Some templates have no place for a
system text and refuse it; for those there is a second layout, with the texts at the head of the first question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from zaphod.core.tokenizers import ChatMessage
from zaphod.server.api.tool_formats import ToolFormat
from zaphod.server.api.turns import Tool, Turn

_GAP = "\n\n"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a template is given."""

    messages: Sequence[ChatMessage]
    tools: Sequence[Mapping[str, Any]] | None = None


def layouts(turn: Turn, mode_prompt: str, format: ToolFormat) -> list[Layout]:
    """Ways to lay out a turn, the best one first."""
    offers = turn.tools if turn.tool_choice.how != "none" else ()
    told = format.description(offers) if offers and not format.is_in_template and not format.is_learnt else ""
    messages = [_prepared(message) for message in turn.messages]
    if not format.is_in_template:
        messages = _without_tools(messages, format)
    tools = [tool_json(tool) for tool in offers] if offers and format.is_in_template else None
    ours = [text for text in (mode_prompt, told) if text]
    best = Layout(messages=_with_system(messages, mode_prompt, told), tools=tools)
    folded = _folded(messages, ours)
    return [best] if not ours or folded is None else [best, Layout(messages=folded, tools=tools)]


def tool_json(tool: Tool) -> dict[str, Any]:
    """A tool as OpenAI describes it, and as templates expect it."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def arguments_of(text: str) -> Any:
    """A call's arguments as JSON, which is how templates want them; as the text that they are if they are none.

    The reader bounds nesting: what a template walks through must not exhaust the stack.
    """
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
    return value if _fits(value) else text


def _fits(value: Any) -> bool:
    """Whether whole numbers have at most 64 bits, which is what can be handed to another process."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, int) and not -(2**63) <= part < 2**64:
            return False
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return True


def _prepared(message: ChatMessage) -> ChatMessage:
    """The message with its calls' arguments as objects."""
    if not message.get("tool_calls"):
        return message
    calls = []
    for call in message["tool_calls"]:
        function = dict(call["function"])
        if isinstance(function["arguments"], str):
            function["arguments"] = arguments_of(function["arguments"])
        calls.append({**call, "function": function})
    return {**message, "tool_calls": calls}


def _with_system(messages: list[ChatMessage], mode_prompt: str, told: str) -> list[ChatMessage]:
    """One system message: the mode's text, the conversation's own, the tools."""
    own = messages[0]["content"] if messages and messages[0]["role"] == "system" else ""
    text = _GAP.join(part for part in (mode_prompt, own, told) if part)
    if not text or text == own:
        return messages
    return [{"role": "system", "content": text}, *(messages[1:] if own else messages)]


def _folded(messages: list[ChatMessage], texts: Sequence[str]) -> list[ChatMessage] | None:
    """The texts at the head of the first question; None where a system message shows that there may be one."""
    for index, message in enumerate(messages):
        if message["role"] == "system":
            return None
        if message["role"] == "user":
            first: ChatMessage = {**message, "content": _GAP.join([*texts, message["content"]])}
            return [*messages[:index], first, *messages[index + 1 :]]
    return None


def _without_tools(messages: list[ChatMessage], format: ToolFormat) -> list[ChatMessage]:
    """Calls as the model would have written them, results as something that the user says."""
    names: dict[str, str] = {}
    plain: list[ChatMessage] = []
    was_result = False
    for message in messages:
        is_result = message["role"] == "tool"
        if message.get("tool_calls"):
            plain.append(_spelt(message, format, names))
        elif is_result or (was_result and message["role"] == "user"):
            text = _result(message, names) if is_result else message["content"]
            if was_result:
                plain[-1] = {**plain[-1], "content": plain[-1]["content"] + _GAP + text}
            else:
                plain.append({"role": "user", "content": text})
        else:
            plain.append(message)
        was_result = is_result
    return plain


def _spelt(message: ChatMessage, format: ToolFormat, names: dict[str, str]) -> ChatMessage:
    texts = [message["content"]] if message["content"] else []
    for call in message["tool_calls"]:
        function = call["function"]
        names[str(call.get("id"))] = function["name"]
        texts.append(format.written(function["name"], function["arguments"]))
    return {"role": message["role"], "content": "\n".join(texts)}


def _result(message: ChatMessage, names: Mapping[str, str]) -> str:
    name = message.get("name") or names.get(message.get("tool_call_id", ""), "the function")
    return f"{name} returned: {message['content']}"
