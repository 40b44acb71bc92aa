"""A vocabulary survives the way into GGUF metadata and back: same ids, same text, same special tokens."""

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.tokenizers.conftest import CORPUS, train_sentencepiece
from tokenizers import normalizers, pre_tokenizers

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import ByteTokenizer, Tokenizer, gguf_tokenizer_metadata
from zaphod.core.tokenizers.gguf import load_gguf_tokenizer
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer
from zaphod.core.tokenizers.sentencepiece import load_sentencepiece
from zaphod.core.tokenizers.tiktoken import TiktokenTokenizer

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet=st.sampled_from("ab 'sTt12\n.É日🙂")),
    st.sampled_from([*CORPUS, "<|separator|>7 <think>"]),
)


@pytest.fixture(scope="module", params=["spm", "hf", "tik"])
def pair(request: pytest.FixtureRequest) -> tuple[Tokenizer, Tokenizer]:
    tokenizer = request.getfixturevalue(request.param)
    return tokenizer, load_gguf_tokenizer(gguf_tokenizer_metadata(tokenizer))


@given(text=TEXTS)
@settings(deadline=None, max_examples=300)
def test_every_text_has_the_same_ids(pair: tuple[Tokenizer, Tokenizer], text: str) -> None:
    before, after = pair
    assert after.encode(text) == before.encode(text)


def test_tokens_and_their_roles_are_the_same(pair: tuple[Tokenizer, Tokenizer]) -> None:
    before, after = pair
    assert [after.token_bytes(i) for i in range(after.vocab_size)] == [
        before.token_bytes(i) for i in range(before.vocab_size)
    ]
    for attribute in ("special_tokens", "bos_token_id", "eos_token_ids", "pad_token_id", "chat_template", "wants_bos"):
        assert getattr(after, attribute) == getattr(before, attribute), attribute


def test_the_official_grok1_vocabulary_survives(official_grok1: Path) -> None:
    before = load_sentencepiece(official_grok1 / "tokenizer.model")
    metadata = gguf_tokenizer_metadata(before)
    after = load_gguf_tokenizer(metadata)
    assert after.vocab_size == 131072
    for text in [*CORPUS[:4], "hello world", "1234567", "<|separator|>", "[BOS]", "a\n\n\n  b"]:
        assert after.encode(text) == before.encode(text)
    assert (after.wants_bos, after.eos_token_ids, after.decode([3])) == (False, (2,), "[UNK]")


def test_every_json_of_the_metadata_is_plain(pair: tuple[Tokenizer, Tokenizer]) -> None:
    metadata = gguf_tokenizer_metadata(pair[0])
    assert json.loads(json.dumps(metadata)) == metadata


@pytest.mark.parametrize("options", [{"normalization_rule_name": "nmt_nfkc"}, {"add_dummy_prefix": False}], ids=str)
def test_the_rules_of_a_sentencepiece_model_survive(tmp_path: Path, options: dict[str, Any]) -> None:
    file = tmp_path / "tokenizer.model"
    file.write_bytes(train_sentencepiece(**options))
    before = load_sentencepiece(file)
    after = load_gguf_tokenizer(gguf_tokenizer_metadata(before))
    for text in ["  the  universe ", "ﬁne Ａ", *CORPUS[:4]]:
        assert after.encode(text) == before.encode(text)


def test_more_than_two_stops_survive(byte_level_library: tokenizers.Tokenizer) -> None:
    before = HuggingFaceTokenizer(byte_level_library.to_str(), eos_token_ids=(9, 4, 7, 1))
    assert load_gguf_tokenizer(gguf_tokenizer_metadata(before)).eos_token_ids == (9, 4, 7, 1)


def changed(library: tokenizers.Tokenizer, **parts: Any) -> HuggingFaceTokenizer:
    library = tokenizers.Tokenizer.from_str(library.to_str())
    for name, part in parts.items():
        setattr(library, name, part)
    return HuggingFaceTokenizer(library.to_str())


def test_a_normaliser_survives(byte_level_library: tokenizers.Tokenizer) -> None:
    before = changed(byte_level_library, normalizer=normalizers.NFC())
    after = load_gguf_tokenizer(gguf_tokenizer_metadata(before))
    assert after.encode("e\u0301") == before.encode("e\u0301") == before.encode("\u00e9")


def split(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


@pytest.mark.parametrize(
    ("pre_tokenizer", "name"),
    [
        (pre_tokenizers.ByteLevel(add_prefix_space=False), "gpt-2"),
        (
            pre_tokenizers.Sequence(
                [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
            ),
            "refact",
        ),
        (
            split(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
                r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            ),
            "dbrx",
        ),
    ],
    ids=["gpt-2", "refact", "dbrx"],
)
def test_a_splitting_is_known_by_what_it_does(
    byte_level_library: tokenizers.Tokenizer, pre_tokenizer: pre_tokenizers.PreTokenizer, name: str
) -> None:
    metadata = gguf_tokenizer_metadata(changed(byte_level_library, pre_tokenizer=pre_tokenizer))
    assert metadata["tokenizer.ggml.pre"] == name


def test_grok2_in_hugging_face_format_keeps_its_name(byte_level_library: tokenizers.Tokenizer) -> None:
    library = tokenizers.Tokenizer.from_str(byte_level_library.to_str())
    library.model.ignore_merges = True
    library.add_special_tokens(["<|separator|>", "<|eos|>"])
    metadata = gguf_tokenizer_metadata(HuggingFaceTokenizer(library.to_str()))
    assert metadata["tokenizer.ggml.pre"] == "grok-2"


@pytest.mark.parametrize(
    "parts",
    [
        {"pre_tokenizer": split(r"\s+")},
        {"pre_tokenizer": pre_tokenizers.ByteLevel(add_prefix_space=True)},
        {"normalizer": normalizers.Lowercase()},
    ],
    ids=["splitting", "prefix space", "normaliser"],
)
def test_what_gguf_cannot_say_is_refused(byte_level_library: tokenizers.Tokenizer, parts: dict[str, Any]) -> None:
    with pytest.raises(TokenizerError, match="GGUF cannot carry"):
        gguf_tokenizer_metadata(changed(byte_level_library, **parts))


def test_an_added_token_that_eats_spaces_is_refused(byte_level_library: tokenizers.Tokenizer) -> None:
    library = tokenizers.Tokenizer.from_str(byte_level_library.to_str())
    library.add_tokens([tokenizers.AddedToken("<mask>", lstrip=True)])
    with pytest.raises(TokenizerError, match=r"<mask>.*lstrip"):
        gguf_tokenizer_metadata(HuggingFaceTokenizer(library.to_str()))


def test_a_unigram_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.model"
    file.write_bytes(train_sentencepiece(model_type="unigram", vocab_size=380))
    with pytest.raises(TokenizerError, match="not BPE"):
        gguf_tokenizer_metadata(load_sentencepiece(file))


def test_ranks_with_another_pattern_are_refused(tik: TiktokenTokenizer) -> None:
    other = TiktokenTokenizer(tik.ranks, tik.special_tokens, pattern=r"\S+|\s+")
    with pytest.raises(TokenizerError, match="pat_str"):
        gguf_tokenizer_metadata(other)


def test_the_byte_tokenizer_is_refused() -> None:
    with pytest.raises(TokenizerError, match="ByteTokenizer"):
        gguf_tokenizer_metadata(ByteTokenizer())


@given(
    text=st.text(alphabet="ab", max_size=30),
    words=st.lists(st.text(alphabet="ab", min_size=2, max_size=6), unique=True),
)
@settings(deadline=None)
def test_merges_made_from_ranks_join_as_the_ranks_do(text: str, words: list[str]) -> None:
    """Only for ranks that byte-pair training can give: each token is the join of two tokens of lower rank."""
    ranks = {bytes([value]): value for value in range(256)}
    for word in sorted(words, key=len):
        if any(word[:cut].encode() in ranks and word[cut:].encode() in ranks for cut in range(1, len(word))):
            ranks[word.encode()] = len(ranks)
    before = TiktokenTokenizer(ranks, {"<|eos|>": len(ranks)})
    assert load_gguf_tokenizer(gguf_tokenizer_metadata(before)).encode(text) == before.encode(text)
