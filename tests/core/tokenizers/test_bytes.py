"""One token a byte."""

from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.tokenizers import ByteTokenizer


@given(text=st.text(), allow_special=st.booleans())
@settings(deadline=None)
def test_every_text_comes_back(text: str, allow_special: bool) -> None:
    tokenizer = ByteTokenizer()
    assert tokenizer.decode(tokenizer.encode(text, allow_special=allow_special)) == text


def test_names_of_special_tokens_become_tokens_only_when_allowed() -> None:
    tokenizer = ByteTokenizer()
    assert tokenizer.encode("a<|eos|>b") == [97, 257, 98]
    assert max(tokenizer.encode("a<|eos|>b", allow_special=False)) < 256


def test_special_tokens_lie_behind_the_bytes() -> None:
    tokenizer = ByteTokenizer()
    special_ids = (tokenizer.bos_token_id, tokenizer.eos_token_ids, tokenizer.pad_token_id)
    assert (*special_ids, tokenizer.vocab_size) == (256, (257,), 258, 259)
