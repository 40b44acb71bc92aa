"""Requests to `/v1/responses` as they look on the wire; knows no model and no answer.

Fields that OpenAI knows are known here by name. Those which change nothing here are read and passed over; those which
ask for what this server cannot do are refused. `docs/api.md` has the list.
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
    ShortText,
    Stream,
    Text,
    conflict,
)
from zaphod.server.api.refusing import only_types, refused, text_or_more, type_of

_ITEM_TYPES = ("message", "function_call", "function_call_output", "reasoning")
_PART_TYPES = ("input_text", "output_text", "refusal")
_FORMAT_TYPES = ("text", "json_object", "json_schema")

_Status = Literal["in_progress", "completed", "incomplete"] | None


class InputText(RequestModel):
    """What somebody says."""

    type: Literal["input_text"]
    text: Text
    prompt_cache_breakpoint: Ignored = None


class OutputText(RequestModel):
    """What the model said before."""

    type: Literal["output_text"]
    text: Text
    annotations: Ignored = None
    logprobs: Ignored = None


class Refusal(RequestModel):
    """What the model would not say before."""

    type: Literal["refusal"]
    refusal: Text


_Part = Annotated[
    Annotated[InputText, Tag("input_text")]
    | Annotated[OutputText, Tag("output_text")]
    | Annotated[Refusal, Tag("refusal")],
    Discriminator(type_of()),
    only_types(_PART_TYPES, "This server reads text alone: send `input_text`"),
]
_Content = Annotated[
    Annotated[Text, Tag("text")] | Annotated[list[_Part], Field(max_length=MAX_MESSAGES), Tag("more")],
    Discriminator(text_or_more),
]


class Message(RequestModel):
    """Somebody speaks."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: _Content
    id: ShortText | None = None
    status: _Status = None
    phase: Literal["commentary", "final_answer"] | None = None


class FunctionCall(RequestModel):
    """The model asked for a function to be called."""

    type: Literal["function_call"]
    call_id: Name
    name: FunctionName
    arguments: Text
    id: ShortText | None = None
    status: _Status = None
    namespace: ShortText | None = None
    caller: Ignored = None
    async_: Annotated[bool | None, Field(alias="async")] = None


class FunctionCallOutput(RequestModel):
    """What the function returned."""

    type: Literal["function_call_output"]
    call_id: Name
    output: _Content
    id: ShortText | None = None
    name: ShortText | None = None
    status: _Status = None
    namespace: ShortText | None = None
    caller: Ignored = None


class ReasoningItem(RequestModel):
    """What another model thought: the models here were not trained on it, so that it is passed over."""

    type: Literal["reasoning"]
    id: ShortText | None = None
    summary: Ignored = None
    content: Ignored = None
    encrypted_content: Ignored = None
    status: _Status = None


InputItem = Annotated[
    Annotated[Message, Tag("message")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[FunctionCallOutput, Tag("function_call_output")]
    | Annotated[ReasoningItem, Tag("reasoning")],
    Discriminator(type_of("message")),
    only_types(_ITEM_TYPES, f"Read are {', '.join(_ITEM_TYPES)}", default="message"),
]


class FunctionTool(RequestModel):
    """A function that the model may ask to be called."""

    type: Literal["function"]
    name: FunctionName
    description: Text | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    defer_loading: Annotated[Literal[False] | None, refused("All tools are shown at once here", unless=(False,))] = None
    allowed_callers: Annotated[
        list[Literal["direct"]] | None,
        Field(min_length=1, max_length=1),
        refused("Tools are called directly", unless=(["direct"],)),
    ] = None
    output_schema: Ignored = None
    async_: Annotated[
        Literal[False] | None, Field(alias="async"), refused("Answers do not wait for tools here", unless=(False,))
    ] = None


_Tool = Annotated[
    FunctionTool,
    only_types(("function",), "Only functions that you run yourself can be called: this server runs no tools"),
]


class NamedTool(RequestModel):
    """A tool by its name."""

    type: Literal["function"]
    name: FunctionName


class AllowedTools(RequestModel):
    """Some of the tools."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedTool], Field(min_length=1, max_length=MAX_TOOLS)]


_ToolChoice = Annotated[
    Annotated[NamedTool, Tag("function")] | Annotated[AllowedTools, Tag("allowed_tools")],
    Discriminator(type_of()),
    only_types(("function", "allowed_tools"), "Only functions can be chosen here"),
]


class TextFormat(RequestModel):
    """Plain text."""

    type: Literal["text"]


class JsonObjectFormat(RequestModel):
    """Some JSON object."""

    type: Literal["json_object"]


class JsonSchemaFormat(RequestModel):
    """JSON that a schema describes."""

    type: Literal["json_schema"]
    name: Name
    schema_: Annotated[JsonObject, Field(alias="schema")]
    description: Text | None = None
    strict: bool | None = None


class TextConfig(RequestModel):
    """What the answer's text must look like."""

    format: Annotated[
        Annotated[TextFormat, Tag("text")]
        | Annotated[JsonObjectFormat, Tag("json_object")]
        | Annotated[JsonSchemaFormat, Tag("json_schema")],
        Discriminator(type_of()),
        only_types(_FORMAT_TYPES, f"Known are {', '.join(_FORMAT_TYPES)}"),
    ] = TextFormat(type="text")
    verbosity: Annotated[
        Literal["medium"] | None, refused('Ask for the mode with `"mode": "concise"` instead', unless=("medium",))
    ] = None


class Reasoning(RequestModel):
    """How much a model thinks before it answers; the models here do not."""

    effort: Annotated[
        Literal["none"] | None, refused("The models here do not reason before they answer", unless=("none",))
    ] = None
    summary: Annotated[Nothing, refused("There is no reasoning to sum up")] = None
    generate_summary: Annotated[Nothing, refused("There is no reasoning to sum up")] = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None
    mode: Annotated[Literal["standard"] | None, refused("The one mode here is 'standard'", unless=("standard",))] = None


class StreamOptions(RequestModel):
    """How events are sent."""

    include_obfuscation: bool | None = None


class PromptCacheOptions(RequestModel):
    """How prompts are remembered: here always, by their beginning, as long as there is room."""

    mode: Literal["implicit", "explicit"] | None = None
    ttl: Literal["30m", "12h"] | None = None
    prewarm: Annotated[
        Literal[False] | None, refused("Prompts are remembered once they were answered", unless=(False,))
    ] = None
    comparison_response_id: Annotated[Nothing, refused("Prompts are not compared here")] = None


def _one_item(value: Any) -> Any:
    """A text is the short form of one message of the user."""
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


_Items = Annotated[list[InputItem], Field(min_length=1, max_length=MAX_MESSAGES)]


class ResponseRequest(RequestModel):
    """Everything that `POST /v1/responses` takes."""

    model: Name | None = None
    input: Annotated[_Items, BeforeValidator(_one_item, Text | _Items)]
    instructions: Text | None = None
    tools: Annotated[list[_Tool] | None, Field(max_length=MAX_TOOLS)] = None
    tool_choice: Annotated[
        Annotated[Literal["auto", "none", "required"], Tag("text")] | Annotated[_ToolChoice, Tag("more")],
        Discriminator(text_or_more),
    ] = "auto"
    parallel_tool_calls: bool | None = None
    text: TextConfig | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    max_output_tokens: Annotated[int | None, Field(ge=1, le=MAX_TOKEN_ID)] = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20, description="Goes with its value of `include`.")] = None
    include: (
        Annotated[
            list[
                Literal[
                    "message.output_text.logprobs",
                    "reasoning.encrypted_content",
                    "file_search_call.results",
                    "web_search_call.results",
                    "web_search_call.action.sources",
                    "message.input_image.image_url",
                    "computer_call_output.output.image_url",
                    "code_interpreter_call.outputs",
                ]
            ],
            Field(max_length=16),
        ]
        | None
    ) = None
    truncation: Literal["auto", "disabled"] | None = None
    stream: Stream | None = None
    stream_options: StreamOptions | None = None
    metadata: Metadata | None = None
    store: Annotated[bool | None, Field(description="Keep the response. Without it nothing is kept.")] = None
    reasoning: Reasoning | None = None
    mode: ExtensionMode = None

    user: ShortText | None = None
    safety_identifier: ShortText | None = None
    prompt_cache_key: ShortText | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | None = None
    max_tool_calls: Annotated[int | None, Field(ge=1, description="Of OpenAI's own tools, which are not here.")] = None
    image: Ignored = None

    previous_response_id: Annotated[Name | None, Field(description="A stored response that this one goes on from.")] = (
        None
    )
    conversation: Annotated[
        Nothing, refused("There are no conversations here: go on from a response with `previous_response_id`")
    ] = None
    prompt: Annotated[Nothing, refused("No prompts are stored here: send the text in `instructions`")] = None
    background: Annotated[
        Literal[False] | None, refused("Answers are sent on the connection that asked for them", unless=(False,))
    ] = None
    context_management: Annotated[
        list[Any] | None, Field(max_length=0), refused("Nothing is compacted here: shorten `input`", unless=([],))
    ] = None
    moderation: Annotated[Nothing, refused("This server has no moderation model")] = None
    access_programs: Annotated[Nothing, refused("There are no access programs here")] = None

    @model_validator(mode="after")
    def _logprobs_are_included(self) -> ResponseRequest:
        if self.top_logprobs and "message.output_text.logprobs" not in (self.include or ()):
            raise conflict("top_logprobs", '`top_logprobs` goes with `"include": ["message.output_text.logprobs"]`')
        return self
