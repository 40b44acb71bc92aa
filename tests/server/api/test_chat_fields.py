"""Every field of the official client's types is known by name to our requests."""

from typing import Any

import pytest
from openai.types import completion_create_params, embedding_create_params
from openai.types.chat import completion_create_params as chat_create_params
from openai.types.chat.chat_completion_assistant_message_param import ChatCompletionAssistantMessageParam
from openai.types.chat.chat_completion_stream_options_param import ChatCompletionStreamOptionsParam
from openai.types.chat.chat_completion_tool_message_param import ChatCompletionToolMessageParam
from openai.types.chat.chat_completion_user_message_param import ChatCompletionUserMessageParam
from openai.types.shared_params.function_definition import FunctionDefinition
from pydantic import BaseModel

from zaphod.server.api.chat_request import (
    AssistantMessage,
    ChatRequest,
    Function,
    StreamOptions,
    ToolMessage,
    UserMessage,
)
from zaphod.server.api.completions import CompletionRequest
from zaphod.server.api.embeddings import EmbeddingRequest

PAIRS: list[tuple[Any, type[BaseModel]]] = [
    (chat_create_params.CompletionCreateParamsStreaming, ChatRequest),
    (completion_create_params.CompletionCreateParamsStreaming, CompletionRequest),
    (embedding_create_params.EmbeddingCreateParams, EmbeddingRequest),
    (ChatCompletionStreamOptionsParam, StreamOptions),
    (ChatCompletionAssistantMessageParam, AssistantMessage),
    (ChatCompletionUserMessageParam, UserMessage),
    (ChatCompletionToolMessageParam, ToolMessage),
    (FunctionDefinition, Function),
]


@pytest.mark.parametrize(("official", "ours"), PAIRS, ids=lambda one: one.__name__)
def test_every_official_field_is_known(official: Any, ours: type[BaseModel]) -> None:
    known = {field.alias or name for name, field in ours.model_fields.items()}
    assert set(official.__annotations__) - known == set()
