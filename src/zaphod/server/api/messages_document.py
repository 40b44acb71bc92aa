"""Bodies of `/v1/messages` as the OpenAPI document describes them; for readers, not for the code that writes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from zaphod.server.api.documents import ZaphodFacts
from zaphod.server.api.fields import ERROR_RESPONSES


class ErrorFacts(BaseModel):
    """What went wrong."""

    type: str
    message: str = Field(description="What was found, what was wanted, what to do.")


class AnthropicError(BaseModel):
    """The body of every answer that is an error."""

    type: Literal["error"]
    error: ErrorFacts


ANTHROPIC_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {**response, "model": AnthropicError} for status, response in ERROR_RESPONSES.items()
}
"""For `responses=` of every route with Anthropic's errors."""


class TextBlock(BaseModel):
    """What the model says."""

    type: Literal["text"]
    text: str
    citations: None


class ToolUseBlock(BaseModel):
    """A tool that the model asks for."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any] = Field(description="As much of it as came where `stop_reason` is `max_tokens`.")


class MessageUsage(BaseModel):
    """What the message took. The prompt has `input_tokens` and `cache_read_input_tokens` together."""

    input_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    output_tokens: int
    service_tier: Literal["standard"]


class MessageObject(BaseModel):
    """A message of the model."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[TextBlock | ToolUseBlock]
    stop_reason: Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"]
    stop_sequence: str | None
    usage: MessageUsage
    zaphod: ZaphodFacts


class MessageEvent(BaseModel):
    """An event of `POST /v1/messages` with `stream`; what else it has depends on its type, as Anthropic has it."""

    model_config = ConfigDict(extra="allow")

    type: Literal[
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    ]


class TokenCount(BaseModel):
    """How many tokens a conversation has."""

    input_tokens: int
