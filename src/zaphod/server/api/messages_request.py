"""Requests to `/v1/messages` as they look on the wire; knows no model and no answer.

Fields that Anthropic knows are known here by name. Those which change nothing here are read and passed over; those
which ask for what this server cannot do are refused. `docs/api.md` has the list.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from zaphod.server.api.fields import (
    MAX_MESSAGES,
    MAX_TOKEN_ID,
    MAX_TOOLS,
    ExtensionMode,
    FunctionName,
    Ignored,
    JsonObject,
    Name,
    Nothing,
    RequestModel,
    ShortText,
    Stream,
    Text,
)
from zaphod.server.api.refusing import only_types, refused, text_or_more, type_of

MAX_STOP_SEQUENCES = 16

_BLOCK_TYPES = ("text", "tool_use", "tool_result", "thinking", "redacted_thinking")
_THINKING = 'The models here do not think before they answer: send `{"type": "disabled"}`'
_TEXT_ALONE = "This server reads text alone: send `text`"


class CacheControl(RequestModel):
    """Where a prompt may be remembered up to: here all of it is, so that this changes nothing."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class TextBlock(RequestModel):
    """Something said."""

    type: Literal["text"]
    text: Text
    citations: Ignored = None
    cache_control: CacheControl | None = None


class ToolUseBlock(RequestModel):
    """The model asked for a tool."""

    type: Literal["tool_use"]
    id: Name
    name: FunctionName
    input: JsonObject
    cache_control: CacheControl | None = None
    caller: Ignored = None
    toolset_name: ShortText | None = None


_OnlyText = Annotated[TextBlock, only_types(("text",), _TEXT_ALONE)]
_Texts = Annotated[
    Annotated[Text, Tag("text")] | Annotated[list[_OnlyText], Field(max_length=MAX_MESSAGES), Tag("more")],
    Discriminator(text_or_more),
]


class ToolResultBlock(RequestModel):
    """What the tool returned."""

    type: Literal["tool_result"]
    tool_use_id: Name
    content: _Texts | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None
    toolset_name: ShortText | None = None


class ThinkingBlock(RequestModel):
    """What another model thought: the models here were not trained on it, so that it is passed over."""

    type: Literal["thinking"]
    thinking: Text
    signature: Text


class RedactedThinkingBlock(RequestModel):
    """What another model thought and did not show: passed over."""

    type: Literal["redacted_thinking"]
    data: Text


_Block = Annotated[
    Annotated[TextBlock, Tag("text")]
    | Annotated[ToolUseBlock, Tag("tool_use")]
    | Annotated[ToolResultBlock, Tag("tool_result")]
    | Annotated[ThinkingBlock, Tag("thinking")]
    | Annotated[RedactedThinkingBlock, Tag("redacted_thinking")],
    Discriminator(type_of()),
    only_types(_BLOCK_TYPES, f"Read are {', '.join(_BLOCK_TYPES)}"),
]


class Message(RequestModel):
    """One message of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: Annotated[
        Annotated[Text, Tag("text")] | Annotated[list[_Block], Field(max_length=MAX_MESSAGES), Tag("more")],
        Discriminator(text_or_more),
    ]


class ClientTool(RequestModel):
    """A tool that the client runs."""

    type: Literal["custom"] | None = None
    name: FunctionName
    description: Text | None = None
    input_schema: JsonObject
    strict: bool | None = None
    cache_control: CacheControl | None = None
    input_examples: Ignored = None
    eager_input_streaming: bool | None = None
    defer_loading: Annotated[Literal[False] | None, refused("All tools are shown at once here", unless=(False,))] = None
    allowed_callers: Annotated[
        list[Literal["direct"]] | None,
        Field(min_length=1, max_length=1),
        refused("Tools are called directly", unless=(["direct"],)),
    ] = None


def _tool_type(value: Any) -> Any:
    # A tool without a type, or with null, is one of the client's.
    return {**value, "type": "custom"} if isinstance(value, dict) and value.get("type") is None else value


_Tool = Annotated[
    ClientTool,
    only_types(
        ("custom",), "Only tools that you run yourself, with an `input_schema`, can be called: this server runs none"
    ),
    BeforeValidator(_tool_type),
]


class AutoChoice(RequestModel):
    """Tools may be called."""

    type: Literal["auto"]
    disable_parallel_tool_use: bool | None = None


class AnyChoice(RequestModel):
    """Some tool must be called."""

    type: Literal["any"]
    disable_parallel_tool_use: bool | None = None


class ToolChoice(RequestModel):
    """This tool must be called."""

    type: Literal["tool"]
    name: FunctionName
    disable_parallel_tool_use: bool | None = None


class NoChoice(RequestModel):
    """No tool may be called."""

    type: Literal["none"]


class JsonSchemaFormat(RequestModel):
    """JSON that a schema describes."""

    type: Literal["json_schema"]
    schema_: Annotated[JsonObject, Field(alias="schema")]


class OutputConfig(RequestModel):
    """What the answer must look like."""

    format: Annotated[JsonSchemaFormat, only_types(("json_schema",), "The one known is 'json_schema'")] | None = None
    effort: Annotated[
        Literal["high"] | None,
        refused('The models here know no effort: ask for the mode with `"mode": "concise"`', unless=("high",)),
    ] = None


class NoThinking(RequestModel):
    """The model answers at once."""

    type: Literal["disabled"]


class RequestMetadata(RequestModel):
    """Who the request is for; neither stored nor logged."""

    user_id: ShortText | None = None


class CountRequest(RequestModel):
    """Everything that `POST /v1/messages/count_tokens` takes."""

    model: Name | None = None
    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    system: _Texts | None = None
    tools: Annotated[list[_Tool] | None, Field(max_length=MAX_TOOLS)] = None
    tool_choice: (
        Annotated[
            Annotated[AutoChoice, Tag("auto")]
            | Annotated[AnyChoice, Tag("any")]
            | Annotated[ToolChoice, Tag("tool")]
            | Annotated[NoChoice, Tag("none")],
            Discriminator(type_of()),
            only_types(("auto", "any", "tool", "none"), "Known are auto, any, tool and none"),
        ]
        | None
    ) = None
    thinking: Annotated[NoThinking, only_types(("disabled",), _THINKING)] | None = None
    output_config: OutputConfig | None = None
    mode: ExtensionMode = None

    cache_control: CacheControl | None = None
    user_profile_id: ShortText | None = None
    workspace_id: ShortText | None = None
    speed: Annotated[Literal["standard"] | None, refused("The one speed here is 'standard'", unless=("standard",))] = (
        None
    )


class MessagesRequest(CountRequest):
    """Everything that `POST /v1/messages` takes."""

    max_tokens: Annotated[int, Field(ge=1, le=MAX_TOKEN_ID)]
    stop_sequences: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=512)]], Field(max_length=MAX_STOP_SEQUENCES)]
        | None
    ) = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    top_k: Annotated[int | None, Field(ge=0, le=MAX_TOKEN_ID)] = None
    stream: Stream | None = None
    metadata: RequestMetadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None

    container: Annotated[Nothing, refused("No code is run here")] = None
    diagnostics: Annotated[Nothing, refused("No earlier request is remembered here")] = None
    inference_geo: Annotated[Nothing, refused("This server stands in one place")] = None
