"""Prompts: special tokens of strangers are text, what cannot fit is refused before it is encoded."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from zaphod.core.tokenizers import ByteTokenizer, encode_chat
from zaphod.server.api.prompts import Prompts
from zaphod.server.errors import ApiError

TOKENIZER = ByteTokenizer()
HELLO: Any = [{"role": "user", "content": "hello <|eos|>"}]


class Counting(ByteTokenizer):
    """Counts what it encodes."""

    num_encoded = 0

    def encode(self, text: str, *, allow_special: bool = True, add_bos: bool = False) -> list[int]:
        type(self).num_encoded += len(text)
        return super().encode(text, allow_special=allow_special, add_bos=add_bos)


def with_prompts(act: Callable[[Prompts], Awaitable[Any]], tokenizer: ByteTokenizer = TOKENIZER) -> Any:
    async def run() -> Any:
        prompts = Prompts(tokenizer)
        try:
            return await act(prompts)
        finally:
            await prompts.close()

    return asyncio.run(run())


def refusal(act: Callable[[Prompts], Awaitable[Any]], tokenizer: ByteTokenizer = TOKENIZER) -> ApiError:
    with pytest.raises(ApiError) as caught:
        with_prompts(act, tokenizer)
    assert caught.value.status == 400
    return caught.value


def test_a_conversation_is_encoded_as_the_command_line_does() -> None:
    token_ids = with_prompts(lambda prompts: prompts.of_chat(HELLO, max_tokens=1000))
    assert list(token_ids) == encode_chat(TOKENIZER, HELLO)


def test_an_opening_may_be_a_special_token() -> None:
    token_ids = with_prompts(lambda prompts: prompts.of_chat(HELLO, max_tokens=1000, opening="<|eos|>"))
    assert token_ids[-1] == TOKENIZER.special_tokens["<|eos|>"]


def test_names_of_special_tokens_in_a_text_are_text_unless_the_whole_prompt_is_the_callers() -> None:
    special = TOKENIZER.special_tokens["<|eos|>"]
    for allow in (False, True):
        token_ids = with_prompts(
            lambda prompts, allow=allow: prompts.of_text("a<|eos|>", max_tokens=99, allow_special=allow)
        )
        assert (special in token_ids) is allow


@pytest.mark.parametrize("text", ["a" * 11, "é" * 6])
def test_what_has_too_many_tokens_is_refused(text: str) -> None:
    assert refusal(lambda prompts: prompts.of_text(text, max_tokens=10)).code == "context_length_exceeded"
    messages: Any = [{"role": "user", "content": text * 10}]
    assert refusal(lambda prompts: prompts.of_chat(messages, max_tokens=10)).code == "context_length_exceeded"


def test_what_cannot_fit_is_not_even_encoded() -> None:
    tokenizer = Counting()
    refusal(lambda prompts: prompts.of_text("a" * 1_000_000, max_tokens=10), tokenizer)
    assert tokenizer.num_encoded == 0


def test_long_texts_are_encoded_all_the_same() -> None:
    text = "word " * 2000
    assert with_prompts(lambda prompts: prompts.of_text(text, max_tokens=20_000)) == tuple(TOKENIZER.encode(text))


def test_a_model_without_a_template_takes_no_conversation() -> None:
    class Plain(ByteTokenizer):
        chat_template = None

    error = refusal(lambda prompts: prompts.of_chat(HELLO, max_tokens=99), Plain())
    assert error.code == "no_chat_template"


def test_ids_that_stand_for_no_token_are_refused() -> None:
    prompts = Prompts(TOKENIZER)
    prompts.require_known([0, TOKENIZER.vocab_size - 1], "prompt")
    with pytest.raises(ApiError, match="not in the vocabulary"):
        prompts.require_known([TOKENIZER.vocab_size], "prompt")


def test_a_templates_refusal_shows_the_text_that_was_sent() -> None:
    class Refusing(ByteTokenizer):
        chat_template = "{{ raise_exception('no ' + messages[0].content) }}"

    error = refusal(lambda prompts: prompts.of_chat(HELLO, max_tokens=99), Refusing())
    assert "no hello <|eos|>" in error.message
