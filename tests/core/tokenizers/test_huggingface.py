"""tokenizer.json vocabularies against the tokenizers library."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.tokenizers.conftest import CORPUS, assert_refuses_or_works
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer, load_huggingface

UNICODE = st.text()


@given(text=UNICODE)
@settings(deadline=None)
def test_byte_level_text_has_the_ids_of_the_library_and_comes_back(
    hf: HuggingFaceTokenizer, byte_level_library: tokenizers.Tokenizer, text: str
) -> None:
    token_ids = hf.encode(text)
    assert token_ids == byte_level_library.encode(text, add_special_tokens=False).ids
    assert hf.decode(token_ids) == text


def test_a_long_text_has_the_ids_of_the_library_and_lets_other_threads_run(
    hf: HuggingFaceTokenizer, byte_level_library: tokenizers.Tokenizer
) -> None:
    text = " ".join(CORPUS) * 200
    encoding = threading.Thread(target=lambda: encoded.extend(hf.encode(text)))
    encoded: list[int] = []
    num_turns = 0
    encoding.start()
    while encoding.is_alive():
        time.sleep(0.001)
        num_turns += 1
    # A library that held the interpreter's lock would leave this thread two or three turns.
    assert num_turns > 10
    assert encoded == byte_level_library.encode(text, add_special_tokens=False).ids


@given(data=st.data(), skip_special=st.booleans())
@settings(deadline=None)
def test_random_byte_level_tokens_decode_as_in_the_library(
    hf: HuggingFaceTokenizer, byte_level_library: tokenizers.Tokenizer, data: st.DataObject, skip_special: bool
) -> None:
    token_ids = data.draw(st.lists(st.integers(0, hf.vocab_size - 1), max_size=12))
    expected = byte_level_library.decode(token_ids, skip_special_tokens=skip_special)
    assert hf.decode(token_ids, skip_special=skip_special) == expected


@pytest.fixture(scope="module")
def metaspace_library() -> tokenizers.Tokenizer:
    """Spelt as SentencePiece does and as Mixtral's tokenizer.json is built."""
    library = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    library.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    library.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", "<s>", "</s>", *[f"<0x{value:02X}>" for value in range(256)]]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False)
    library.train_from_iterator([line for text in CORPUS for line in text.split("\n")], trainer)
    content = json.loads(library.to_str())
    content["added_tokens"] = content["added_tokens"][:3]
    return tokenizers.Tokenizer.from_str(json.dumps(content))


@pytest.fixture(scope="module")
def metaspace(metaspace_library: tokenizers.Tokenizer) -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(metaspace_library.to_str(), bos_token="<s>", eos_tokens=("</s>",))


@given(text=st.text(alphabet=st.characters(exclude_characters="▁", exclude_categories=["Cs"])))
@settings(deadline=None)
def test_text_in_sentencepiece_spelling_comes_back_and_decodes_as_in_the_library(
    metaspace: HuggingFaceTokenizer, metaspace_library: tokenizers.Tokenizer, text: str
) -> None:
    token_ids = metaspace.encode(text)
    assert token_ids == metaspace_library.encode(text, add_special_tokens=False).ids
    assert metaspace.decode(token_ids) == text == metaspace_library.decode(token_ids)


def test_byte_tokens_and_spaces_have_their_bytes(metaspace: HuggingFaceTokenizer) -> None:
    assert metaspace.token_bytes(metaspace.library.token_to_id("<0xF0>")) == b"\xf0"
    assert metaspace.token_bytes(metaspace.library.token_to_id("▁")) == b" "
    assert metaspace.decode(metaspace.encode("the"), after=metaspace.encode("of")) == " the"


def test_the_metaspace_decoder_takes_one_space_from_the_opening() -> None:
    library = tokenizers.Tokenizer(models.BPE({"▁": 0, "a": 1, "▁a": 2}, [("▁", "a")]))
    library.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    library.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer = HuggingFaceTokenizer(library.to_str())
    assert tokenizer.decode([2, 2]) == "a a" == library.decode([2, 2])


def test_special_names_are_ordinary_text_when_not_allowed(hf: HuggingFaceTokenizer) -> None:
    assert hf.encode("<|im_end|>") == list(hf.eos_token_ids)
    token_ids = hf.encode("<|im_end|>", allow_special=False)
    assert not set(token_ids) & set(hf.special_tokens.values())
    assert hf.decode(token_ids) == "<|im_end|>"


def test_an_added_token_that_is_not_special_stays_when_specials_are_skipped(hf: HuggingFaceTokenizer) -> None:
    assert hf.decode(hf.encode("<think>a<|im_end|>"), skip_special=True) == "<think>a"


def test_truncation_and_padding_of_the_file_are_off(byte_level_library: tokenizers.Tokenizer) -> None:
    library = tokenizers.Tokenizer.from_str(byte_level_library.to_str())
    library.enable_truncation(2)
    library.enable_padding(length=50)
    tokenizer = HuggingFaceTokenizer(library.to_str())
    assert tokenizer.decode(tokenizer.encode("in much the same way")) == "in much the same way"


def test_a_post_processor_that_puts_bos_first_says_that_the_model_wants_it(
    byte_level_library: tokenizers.Tokenizer, hf: HuggingFaceTokenizer
) -> None:
    library = tokenizers.Tokenizer.from_str(byte_level_library.to_str())
    bos = ("<|im_start|>", library.token_to_id("<|im_start|>"))
    library.post_processor = processors.TemplateProcessing(single="<|im_start|> $A", special_tokens=[bos])
    assert HuggingFaceTokenizer(library.to_str(), bos_token="<|im_start|>").wants_bos
    assert not hf.wants_bos


def test_grok2_in_this_format_stops_at_both_of_its_marks(byte_level_library: tokenizers.Tokenizer) -> None:
    library = tokenizers.Tokenizer.from_str(byte_level_library.to_str())
    library.add_special_tokens(["<|separator|>", "<|eos|>"])
    tokenizer = HuggingFaceTokenizer(library.to_str(), eos_tokens=("<|eos|>",))
    assert tokenizer.eos_token_ids == (library.token_to_id("<|eos|>"), library.token_to_id("<|separator|>"))


@pytest.fixture
def folder(tmp_path: Path, byte_level_library: tokenizers.Tokenizer) -> dict[str, Path]:
    files = {name: tmp_path / name for name in ("tokenizer.json", "tokenizer_config.json")}
    files["tokenizer.json"].write_text(byte_level_library.to_str())
    return files


def load_with(folder: dict[str, Path], settings: object) -> HuggingFaceTokenizer:
    folder["tokenizer_config.json"].write_text(json.dumps(settings))
    return load_huggingface(folder)


def test_settings_name_the_special_tokens_and_the_template(folder: dict[str, Path]) -> None:
    settings = {
        "bos_token": {"content": "<|im_start|>"},
        "eos_token": "<|im_end|>",
        "add_bos_token": True,
        "chat_template": [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "yes"}],
    }
    tokenizer = load_with(folder, settings)
    assert tokenizer.bos_token_id == tokenizer.special_tokens["<|im_start|>"]
    assert tokenizer.eos_token_ids == (tokenizer.special_tokens["<|im_end|>"],)
    assert (tokenizer.wants_bos, tokenizer.chat_template) == (True, "yes")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eos_token": "<nowhere>"}, "'<nowhere>', which is not in tokenizer.json"),
        ({"eos_token": 5}, "eos_token in tokenizer_config.json is 5"),
        ({"chat_template": 5}, "chat_template in tokenizer_config.json is a int"),
        ([], "it holds a list"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused(folder: dict[str, Path], settings: object, message: str) -> None:
    with pytest.raises(TokenizerError) as caught:
        load_with(folder, settings)
    assert message in caught.value.found


@pytest.mark.parametrize(
    "decoder", [None, {"type": "WordPiece", "prefix": "##", "cleanup": True}, {"type": "Sequence"}]
)
def test_a_decoder_that_is_not_known_is_refused(byte_level_library: tokenizers.Tokenizer, decoder: object) -> None:
    content = json.loads(byte_level_library.to_str()) | {"decoder": decoder}
    with pytest.raises(TokenizerError, match=r"tokens into text|refuses"):
        HuggingFaceTokenizer(json.dumps(content))


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"model": {"type": "BPE"}}', "[" * 100_000])
def test_a_file_of_another_kind_is_refused(folder: dict[str, Path], content: str) -> None:
    folder["tokenizer.json"].write_text(content)
    with pytest.raises(TokenizerError):
        load_with(folder, {})


@given(data=st.data())
@settings(deadline=None)
def test_a_damaged_file_is_refused_or_read_but_never_crashes(
    byte_level_library: tokenizers.Tokenizer, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = bytearray(byte_level_library.to_str().encode())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(text) - 1))
        text[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    file = tmp_path_factory.getbasetemp() / "damaged.json"
    file.write_bytes(text)
    assert_refuses_or_works(lambda: load_huggingface({"tokenizer.json": file}).encode("the sky <think>"))


@given(data=st.data())
@settings(deadline=None)
def test_a_file_with_one_value_exchanged_is_refused_or_read_but_never_crashes(
    byte_level_library: tokenizers.Tokenizer, data: st.DataObject
) -> None:
    content: Any = json.loads(byte_level_library.to_str())
    node = content
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.booleans()) or not isinstance(node[key], (dict, list)):
            node[key] = data.draw(st.sampled_from([None, 0, -1, 2**31, 2**40, "", "x", [], {}, [[]], True, 0.5]))
            break
        node = node[key]
    assert_refuses_or_works(lambda: HuggingFaceTokenizer(json.dumps(content)).encode("the sky <think>"))
