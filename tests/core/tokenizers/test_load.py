"""Which files make which tokenizer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import ByteTokenizer, gguf_tokenizer_metadata, load_tokenizer
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer
from zaphod.core.tokenizers.sentencepiece import SentencePieceTokenizer
from zaphod.core.tokenizers.tiktoken import TiktokenTokenizer


@pytest.fixture
def hf_file(tmp_path: Path, byte_level_library: tokenizers.Tokenizer) -> Path:
    file = tmp_path / "tokenizer.json"
    file.write_text(byte_level_library.to_str())
    return file


def test_a_tokenizer_json_goes_before_a_sentencepiece_model(hf_file: Path, spm_file: Path) -> None:
    tokenizer = load_tokenizer({"tokenizer.model": spm_file, "tokenizer.json": hf_file}, {})
    assert isinstance(tokenizer, HuggingFaceTokenizer)


def test_a_sentencepiece_model_alone_is_grok1s_kind(spm_file: Path) -> None:
    assert isinstance(load_tokenizer({"tokenizer.model": spm_file}, {}), SentencePieceTokenizer)


def test_a_rank_file_is_grok2s_kind(tok_json: dict[str, Any], write_tok_json: Callable[[object], Path]) -> None:
    file = write_tok_json(tok_json)
    assert isinstance(load_tokenizer({file.name: file}, {}), TiktokenTokenizer)


def test_a_vocabulary_in_the_metadata_is_used_when_there_is_no_file(hf: HuggingFaceTokenizer) -> None:
    tokenizer = load_tokenizer({}, gguf_tokenizer_metadata(hf))
    assert tokenizer.encode("the sky") == hf.encode("the sky")


def test_the_built_in_model_has_bytes() -> None:
    assert isinstance(load_tokenizer({}, {"tokenizer": "bytes"}), ByteTokenizer)


def test_a_template_file_goes_before_the_one_inside(
    tmp_path: Path, tok_json: dict[str, Any], write_tok_json: Callable[[object], Path]
) -> None:
    template = tmp_path / "chat_template.jinja"
    template.write_text("mine")
    file = write_tok_json(tok_json)
    assert load_tokenizer({file.name: file, template.name: template}, {}).chat_template == "mine"


def test_settings_beside_a_sentencepiece_model_are_read(tmp_path: Path, spm_file: Path) -> None:
    settings = tmp_path / "tokenizer_config.json"
    settings.write_text(json.dumps({"add_bos_token": True, "chat_template": "theirs"}))
    tokenizer = load_tokenizer({"tokenizer.model": spm_file, settings.name: settings}, {})
    assert (tokenizer.wants_bos, tokenizer.chat_template) == (True, "theirs")


@pytest.mark.parametrize(("value", "expected"), [(5, (5,)), ([7, 5], (7, 5)), (None, ())], ids=str)
def test_stops_are_read_from_the_metadata(hf_file: Path, value: object, expected: tuple[int, ...]) -> None:
    assert load_tokenizer({"tokenizer.json": hf_file}, {"eos_token_id": value}).eos_token_ids == expected


def test_stops_in_the_generation_settings_go_first(tmp_path: Path, hf_file: Path) -> None:
    settings = tmp_path / "generation_config.json"
    settings.write_text('{"eos_token_id": [3, 4]}')
    files = {"tokenizer.json": hf_file, settings.name: settings}
    assert load_tokenizer(files, {"eos_token_id": 9}).eos_token_ids == (3, 4)


def test_a_stop_that_is_no_id_is_refused(hf_file: Path) -> None:
    with pytest.raises(TokenizerError, match="eos_token_id is 'two'"):
        load_tokenizer({"tokenizer.json": hf_file}, {"eos_token_id": "two"})


def test_no_tokenizer_is_refused_and_the_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"vocab\.txt"):
        load_tokenizer({"vocab.txt": tmp_path / "vocab.txt"}, {})


def test_a_template_that_is_not_text_is_refused(tmp_path: Path, spm_file: Path) -> None:
    template = tmp_path / "chat_template.jinja"
    template.write_bytes(b"\xff\xfe")
    with pytest.raises(TokenizerError, match="is not text"):
        load_tokenizer({"tokenizer.model": spm_file, template.name: template}, {})
