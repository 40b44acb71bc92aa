"""Tokens to text: whole characters only, the same text at once and one by one."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import ByteTokenizer, Tokenizer
from zaphod.core.tokenizers.protocol import Vocabulary, pieces_by_id

KINDS = ["spm", "hf", "tik", "bytes"]


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return ByteTokenizer() if request.param == "bytes" else request.getfixturevalue(request.param)


def stream_text(tokenizer: Tokenizer, token_ids: list[int], after: list[int] | None = None) -> str:
    stream = tokenizer.stream(after=after or [])
    return "".join([stream.push(token_id) for token_id in token_ids]) + stream.finish()


def test_every_tokenizer_fulfils_the_protocol(tokenizer: Tokenizer) -> None:
    assert isinstance(tokenizer, Tokenizer)


@given(data=st.data())
@settings(deadline=None)
def test_streaming_random_tokens_gives_the_text_of_all_at_once(tokenizer: Tokenizer, data: st.DataObject) -> None:
    token_ids = data.draw(st.lists(st.integers(0, tokenizer.vocab_size - 1), max_size=30))
    assert stream_text(tokenizer, token_ids) == tokenizer.decode(token_ids)


@given(text=st.text(max_size=40), cut=st.integers(0, 40))
@settings(deadline=None)
def test_a_stream_after_a_prompt_continues_it_without_losing_or_adding_a_character(
    tokenizer: Tokenizer, text: str, cut: int
) -> None:
    token_ids = tokenizer.encode("the " + text)
    prompt, rest = token_ids[:cut], token_ids[cut:]
    opening = tokenizer.stream()
    before = "".join([opening.push(token_id) for token_id in prompt])
    assert before + stream_text(tokenizer, rest, after=prompt) == tokenizer.decode(token_ids)


@given(data=st.binary(max_size=40))
@settings(deadline=None)
def test_bytes_become_text_as_python_reads_utf8(data: bytes) -> None:
    assert stream_text(ByteTokenizer(), list(data)) == data.decode("utf-8", errors="replace")


def test_an_emoji_split_over_four_tokens_appears_with_its_last_byte() -> None:
    stream = ByteTokenizer().stream()
    assert [stream.push(value) for value in "🙂".encode()] == ["", "", "", "🙂"]


def test_a_byte_that_cannot_continue_is_replaced_at_once() -> None:
    stream = ByteTokenizer().stream()
    assert [stream.push(0xE2), stream.push(ord("a")), stream.push(0xFF)] == ["", "\ufffda", "\ufffd"]


def test_a_character_left_open_is_replaced_only_at_the_end() -> None:
    stream = ByteTokenizer().stream()
    assert [stream.push(0xF0), stream.push(0x9F), stream.finish()] == ["", "", "\ufffd"]


def test_an_id_outside_the_vocabulary_is_refused(tokenizer: Tokenizer) -> None:
    for token_id in (-1, tokenizer.vocab_size):
        with pytest.raises(TokenizerError, match="not in the vocabulary"):
            tokenizer.decode([token_id])


def test_a_lone_surrogate_is_refused_with_its_place(tokenizer: Tokenizer) -> None:
    with pytest.raises(TokenizerError, match=r"U\+D800 at character 2"):
        tokenizer.encode("ab\ud800")


def test_a_vocabulary_without_bos_refuses_to_add_it(tik: Tokenizer) -> None:
    with pytest.raises(TokenizerError, match="BOS"):
        tik.encode("a", add_bos=True)


def test_bos_comes_first(hf: Tokenizer) -> None:
    assert hf.encode("a", add_bos=True) == [hf.bos_token_id, *hf.encode("a")]


def test_skipping_special_tokens_leaves_the_words(hf: Tokenizer) -> None:
    token_ids = hf.encode("<|im_start|>panic<|im_end|>")
    assert hf.decode(token_ids, skip_special=True) == "panic"


def test_a_special_token_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(TokenizerError, match="id 7"):
        Vocabulary(pieces=[b"a"], eos_token_ids=(7,))


def test_asking_for_bos_without_one_is_refused() -> None:
    with pytest.raises(TokenizerError, match="BOS"):
        Vocabulary(pieces=[b"a"], wants_bos=True)


@pytest.mark.parametrize("pieces", [{}, {-1: b"a"}, {0: b"a", 10**9: b"b"}])
def test_ids_that_do_not_count_up_are_refused(pieces: dict[int, bytes]) -> None:
    with pytest.raises(TokenizerError, match="ids"):
        pieces_by_id(pieces)


def test_importing_the_room_imports_no_tokenizer_library() -> None:
    heavy = "{'torch', 'transformers', 'sentencepiece', 'tokenizers', 'tiktoken', 'jinja2', 'numpy'}"
    program = f"import sys, zaphod.core.tokenizers; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
