"""`POST /tokenize` and `/detokenize`, with vLLM's fields; knows no engine and generates nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from zaphod.core.tokenizers import Tokenizer
from zaphod.server.api.answering import Answering
from zaphod.server.api.answers import answering_of
from zaphod.server.api.calls import call_of
from zaphod.server.api.chat_request import ChatRequest, Message, ToolDefinition
from zaphod.server.api.chat_turn import turn_of
from zaphod.server.api.documents import DetokenizedText, Tokens
from zaphod.server.api.fields import (
    ERROR_RESPONSES,
    MAX_MESSAGES,
    MAX_TOOLS,
    JsonRoute,
    Name,
    RequestModel,
    TokenId,
    conflict,
)
from zaphod.server.api.sse import JsonBody, until_gone
from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import Conversation, Passage
from zaphod.server.services import services_of

_MAX_IDS = 1 << 19
_MAX_STRINGS = 1 << 16
"""Texts of single tokens take 60 times the room of the text that was sent."""

router = APIRouter(route_class=JsonRoute, tags=["Tokens"])


class TokenizeRequest(RequestModel):
    """Either a text, or a conversation."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["prompt"], "properties": {"prompt": {"type": "string"}}},
                {"required": ["messages"], "properties": {"messages": {"type": "array"}}},
            ]
        }
    )

    model: Name | None = None
    prompt: Annotated[str | None, Field(max_length=_MAX_IDS)] = None
    messages: Annotated[list[Message] | None, Field(min_length=1, max_length=MAX_MESSAGES, fail_fast=True)] = None
    tools: Annotated[list[ToolDefinition] | None, Field(max_length=MAX_TOOLS)] = None
    add_special_tokens: Annotated[
        bool | None, Field(description="Of a text: begin as the model expects it. Default true.")
    ] = None
    return_token_strs: bool | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> TokenizeRequest:
        if self.prompt is None and self.messages is None:
            raise conflict("prompt", "There is neither a `prompt` nor `messages`, and one of them is wanted")
        if self.prompt is not None and self.messages is not None:
            raise conflict("messages", "There are both a `prompt` and `messages`, and only one of them is wanted")
        return self


class DetokenizeRequest(RequestModel):
    """Token ids."""

    model: Name | None = None
    tokens: Annotated[list[TokenId], Field(max_length=_MAX_IDS, fail_fast=True)]


@router.post("/tokenize", response_model=Tokens, responses=ERROR_RESPONSES, summary="Token ids of a text")
async def tokenize(request: Request, body: TokenizeRequest) -> Response:
    """Says which token ids a text or a conversation becomes."""
    answering = answering_of(request)
    answering.model_name(body.model)
    tokenizer = _tokenizer(request)
    conversation = call_of(request, body.model).conversation
    token_ids = await until_gone(request, _token_ids(answering, body, conversation))
    told = {
        "tokens": token_ids,
        "count": len(token_ids),
        "max_model_len": answering.max_prompt_tokens + 1,
        "token_strs": None,
    }
    if body.return_token_strs:
        _require_few(token_ids)
        told["token_strs"] = await asyncio.to_thread(_strings, tokenizer, token_ids)
    return JsonBody(told)


@router.post("/detokenize", response_model=DetokenizedText, responses=ERROR_RESPONSES, summary="Text of token ids")
async def detokenize(request: Request, body: DetokenizeRequest) -> Response:
    """Says which text token ids are, special tokens by their names."""
    answering = answering_of(request)
    answering.model_name(body.model)
    answering.prompts.require_known(body.tokens, "tokens")
    text = await asyncio.to_thread(_tokenizer(request).decode, body.tokens)
    conversation = call_of(request, body.model).conversation
    if conversation is not None:
        [text] = await conversation.inspect([Passage(text=text, where="tokens", stage="output")])
    return JsonBody({"prompt": text})


async def _token_ids(answering: Answering, body: TokenizeRequest, conversation: Conversation | None) -> tuple[int, ...]:
    if body.prompt is None:
        chat = ChatRequest.model_construct(messages=body.messages, tools=body.tools)
        return await answering.tokens_of(turn_of(chat), conversation)
    prompt = body.prompt
    if conversation is not None:
        [prompt] = await conversation.inspect([Passage(text=prompt, where="prompt", stage="input")])
    return await answering.prompts.of_text(
        prompt,
        max_tokens=_MAX_IDS,
        add_bos=None if body.add_special_tokens is not False else False,
        allow_special=True,
    )


def _require_few(token_ids: Sequence[int]) -> None:
    if len(token_ids) > _MAX_STRINGS:
        found = f"The texts of {len(token_ids)} tokens are asked for."
        message = f"{found} At most {_MAX_STRINGS} are given at one time. Send less, or leave it out."
        raise ApiError(400, "invalid_value", message, param="return_token_strs")


def _strings(tokenizer: Tokenizer, token_ids: Sequence[int]) -> list[str]:
    """Each token by itself, on a thread: there may be a million."""
    return [tokenizer.token_bytes(token_id).decode("utf-8", "replace") for token_id in token_ids]


def _tokenizer(request: Request) -> Tokenizer:
    engine = services_of(request).engine
    assert engine is not None
    return engine.tokenizer
