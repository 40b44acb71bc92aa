"""Texts that are far too long are refused before all of them is encoded."""

import asyncio

import pytest

from zaphod.core.tokenizers import ByteTokenizer
from zaphod.server.api import prompts
from zaphod.server.api.prompts import Prompts
from zaphod.server.errors import ApiError
from zaphod.server.memory import Room


class Counting(ByteTokenizer):
    """Counts the characters that it encodes. One token has a hundred bytes, so that lengths alone do not tell much."""

    def __init__(self) -> None:
        super().__init__()
        self.num_encoded = 0

    def token_bytes(self, token_id: int) -> bytes:
        return super().token_bytes(token_id) if token_id else b"a" * 100

    def _encode_text(self, text: str, allow_special: bool) -> list[int]:
        self.num_encoded += len(text)
        return super()._encode_text(text, allow_special)


def encode(tokenizer: Counting, text: str, max_tokens: int) -> int:
    return len(asyncio.run(Prompts(tokenizer).of_text(text, max_tokens=max_tokens)))


def test_a_text_that_fits_is_encoded_once() -> None:
    tokenizer = Counting()
    assert encode(tokenizer, "a" * 200_000, 300_000) >= 200_000
    assert tokenizer.num_encoded == 200_000


def test_a_text_that_is_far_too_long_is_not_encoded_to_its_end() -> None:
    tokenizer = Counting()
    with pytest.raises(ApiError, match="more than 50000 tokens") as refused:
        encode(tokenizer, "a" * 4_000_000, 50_000)
    assert refused.value.code == "context_length_exceeded"
    assert tokenizer.num_encoded < 200_000


def test_a_text_of_more_bytes_than_so_many_tokens_have_is_not_encoded_at_all() -> None:
    tokenizer = Counting()
    with pytest.raises(ApiError, match="more than 50000 tokens"):
        encode(tokenizer, "a" * 5_000_001, 50_000)
    assert tokenizer.num_encoded == 0


def test_a_long_text_is_not_encoded_where_the_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "Room", lambda: Room(lambda: 1_000_000))
    tokenizer = Counting()
    with pytest.raises(ApiError) as refused:
        encode(tokenizer, "a" * 100_000, 200_000)
    assert (refused.value.status, refused.value.code) == (503, "out_of_memory")
    assert encode(tokenizer, "a" * 10_000, 200_000) >= 10_000
