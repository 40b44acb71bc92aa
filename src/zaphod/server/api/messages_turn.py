"""What a request to `/v1/messages` asks of the model, as a turn; knows no answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from zaphod.core.tokenizers import ChatMessage
from zaphod.engine import SamplingParams
from zaphod.engine.grammar import GrammarSpec
from zaphod.server.api.messages_request import (
    AnyChoice,
    CountRequest,
    Message,
    MessagesRequest,
    NoChoice,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from zaphod.server.api.messages_request import ToolChoice as NamedChoice
from zaphod.server.api.response_format import checked_grammar
from zaphod.server.api.responses_turn import require_distinct
from zaphod.server.api.sampling import SamplingFields, sampling_of
from zaphod.server.api.turns import Tool, ToolChoice, Turn
from zaphod.server.errors import ApiError


def turn_of(request: CountRequest) -> Turn:
    """The turn that is asked for; one whose tokens are only counted names no sampling.

    Raises:
        ApiError: 400; fields contradict each other.
        RequestError: a schema is larger or nested deeper than allowed.
    """
    return Turn(
        messages=conversation(request),
        sampling=_sampling(request),
        tools=tools(request),
        tool_choice=tool_choice(request),
        allows_parallel_calls=allows_parallel_calls(request),
        mode=request.mode,
        names_temperature=isinstance(request, MessagesRequest) and request.temperature is not None,
    )


def conversation(request: CountRequest) -> list[ChatMessage]:
    """The messages that a template lays out. Neighbours of the same role are one message, as Anthropic reads them.

    Raises:
        ApiError: 400; a result answers no tool use, or the last message is the assistant's.
    """
    if request.messages[-1].role == "assistant":
        found = "The last message is the assistant's. Answers cannot be begun here. End with a message of the user."
        raise ApiError(400, "prefill_not_supported", found, param=f"messages.{len(request.messages) - 1}")
    messages: list[ChatMessage] = []
    if system := _text(request.system or ""):
        messages.append({"role": "system", "content": system})
    names: dict[str, str] = {}
    for index, said in enumerate(request.messages):
        for message in _plain(said, names, f"messages.{index}.content"):
            _add(messages, message)
    return messages


def tools(request: CountRequest) -> tuple[Tool, ...]:
    """Tools that may be used. Raises `ApiError` 400 where two have the same name."""
    require_distinct([tool.name for tool in request.tools or ()])
    return tuple(
        Tool(
            name=tool.name,
            description=tool.description or "",
            parameters=tool.input_schema,
            strict=bool(tool.strict),
        )
        for tool in request.tools or ()
    )


def tool_choice(request: CountRequest) -> ToolChoice:
    """Whether one must be used.

    Raises:
        ApiError: 400; it names a tool that is not there.
    """
    choice = request.tool_choice
    if isinstance(choice, NamedChoice):
        if choice.name not in {tool.name for tool in request.tools or ()}:
            message = f"The tool `{choice.name}` is chosen. It is not among `tools`. Choose one that is, or add it."
            raise ApiError(400, "unknown_tool", message, param="tool_choice.name")
        return ToolChoice(how="required", name=choice.name)
    if isinstance(choice, AnyChoice):
        return ToolChoice(how="required")
    return ToolChoice(how="none" if isinstance(choice, NoChoice) else "auto")


def allows_parallel_calls(request: CountRequest) -> bool:
    """Whether one answer may use several tools."""
    return not getattr(request.tool_choice, "disable_parallel_tool_use", None)


def _sampling(request: CountRequest) -> SamplingParams:
    if not isinstance(request, MessagesRequest):
        return SamplingParams(grammar=_grammar(request))
    fields = SamplingFields(
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        stop=request.stop_sequences or None,
    )
    return sampling_of(fields, max_tokens=request.max_tokens, logprobs=None, grammar=_grammar(request))


def _grammar(request: CountRequest) -> GrammarSpec | None:
    format = None if request.output_config is None else request.output_config.format
    return (
        None if format is None else checked_grammar("json_schema", json.dumps(format.schema_), "output_config.format")
    )


def _text(content: str | Sequence[TextBlock]) -> str:
    return content if isinstance(content, str) else "\n".join(block.text for block in content)


def _plain(said: Message, names: dict[str, str], path: str) -> Iterator[ChatMessage]:
    """A message as templates know it: results of tools are messages of their own, before what the user adds."""
    if isinstance(said.content, str):
        yield {"role": said.role, "content": said.content}
        return
    calls = []
    for index, block in enumerate(said.content):
        if isinstance(block, ToolResultBlock):
            yield _result(block, names, f"{path}.{index}.tool_use_id")
        elif isinstance(block, ToolUseBlock):
            if said.role != "assistant":
                message = f"A message of the {said.role} uses a tool. Only the assistant does. Correct its role."
                raise ApiError(400, "invalid_value", message, param=f"{path}.{index}")
            names[block.id] = block.name
            function = {"name": block.name, "arguments": json.dumps(block.input, ensure_ascii=False)}
            calls.append({"id": block.id, "type": "function", "function": function})
    texts = [block for block in said.content if isinstance(block, TextBlock)]
    if calls:
        yield {"role": said.role, "content": _text(texts), "tool_calls": calls}
    elif texts:
        yield {"role": said.role, "content": _text(texts)}


def _result(block: ToolResultBlock, names: dict[str, str], param: str) -> ChatMessage:
    if block.tool_use_id not in names:
        message = f"No tool use {block.tool_use_id!r} precedes this result. Each result answers one. Send that, too."
        raise ApiError(400, "unknown_call", message, param=param)
    text = _text(block.content or "")
    # Templates have no word for a call that failed; the model reads it.
    content = f"Error: {text}" if block.is_error else text
    return {"role": "tool", "content": content, "tool_call_id": block.tool_use_id, "name": names[block.tool_use_id]}


def _add(messages: list[ChatMessage], message: ChatMessage) -> None:
    last = messages[-1] if messages else None
    if last is None or last["role"] != message["role"] or message["role"] == "tool":
        messages.append(message)
        return
    calls = [*last.get("tool_calls", ()), *message.get("tool_calls", ())]
    content = "\n".join(text for text in (last["content"], message["content"]) if text)
    messages[-1] = {"role": last["role"], "content": content}
    if calls:
        messages[-1]["tool_calls"] = calls
