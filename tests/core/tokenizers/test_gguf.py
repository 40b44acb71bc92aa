"""Vocabularies inside GGUF metadata against the libraries that define them."""

import json
from typing import Any

import pytest
import sentencepiece
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.tokenizers.conftest import CORPUS, assert_refuses_or_works
from tokenizers import pre_tokenizers

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import Tokenizer
from zaphod.core.tokenizers.gguf import library_pre_tokenizer, load_gguf_tokenizer
from zaphod.core.tokenizers.patterns import SPLITTINGS

Metadata = dict[str, Any]
TRICKY = st.text(alphabet=st.sampled_from("ab 'sTt1２\n\t\r.,!Éß日🙂\u0301<|>_"))


@pytest.fixture(scope="module")
def spm_library(spm_bytes: bytes) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=spm_bytes)


@pytest.fixture(scope="module")
def spm_metadata(spm_library: sentencepiece.SentencePieceProcessor) -> Metadata:
    """What a converter writes, by asking the library for each piece."""
    library = spm_library
    ids = range(len(library))
    own = {"<|separator|>", "\n", "7"}

    def kind(index: int) -> int:
        tests = {2: library.is_unknown, 3: library.is_control, 5: library.is_unused, 6: library.is_byte}
        user = 4 if library.id_to_piece(index) in own else 1
        return next((number for number, test in tests.items() if test(index)), user)

    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [library.id_to_piece(index) for index in ids],
        "tokenizer.ggml.scores": [library.get_score(index) for index in ids],
        "tokenizer.ggml.token_type": [kind(index) for index in ids],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.chat_template": "hello",
    }


@pytest.fixture(scope="module")
def embedded_spm(spm_metadata: Metadata) -> Tokenizer:
    return load_gguf_tokenizer(spm_metadata)


@given(text=st.one_of(st.text(), TRICKY, st.sampled_from(CORPUS)))
@settings(deadline=None, max_examples=300)
def test_an_embedded_sentencepiece_vocabulary_equals_the_library(
    embedded_spm: Tokenizer, spm_library: sentencepiece.SentencePieceProcessor, text: str
) -> None:
    token_ids = embedded_spm.encode(text)
    assert token_ids == spm_library.encode(text)
    assert embedded_spm.decode(token_ids) == spm_library.decode(token_ids)


def test_settings_are_read(spm_metadata: Metadata) -> None:
    tokenizer = load_gguf_tokenizer(spm_metadata | {"tokenizer.ggml.eot_token_id": 5})
    assert (tokenizer.bos_token_id, tokenizer.eos_token_ids, tokenizer.pad_token_id) == (1, (2, 5), None)
    assert tokenizer.chat_template == "hello"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, True),
        ({"general.architecture": "grok"}, False),
        ({"general.architecture": "grok", "tokenizer.ggml.add_bos_token": True}, True),
        ({"tokenizer.ggml.add_bos_token": False}, False),
    ],
    ids=str,
)
def test_sentencepiece_text_begins_with_bos_but_for_grok_or_when_told(
    spm_metadata: Metadata, extra: Metadata, expected: bool
) -> None:
    assert load_gguf_tokenizer(spm_metadata | extra).wants_bos is expected


def test_the_space_before_the_text_can_be_off(spm_metadata: Metadata) -> None:
    tokenizer = load_gguf_tokenizer(spm_metadata | {"tokenizer.ggml.add_space_prefix": False})
    assert not tokenizer.token_bytes(tokenizer.encode("the")[0]).startswith(b" ")
    assert tokenizer.decode(tokenizer.encode(" the")) == " the"


@pytest.fixture(scope="module")
def bpe_metadata(byte_level_library: tokenizers.Tokenizer) -> Metadata:
    content = json.loads(byte_level_library.to_str())
    added = {token["id"]: 3 if token["special"] else 4 for token in content["added_tokens"]}
    ids = range(byte_level_library.get_vocab_size())
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": [byte_level_library.id_to_token(index) for index in ids],
        "tokenizer.ggml.token_type": [added.get(index, 1) for index in ids],
        "tokenizer.ggml.merges": [" ".join(merge) for merge in content["model"]["merges"]],
        "tokenizer.ggml.eos_token_id": byte_level_library.token_to_id("<|im_end|>"),
    }


@pytest.fixture(scope="module")
def embedded_bpe(bpe_metadata: Metadata) -> Tokenizer:
    return load_gguf_tokenizer(bpe_metadata)


@given(text=st.one_of(st.text(), TRICKY, st.sampled_from(CORPUS)))
@settings(deadline=None, max_examples=300)
def test_an_embedded_byte_level_vocabulary_equals_the_library(
    embedded_bpe: Tokenizer, byte_level_library: tokenizers.Tokenizer, text: str
) -> None:
    assert embedded_bpe.encode(text) == byte_level_library.encode(text).ids
    assert embedded_bpe.decode(embedded_bpe.encode(text)) == text


def test_special_tokens_are_known_by_their_type(bpe_metadata: Metadata) -> None:
    tokenizer = load_gguf_tokenizer(bpe_metadata)
    assert set(tokenizer.special_tokens) == {"<|im_start|>", "<|im_end|>"}
    assert tokenizer.eos_token_ids == (tokenizer.special_tokens["<|im_end|>"],)
    assert len(tokenizer.encode("<think>")) == 1


@given(text=st.one_of(st.text(), TRICKY))
@settings(deadline=None, max_examples=300)
def test_gpt2_splitting_equals_the_one_inside_the_library(text: str) -> None:
    expected = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True).pre_tokenize_str(text)
    assert library_pre_tokenizer(SPLITTINGS["gpt-2"]).pre_tokenize_str(text) == expected


@given(text=st.one_of(st.text(), TRICKY))
@settings(deadline=None, max_examples=300)
def test_refact_splitting_takes_digits_apart_as_the_library_does(text: str) -> None:
    oracle = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    assert library_pre_tokenizer(SPLITTINGS["refact"]).pre_tokenize_str(text) == oracle.pre_tokenize_str(text)


@pytest.mark.parametrize("name", SPLITTINGS)
def test_every_known_splitting_gives_every_text_back(bpe_metadata: Metadata, name: str) -> None:
    tokenizer = load_gguf_tokenizer(bpe_metadata | {"tokenizer.ggml.pre": name})
    for text in CORPUS[:4]:
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_llama3_takes_up_to_three_digits_at_once() -> None:
    chunks = library_pre_tokenizer(SPLITTINGS["llama-bpe"]).pre_tokenize_str("1234567")
    assert [chunk for chunk, _ in chunks] == ["123", "456", "7"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokenizer.ggml.model": "bert"}, "of the kind 'bert'"),
        ({"tokenizer.ggml.tokens": None}, "tokens holds nothing"),
        ({"tokenizer.ggml.tokens": "abc"}, "tokens holds 'abc'"),
        ({"tokenizer.ggml.scores": [1.0]}, "scores holds 1 entries"),
        ({"tokenizer.ggml.token_type": [1]}, "token_type holds 1 entries"),
        ({"tokenizer.ggml.bos_token_id": "one"}, "bos_token_id holds 'one'"),
        ({"tokenizer.ggml.eos_token_id": 10**6}, "id 1000000"),
        ({"tokenizer.ggml.add_bos_token": "yes"}, "add_bos_token holds 'yes'"),
    ],
    ids=str,
)
def test_a_wrong_sentencepiece_key_is_refused_by_name(spm_metadata: Metadata, change: Metadata, message: str) -> None:
    with pytest.raises(TokenizerError) as caught:
        load_gguf_tokenizer(spm_metadata | change)
    assert message in caught.value.found


WRONG = [None, "x", float("nan"), -1, 1e300, 10**30, 10**400, "", b"a", [], {}, [[]], 0.5, "\ud800", True]


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_a_wrong_value_or_entry_is_refused_or_harmless(
    spm_metadata: Metadata, bpe_metadata: Metadata, data: st.DataObject
) -> None:
    metadata = dict(data.draw(st.sampled_from([spm_metadata, bpe_metadata])))
    key, wrong = data.draw(st.sampled_from(sorted(metadata))), data.draw(st.sampled_from(WRONG))
    if isinstance(metadata[key], list) and data.draw(st.booleans()):
        entries = list(metadata[key])
        entries[data.draw(st.integers(0, len(entries) - 1))] = wrong
        wrong = entries
    assert_refuses_or_works(lambda: load_gguf_tokenizer(metadata | {key: wrong}).encode("the sky"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokenizer.ggml.pre": "klingon"}, "the rule 'klingon'"),
        ({"tokenizer.ggml.merges": ["a b c"]}, "'a b c' at 0"),
        ({"tokenizer.ggml.merges": ["nowhere found"]}, "the library refuses"),
        ({"tokenizer.ggml.tokens": ["a", "a"], "tokenizer.ggml.token_type": [1, 1]}, "1 repeated"),
        ({"tokenizer.ggml.token_type": ["x"] * 453}, "token_type holds"),
        ({"tokenizer.ggml.bos_token_id": 10**6}, "id 1000000"),
    ],
    ids=str,
)
def test_a_wrong_byte_level_key_is_refused_by_name(bpe_metadata: Metadata, change: Metadata, message: str) -> None:
    with pytest.raises(TokenizerError) as caught:
        load_gguf_tokenizer(bpe_metadata | change)
    assert message in caught.value.found


def test_a_sentencepiece_vocabulary_without_unknown_piece_is_refused(spm_metadata: Metadata) -> None:
    types = [1 if kind == 2 else kind for kind in spm_metadata["tokenizer.ggml.token_type"]]
    with pytest.raises(TokenizerError, match="0 pieces for unknown text"):
        load_gguf_tokenizer(spm_metadata | {"tokenizer.ggml.token_type": types})
