"""Texts or token ids, one or several, as completions and embeddings take them; knows neither of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from zaphod.server.api.fields import Text, TokenId
from zaphod.server.api.prompts import Prompts
from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import Conversation, Passage

_MAX_IDS = 1 << 21

_Ids = Annotated[list[TokenId], Field(min_length=1, max_length=_MAX_IDS, fail_fast=True)]


def _kind(value: Any) -> str:
    """Which of the four it is, by its first item: trying each of them takes long where there are many items."""
    if isinstance(value, str):
        return "text"
    first = value[0] if isinstance(value, list) and value else None
    return "texts" if isinstance(first, str) else "several" if isinstance(first, list) else "ids"


PromptInput = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[list[Text], Field(min_length=1, max_length=2048, fail_fast=True), Tag("texts")]
    | Annotated[_Ids, Tag("ids")]
    | Annotated[list[_Ids], Field(min_length=1, max_length=2048, fail_fast=True), Tag("several")],
    Discriminator(_kind),
]


async def token_prompts(
    prompts: Prompts,
    given: str | list[str] | list[int] | list[list[int]],
    max_tokens: int,
    max_prompts: int,
    conversation: Conversation | None,
    *,
    allow_special: bool = True,
    param: str = "prompt",
) -> Sequence[tuple[int, ...]]:
    """Each prompt as token ids, as it may go on.

    Raises:
        ApiError: 400; there are too many, or one of them is too long or no text of this vocabulary.
    """
    several = _several(given)
    if len(several) > max_prompts:
        message = f"There are {len(several)} prompts. At most {max_prompts} go into one request. Split it."
        raise ApiError(400, "invalid_value", message, param=param)
    if conversation is not None:
        several = await _inspected(prompts, several, max_tokens, conversation, param)
    return [await _one(prompts, one, max_tokens, allow_special, param) for one in several]


async def _inspected(
    prompts: Prompts, several: list[Any], max_tokens: int, conversation: Conversation, param: str
) -> list[Any]:
    """The same prompts, those that are redacted as texts. Token ids are read as the text that they stand for."""
    for one in several:
        if not isinstance(one, str):
            prompts.require_known(one, param)
    texts = [one if isinstance(one, str) else prompts.text_of(one) for one in several]
    prompts.require_short(texts, max_tokens * len(texts), param)
    passages = [
        Passage(text=text, where=f"{param}.{index}" if len(texts) > 1 else param, stage="input")
        for index, text in enumerate(texts)
    ]
    passed = await conversation.inspect(passages)
    return [one if new == text else new for one, text, new in zip(several, texts, passed, strict=True)]


def _several(given: Any) -> list[Any]:
    """What was given, as a list of prompts."""
    return [given] if isinstance(given, str) or isinstance(given[0], int) else given


async def _one(
    prompts: Prompts, given: str | list[int], max_tokens: int, allow_special: bool, param: str
) -> tuple[int, ...]:
    if isinstance(given, str):
        if not given:
            raise ApiError(400, "invalid_value", "The prompt is empty. It needs some text. Send some.", param=param)
        return await prompts.of_text(given, max_tokens=max_tokens, allow_special=allow_special, param=param)
    prompts.require_known(given, param)
    return tuple(given)
