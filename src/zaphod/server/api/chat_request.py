"""Requests to `/v1/chat/completions` as they look on the wire; knows no model and no answer.

Every field that OpenAI has is known by name. Those which change nothing here are read and passed over; those which ask
for what this server cannot do are refused. `docs/api.md` has the list.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from zaphod.server.api.fields import (
    MAX_MESSAGES,
    MAX_TOKEN_ID,
    MAX_TOOLS,
    ExtensionMode,
    FunctionName,
    Ignored,
    JsonObject,
    Metadata,
    Name,
    Nothing,
    RequestModel,
    Routing,
    ShortText,
    Stream,
    Text,
    conflict,
)
from zaphod.server.api.refusing import only_types, refused, text_or_more, type_of
from zaphod.server.api.response_format import ResponseFormat
from zaphod.server.api.sampling import MAX_LOGPROBS, SamplingFields

_TEXT_ONLY = "This server reads text alone, and fetches nothing: send `text`"
_ROLES = ("system", "developer", "user", "assistant", "tool")


class TextPart(RequestModel):
    """A piece of what is said."""

    type: Literal["text"]
    text: Text
    prompt_cache_breakpoint: Ignored = None


class RefusalPart(RequestModel):
    """What the model would not say before."""

    type: Literal["refusal"]
    refusal: Text


_Part = Annotated[
    Annotated[TextPart, Tag("text")] | Annotated[RefusalPart, Tag("refusal")],
    Discriminator(type_of()),
    only_types(("text", "refusal"), _TEXT_ONLY),
]
_Content = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[list[_Part], Field(min_length=1, max_length=MAX_MESSAGES, fail_fast=True), Tag("more")],
    Discriminator(text_or_more),
]


class CalledFunction(RequestModel):
    """A function and what it was called with."""

    name: FunctionName
    arguments: Annotated[Text, Field(description="JSON as a text.")]


class ToolCall(RequestModel):
    """A call that the model asked for."""

    id: ShortText
    type: Literal["function"] = "function"
    function: CalledFunction
    index: Annotated[int | None, Field(ge=0, le=MAX_TOKEN_ID)] = None


_ToolCall = Annotated[ToolCall, only_types(("function",), "Only functions are called here", default="function")]


class SystemMessage(RequestModel):
    """Instructions."""

    role: Literal["system", "developer"]
    content: _Content
    name: ShortText | None = None


class UserMessage(RequestModel):
    """What somebody says."""

    role: Literal["user"]
    content: _Content
    name: ShortText | None = None


class AssistantMessage(RequestModel):
    """What the model said before."""

    role: Literal["assistant"]
    content: _Content | None = None
    refusal: Text | None = None
    tool_calls: Annotated[list[_ToolCall] | None, Field(max_length=MAX_TOOLS)] = None
    name: ShortText | None = None
    annotations: Ignored = None
    reasoning_content: Ignored = None
    audio: Annotated[Nothing, refused("This server speaks text alone")] = None
    function_call: Annotated[Nothing, refused("Send `tool_calls` instead")] = None


class ToolMessage(RequestModel):
    """What a function returned."""

    role: Literal["tool"]
    content: _Content
    tool_call_id: ShortText
    name: ShortText | None = None


def _known_role(value: Any) -> Any:
    if isinstance(value, dict) and value.get("role") not in _ROLES:
        raise ValueError(f"A message's `role` is one of {', '.join(_ROLES)}")
    return value


Message = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage,
    Field(discriminator="role"),
    BeforeValidator(_known_role),
]


class Function(RequestModel):
    """A function that the model may ask to be called."""

    name: FunctionName
    description: Text | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None


class FunctionTool(RequestModel):
    """A tool."""

    type: Literal["function"]
    function: Function


ToolDefinition = Annotated[
    FunctionTool, only_types(("function",), "Only functions that you run yourself can be called")
]


class FunctionChoice(RequestModel):
    """A function by its name."""

    name: FunctionName


class NamedTool(RequestModel):
    """The tool that must be called."""

    type: Literal["function"]
    function: FunctionChoice


class AllowedTools(RequestModel):
    """Some of the tools."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedTool], Field(min_length=1, max_length=MAX_TOOLS)]


class AllowedToolsChoice(RequestModel):
    """A choice among some of the tools."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


_ToolChoice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("text")]
    | Annotated[
        Annotated[
            Annotated[NamedTool, Tag("function")] | Annotated[AllowedToolsChoice, Tag("allowed_tools")],
            Discriminator(type_of()),
            only_types(("function", "allowed_tools"), "Only functions can be chosen here"),
        ],
        Tag("more"),
    ],
    Discriminator(text_or_more),
]


class StreamOptions(RequestModel):
    """How chunks are sent."""

    include_usage: bool | None = None
    include_obfuscation: Ignored = None


class ChatRequest(SamplingFields):
    """Everything that `POST /v1/chat/completions` takes."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES, fail_fast=True)]
    model: Name | None = None
    stream: Stream | None = None
    stream_options: Annotated[StreamOptions | None, Field(description="Goes with `stream`.")] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=MAX_TOKEN_ID)] = None
    max_tokens: Annotated[
        int | None, Field(ge=1, le=MAX_TOKEN_ID, description="The older name of `max_completion_tokens`.")
    ] = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=MAX_LOGPROBS, description="Goes with `logprobs`.")] = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[ToolDefinition] | None, Field(max_length=MAX_TOOLS)] = None
    tool_choice: _ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    mode: ExtensionMode = None
    routing: Routing = False

    metadata: Metadata | None = None
    prediction: Ignored = None
    prompt_cache_key: ShortText | None = None
    prompt_cache_options: Ignored = None
    prompt_cache_retention: Ignored = None
    safety_identifier: ShortText | None = None
    service_tier: Ignored = None
    store: Annotated[bool | None, Field(description="Either way nothing is stored.")] = None
    user: ShortText | None = None

    audio: Annotated[Nothing, refused("This server speaks text alone")] = None
    modalities: Annotated[
        list[Literal["text"]] | None,
        Field(min_length=1, max_length=1),
        refused("This server speaks text alone", unless=(["text"],)),
    ] = None
    functions: Annotated[Nothing, refused("Send `tools` instead")] = None
    function_call: Annotated[Nothing, refused("Send `tool_choice` instead")] = None
    moderation: Annotated[Nothing, refused("This server has no moderation model")] = None
    reasoning_effort: Annotated[
        Literal["none"] | None, refused("The models here do not reason before they answer", unless=("none",))
    ] = None
    verbosity: Annotated[
        Literal["medium"] | None, refused('Ask for the mode with `"mode": "concise"` instead', unless=("medium",))
    ] = None
    web_search_options: Annotated[Nothing, refused("This server searches nothing")] = None

    @model_validator(mode="after")
    def _fits_together(self) -> ChatRequest:
        if self.top_logprobs is not None and not self.logprobs:
            raise conflict("top_logprobs", '`top_logprobs` goes with `"logprobs": true`')
        if self.stream_options is not None and not self.stream:
            raise conflict("stream_options", '`stream_options` goes with `"stream": true`')
        return self
