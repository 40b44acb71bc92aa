"""Bodies of `/v1/responses` as the OpenAPI document describes them; for readers, not for the code that writes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from zaphod.server.api.documents import ContentLogprob, ZaphodFacts

_Status = Literal["in_progress", "completed", "incomplete"]


class OutputText(BaseModel):
    """A piece of what the model says."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any]
    logprobs: list[ContentLogprob]


class OutputMessage(BaseModel):
    """What the model says."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    status: _Status
    content: list[OutputText]


class OutputCall(BaseModel):
    """A function that the model asks to be called."""

    id: str
    type: Literal["function_call"]
    status: _Status
    call_id: str
    name: str
    arguments: str = Field(description="JSON as a text, which may be cut off where `status` is `incomplete`.")


class InputDetails(BaseModel):
    """More on the prompt's tokens."""

    cached_tokens: int = Field(description="Those that were known from before and not computed again.")
    cache_write_tokens: int


class OutputDetails(BaseModel):
    """More on the answer's tokens."""

    reasoning_tokens: int


class ResponseUsage(BaseModel):
    """What the response took."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int


class IncompleteDetails(BaseModel):
    """Why the answer was cut off."""

    reason: Literal["max_output_tokens", "content_filter"]


class ResponseEvent(BaseModel):
    """An event of `POST /v1/responses` with `stream`; what else it has depends on its type, as OpenAI has it."""

    model_config = ConfigDict(extra="allow")

    type: Literal[
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
        "response.incomplete",
        "response.failed",
    ]
    sequence_number: int


class ResponseObject(BaseModel):
    """A response. Fields of the request are repeated in it."""

    id: str
    object: Literal["response"]
    created_at: int
    model: str
    status: Literal["completed", "incomplete"]
    error: None
    incomplete_details: IncompleteDetails | None
    output: list[OutputMessage | OutputCall]
    usage: ResponseUsage
    instructions: str | None
    metadata: dict[str, str]
    temperature: float | None = Field(description="As it was asked for; null leaves it to the mode, and 1 to most.")
    top_p: float
    max_output_tokens: int | None
    tools: list[dict[str, Any]]
    tool_choice: Any
    parallel_tool_calls: bool
    text: dict[str, Any]
    truncation: Literal["auto", "disabled"]
    previous_response_id: str | None
    store: bool = Field(description="Whether it is kept.")
    zaphod: ZaphodFacts


class DeletedResponse(BaseModel):
    """A response that is not there any more."""

    id: str
    object: Literal["response"]
    deleted: Literal[True]


class ListedPart(BaseModel):
    """A piece of what was said."""

    model_config = ConfigDict(extra="allow")

    type: Literal["input_text", "output_text", "refusal"]


class ListedMessage(BaseModel):
    """What somebody said, as far as the guard let it in."""

    id: str
    type: Literal["message"]
    role: Literal["user", "assistant", "system", "developer"]
    status: _Status
    content: list[ListedPart]


class ListedCall(BaseModel):
    """A function that the model asked to be called."""

    id: str
    type: Literal["function_call"]
    status: _Status
    call_id: str
    name: str
    arguments: str


class ListedOutput(BaseModel):
    """What the function returned, as far as the guard let it in."""

    id: str
    type: Literal["function_call_output"]
    status: _Status
    call_id: str
    output: str


class ItemList(BaseModel):
    """A page of items."""

    object: Literal["list"]
    data: list[ListedMessage | ListedCall | ListedOutput]
    first_id: str | None
    last_id: str | None
    has_more: bool
