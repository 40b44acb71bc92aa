"""Conversations and texts as token ids; knows the model's template and tokenizer, not who asks or for what.

Templates run elsewhere (`rendering.py`). Long texts are encoded on a thread, one at a time: what a tokenizer notes of
each token takes a hundred times the room of the text. Those that cannot fit are not encoded at all (no token has more
bytes than the longest one of the vocabulary), or not to their end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import ChatMessage, Tokenizer
from zaphod.core.tokenizers.chat import required_template, token_names
from zaphod.core.tokenizers.veil import Veil
from zaphod.server.api.rendering import Renderer, TemplateFailedError
from zaphod.server.errors import ApiError, as_api_error
from zaphod.server.memory import Room

_SHORT = 2048  # characters that are encoded sooner than a thread takes over
_MAX_LONG = 1
"""Long texts that are encoded at one time."""
_PIECE = 1 << 16  # characters
_GROWTH = 512
"""Bytes that the library takes for each character for a moment: measured with texts of one-letter tokens."""


class Prompts:
    """Makes prompts for one model.

    Args:
        tokenizer: of the model.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._renderer: Renderer | None = None
        self._long = asyncio.Semaphore(_MAX_LONG)
        self._room = Room()
        self._longest_bytes = max(len(tokenizer.token_bytes(token_id)) for token_id in range(tokenizer.vocab_size))

    async def start(self) -> None:
        """Start the template's process now, so that the first conversation need not wait for it."""
        if self._tokenizer.chat_template is not None:
            await self._its_renderer().start()

    async def close(self) -> None:
        """End the template's process."""
        if self._renderer is not None:
            await self._renderer.aclose()

    async def of_chat(
        self,
        messages: Sequence[ChatMessage],
        *,
        max_tokens: int,
        tools: Sequence[Mapping[str, Any]] | None = None,
        opening: str = "",
        add_generation_prompt: bool = True,
    ) -> tuple[int, ...]:
        """Token ids of a conversation. Special tokens that its texts spell by name are ordinary text.

        Args:
            messages: oldest first.
            max_tokens: longer ones are refused.
            tools: functions that may be called, as OpenAI describes them.
            opening: what the answer begins with, special tokens by name.
            add_generation_prompt: end with what precedes the assistant's next words.

        Raises:
            ApiError: 400; there is no template, it refuses the conversation, or that is too long.
        """
        veil = Veil.over(self._tokenizer.special_tokens)
        covered, covered_tools = await _covered(veil, messages, tools)
        try:
            text = await self._its_renderer().render(
                covered, tools=covered_tools, add_generation_prompt=add_generation_prompt
            )
        except TemplateFailedError as error:
            raise TemplateFailedError(veil.lift(error.reason)) from error
        text += opening
        self.require_short([text], max_tokens)
        return await self._encoded(
            lambda: veil.encode(self._tokenizer, text), text, max_tokens, "messages", lift=veil.lift
        )

    def require_short(self, texts: Sequence[str], max_tokens: int, param: str = "messages") -> None:
        """Raises `ApiError` 400 where texts are longer than any prompt of so many tokens, before more is done."""
        num_bytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        if num_bytes > max_tokens * self._longest_bytes:
            raise too_long(f"more than {max_tokens}", max_tokens, param)

    async def of_text(
        self,
        text: str,
        *,
        max_tokens: int,
        add_bos: bool | None = None,
        allow_special: bool = False,
        param: str = "prompt",
    ) -> tuple[int, ...]:
        """Token ids of a plain text.

        Args:
            text: what to encode.
            max_tokens: longer ones are refused.
            add_bos: begin with BOS; as the model expects it if None.
            allow_special: names of special tokens mean these tokens.
            param: the request's field, for errors.

        Raises:
            ApiError: 400; the text is too long, or no valid Unicode.
        """
        self.require_short([text], max_tokens, param)
        begins = self._tokenizer.wants_bos if add_bos is None else add_bos
        return await self._encoded(
            lambda: self._tokenizer.encode(text, allow_special=allow_special, add_bos=begins), text, max_tokens, param
        )

    def text_of(self, token_ids: Sequence[int]) -> str:
        """What token ids say, without special tokens."""
        return self._tokenizer.decode(token_ids, skip_special=True)

    def require_known(self, token_ids: Sequence[int], param: str) -> None:
        """Raises `ApiError` 400 where an id stands for no token."""
        highest = max(token_ids, default=0)
        if highest >= self._tokenizer.vocab_size:
            message = f"Token id {highest} is not in the vocabulary. Ids lie in [0, {self._tokenizer.vocab_size})."
            raise ApiError(400, "invalid_value", message + " Send ids of this model's tokenizer.", param=param)

    async def _encoded(
        self,
        encode: Callable[[], list[int]],
        text: str,
        max_tokens: int,
        param: str,
        lift: Callable[[str], str] = lambda text: text,
    ) -> tuple[int, ...]:
        try:
            if len(text) <= _SHORT:
                token_ids = encode()
            else:
                async with self._long:
                    if await asyncio.to_thread(lambda: self._is_far_too_long(lift(text), max_tokens)):
                        raise too_long(f"more than {max_tokens}", max_tokens, param)
                    if len(text) > _PIECE:
                        self._room.require(_GROWTH * len(text))
                    token_ids = await asyncio.to_thread(encode)
        except TokenizerError as error:
            raise as_api_error(error) from error
        if len(token_ids) > max_tokens:
            raise too_long(len(token_ids), max_tokens, param)
        return tuple(token_ids)

    def _is_far_too_long(self, text: str, max_tokens: int) -> bool:
        """Whether a text has twice as many tokens as may be, told from its pieces, which need little room.

        A cut changes the count by a token or two. Only texts of more letters than such prompts have are looked at.
        """
        num_tokens = 0
        if len(text) > max(8 * max_tokens, _PIECE):
            for place in range(0, len(text), _PIECE):
                num_tokens += len(self._tokenizer.encode(text[place : place + _PIECE], allow_special=True))
                if num_tokens > 2 * max_tokens + _PIECE // 8:
                    return True
        return False

    def _its_renderer(self) -> Renderer:
        if self._renderer is None:
            try:
                source = required_template(self._tokenizer)
            except TokenizerError as error:
                raise ApiError(400, "no_chat_template", str(error).replace("\n", " "), param="messages") from error
            self._renderer = Renderer(source, token_names(self._tokenizer))
        return self._renderer


async def _covered(
    veil: Veil, messages: Sequence[ChatMessage], tools: Sequence[Mapping[str, Any]] | None
) -> tuple[Any, Any]:
    """Both with all names covered; on a thread where they are long."""

    def cover() -> tuple[Any, Any]:
        return veil.cover(list(messages)), veil.cover(tools)

    num_letters = sum(len(text) for message in messages if isinstance(text := message.get("content"), str))
    return cover() if num_letters <= _PIECE else await asyncio.to_thread(cover)


def too_long(num_tokens: int | str, max_tokens: int, param: str) -> ApiError:
    """What a client is told whose prompt does not fit; `param` is its field."""
    message = f"The prompt has {num_tokens} tokens. At most {max_tokens} leave room for an answer. Shorten it."
    return ApiError(400, "context_length_exceeded", message, param=param)
