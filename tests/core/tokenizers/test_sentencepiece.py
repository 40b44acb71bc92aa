"""SentencePiece vocabularies against the SentencePiece library, and Grok-1's against xAI's own ids."""

import random
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.tokenizers.conftest import assert_refuses_or_works, train_sentencepiece

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.sentencepiece import SentencePieceTokenizer, load_sentencepiece
from zaphod.core.tokenizers.sentencepiece_model import PieceType, parse_sentencepiece_model

GROK1_IDS = {
    "hello world": [21560, 1135],
    "The answer to life the universe and everything is of course": [
        *[422, 3033, 356, 1180, 333, 9072, 360, 2175, 391, 359, 1805]
    ],
    "1234567": [130089, 15, 16, 17, 18, 19, 20, 21],
    "<|separator|>": [130089, 47],
    "[BOS]": [794, 130131, 2917, 130165],
}


@pytest.fixture(scope="module")
def grok1(official_grok1: Path) -> SentencePieceTokenizer:
    return load_sentencepiece(official_grok1 / "tokenizer.model")


@pytest.mark.parametrize("text", GROK1_IDS)
def test_grok1_encodes_the_texts_of_the_reference(grok1: SentencePieceTokenizer, text: str) -> None:
    assert grok1.encode(text) == GROK1_IDS[text]


def test_grok1_names_its_special_tokens(grok1: SentencePieceTokenizer) -> None:
    assert (grok1.vocab_size, grok1.bos_token_id, grok1.eos_token_ids, grok1.pad_token_id) == (131072, 1, (2,), 0)
    assert grok1.special_tokens["<|separator|>"] == 47
    assert "7" not in grok1.special_tokens
    assert not grok1.wants_bos


def test_grok1_agrees_with_the_library_on_random_tokens(official_grok1: Path, grok1: SentencePieceTokenizer) -> None:
    library = sentencepiece.SentencePieceProcessor(model_file=str(official_grok1 / "tokenizer.model"))
    generator = random.Random(42)
    for _ in range(300):
        token_ids = [generator.choice([*range(69), *range(325, 131072)]) for _ in range(8)]
        assert grok1.decode(token_ids) == library.decode(token_ids)
        assert grok1.encode(grok1.decode(token_ids)) == library.encode(library.decode(token_ids))


@pytest.fixture(scope="module")
def library(spm_file: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(spm_file))


@given(text=st.text())
@settings(deadline=None)
def test_every_text_has_the_ids_and_the_text_of_the_library(
    spm: SentencePieceTokenizer, library: sentencepiece.SentencePieceProcessor, text: str
) -> None:
    token_ids = spm.encode(text)
    assert token_ids == library.encode(text)
    assert spm.decode(token_ids) == library.decode(token_ids)


@given(text=st.text().filter(lambda text: "\u2581" not in text))
@settings(deadline=None)
def test_every_text_comes_back_but_for_the_sign_that_stands_for_a_space(spm: SentencePieceTokenizer, text: str) -> None:
    assert spm.decode(spm.encode(text)) == text


@given(data=st.data())
@settings(deadline=None)
def test_random_tokens_without_bytes_decode_as_in_the_library(
    spm: SentencePieceTokenizer, library: sentencepiece.SentencePieceProcessor, data: st.DataObject
) -> None:
    whole = [index for index in range(spm.vocab_size) if not library.is_byte(index)]
    token_ids = data.draw(st.lists(st.sampled_from(whole), max_size=10))
    assert spm.decode(token_ids) == library.decode(token_ids)


@pytest.mark.parametrize(
    "options",
    [
        {"add_dummy_prefix": False},
        {"remove_extra_whitespaces": True},
        {"remove_extra_whitespaces": True, "add_dummy_prefix": False},
        {"normalization_rule_name": "nmt_nfkc"},
        {"model_type": "unigram", "vocab_size": 380},
    ],
    ids=str,
)
def test_other_kinds_of_models_decode_as_in_the_library(tmp_path: Path, options: dict[str, object]) -> None:
    file = tmp_path / "tokenizer.model"
    file.write_bytes(train_sentencepiece(**options))
    library = sentencepiece.SentencePieceProcessor(model_file=str(file))
    tokenizer = load_sentencepiece(file)
    whole = [index for index in range(tokenizer.vocab_size) if not library.is_byte(index)]
    generator = random.Random(1)
    for text in ("  the universe ", "ﬁne　Ａ", "a\t b"):
        assert tokenizer.encode(text) == library.encode(text)
    for _ in range(200):
        token_ids = generator.choices(whole, k=6)
        assert tokenizer.decode(token_ids) == library.decode(token_ids)


def test_a_continuation_keeps_its_space(spm: SentencePieceTokenizer) -> None:
    prompt, rest = spm.encode("the sky")[:-1], spm.encode("the sky")[-1:]
    stream = spm.stream(after=prompt)
    assert spm.decode(prompt) + stream.push(rest[0]) + stream.finish() == "the sky"
    assert spm.decode(spm.encode("the"), after=prompt) == " the"


def test_a_character_that_the_prompt_left_open_is_completed(spm: SentencePieceTokenizer) -> None:
    token_ids = spm.encode("\U0001f9ff")
    assert spm.decode(token_ids[-2:], after=token_ids[:-2]) == "\U0001f9ff"


def test_control_tokens_never_come_from_text(spm: SentencePieceTokenizer) -> None:
    token_ids = spm.encode("<s>hello</s><pad>")
    assert not {spm.bos_token_id, *spm.eos_token_ids, spm.pad_token_id} & set(token_ids)


def test_a_mark_in_text_is_ordinary_text_when_special_tokens_are_not_allowed(spm: SentencePieceTokenizer) -> None:
    mark = spm.special_tokens["<|separator|>"]
    assert mark in spm.encode("a<|separator|>7")
    token_ids = spm.encode("a<|separator|>7", allow_special=False)
    assert mark not in token_ids
    assert spm.decode(token_ids) == "a<|separator|>7"


def test_the_file_is_read_as_the_library_reads_it(spm_bytes: bytes) -> None:
    model = parse_sentencepiece_model(spm_bytes)
    library = sentencepiece.SentencePieceProcessor(model_proto=spm_bytes)
    for index, piece in enumerate(model.pieces):
        assert piece.text == library.id_to_piece(index)
        assert piece.score == pytest.approx(library.get_score(index))
        assert (piece.type == PieceType.CONTROL) == library.is_control(index)
        assert (piece.type == PieceType.BYTE) == library.is_byte(index)


@given(length=st.integers(0, 3000))
@settings(deadline=None)
def test_a_truncated_model_is_refused_or_read_but_never_crashes(spm_bytes: bytes, length: int) -> None:
    assert_refuses_or_works(lambda: use(spm_bytes[:length]))


@given(position=st.integers(0, 10**6), value=st.integers(0, 255))
@settings(deadline=None)
def test_a_damaged_model_is_refused_or_read_but_never_crashes(spm_bytes: bytes, position: int, value: int) -> None:
    damaged = bytearray(spm_bytes)
    damaged[position % len(damaged)] = value
    assert_refuses_or_works(lambda: use(bytes(damaged)))


def use(data: bytes) -> None:
    model = parse_sentencepiece_model(data)
    tokenizer = SentencePieceTokenizer(model, bos_token_id=1, eos_token_ids=(2,), pad_token_id=None)
    tokenizer.decode(tokenizer.encode("the universe"))


@pytest.mark.parametrize("data", [b"", b"\x0a\xff", b"\x0f", b"\xff" * 20])
def test_bytes_of_another_kind_are_refused(data: bytes) -> None:
    with pytest.raises(TokenizerError, match="not a SentencePiece model"):
        parse_sentencepiece_model(data)


def test_a_git_lfs_pointer_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.model"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:5c69\nsize 2229219\n")
    with pytest.raises(TokenizerError, match="not a SentencePiece model"):
        load_sentencepiece(file)
