"""What a request to `/v1/responses` asks of the model, as a turn; knows no answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from zaphod.core.tokenizers import ChatMessage
from zaphod.engine.grammar import GrammarSpec
from zaphod.server.api.response_format import ANY_OBJECT, checked_grammar
from zaphod.server.api.responses_request import (
    AllowedTools,
    FunctionCall,
    FunctionCallOutput,
    FunctionTool,
    InputItem,
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


@dataclass(frozen=True, kw_only=True)
class LaidOut:
    """The messages that a template lays out, and which of them each item of the request is in.

    Args:
        messages: what came before, and what is sent now.
        places: of each item that is sent now, the index of its message; None for what is passed over.
    """

    messages: list[ChatMessage] = field(default_factory=list)
    places: list[int | None] = field(default_factory=list)

    def texts(self, turn: Turn, let_in: Sequence[str]) -> list[str | None]:
        """What of each item went on to the model; None where nothing of it did.

        Args:
            turn: what was asked, which may have lost its oldest messages.
            let_in: the texts of its messages as the guard let them in.
        """
        # By identity: a message that was left out may have a twin that was not.
        known = {id(message): text for message, text in zip(turn.messages, let_in, strict=True)}
        return [None if place is None else known.get(id(self.messages[place])) for place in self.places]


def turn_of(request: ResponseRequest, laid_out: LaidOut | None = None) -> Turn:
    """The turn that is asked for.

    Args:
        request: what is asked.
        laid_out: its conversation, where that is more than the request.

    Raises:
        ApiError: 400; fields contradict each other.
        RequestError: a schema is larger or nested deeper than allowed.
    """
    fields = SamplingFields(temperature=request.temperature, top_p=request.top_p)
    has_logprobs = "message.output_text.logprobs" in (request.include or ())
    return Turn(
        messages=(laid_out or conversation(request)).messages,
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


def conversation(request: ResponseRequest, past: Sequence[InputItem] = ()) -> LaidOut:
    """The messages of a request: instructions first, each function call with what was said before it.

    Args:
        request: what is asked.
        past: items of the responses that it goes on from; their instructions are not among them.

    Raises:
        ApiError: 400; a function's output answers no call.
    """
    laid_out, names = LaidOut(), dict[str, str]()
    if request.instructions:
        laid_out.messages.append({"role": "system", "content": request.instructions})
    for item in past:
        _add(laid_out.messages, item, names, "previous_response_id")
    for index, item in enumerate(request.input):
        is_said = _add(laid_out.messages, item, names, f"input.{index}.call_id")
        laid_out.places.append(len(laid_out.messages) - 1 if is_said else None)
    return laid_out


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


def joined_text(content: str | Sequence[InputText | OutputText | Refusal]) -> str:
    """All parts of a content, one behind the other."""
    if isinstance(content, str):
        return content
    return "".join(part.refusal if isinstance(part, Refusal) else part.text for part in content)


def _add(messages: list[ChatMessage], item: InputItem, names: dict[str, str], param: str) -> bool:
    """Put an item into the last message, or a new one; False if it is passed over."""
    if isinstance(item, Message):
        role = "system" if item.role == "developer" else item.role
        messages.append({"role": role, "content": joined_text(item.content)})
    elif isinstance(item, FunctionCall):
        names[item.call_id] = item.name
        _add_call(messages, item)
    elif isinstance(item, FunctionCallOutput):
        messages.append(_output(item, names, param))
    else:
        return False
    return True


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
    return {"role": "tool", "content": joined_text(item.output), "tool_call_id": item.call_id, "name": name}


def _tool(tool: FunctionTool) -> Tool:
    fields: dict[str, Any] = {} if tool.parameters is None else {"parameters": tool.parameters}
    return Tool(name=tool.name, description=tool.description or "", strict=bool(tool.strict), **fields)
