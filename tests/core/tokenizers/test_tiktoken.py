"""Grok-2's vocabulary file: its splitting, its stops, its template, and what is refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.tokenizers.conftest import assert_refuses_or_works

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import render_chat
from zaphod.core.tokenizers.tiktoken import TiktokenTokenizer, load_tiktoken

Write = Callable[[object], Path]


@given(text=st.text())
@settings(deadline=None)
def test_every_text_comes_back(tik: TiktokenTokenizer, text: str) -> None:
    assert tik.decode(tik.encode(text)) == text


@given(text=st.text(alphabet=st.sampled_from("ab 'sTt1２\n\t\r.,!Éß日🙂\u0301")))
@settings(deadline=None)
def test_text_is_split_as_the_published_rule_for_qwen2_splits_it(
    tik: TiktokenTokenizer, byte_level_library: tokenizers.Tokenizer, text: str
) -> None:
    chunks = byte_level_library.pre_tokenizer.pre_tokenize_str(text)
    by_chunk = [tik.encode(text[start:end]) for _, (start, end) in chunks]
    assert tik.encode(text) == [token_id for chunk in by_chunk for token_id in chunk]


def test_ids_are_those_of_the_file(tik: TiktokenTokenizer) -> None:
    assert [tik.token_bytes(token_id) for token_id in (0, 1, 2, 3, 258)] == [
        *[b"<|pad|>", b"<|separator|>", b"<|eos|>", b"\x00", b"\xff"]
    ]


def test_generation_stops_at_both_eos_and_separator(tik: TiktokenTokenizer) -> None:
    assert tik.eos_token_ids == (2, 1)
    assert (tik.pad_token_id, tik.bos_token_id) == (0, None)


def test_special_tokens_in_text_become_tokens_only_when_allowed(tik: TiktokenTokenizer) -> None:
    assert tik.encode("<|separator|>") == [1]
    token_ids = tik.encode("<|separator|>", allow_special=False)
    assert min(token_ids) > 2
    assert tik.decode(token_ids) == "<|separator|>"


def test_the_template_lays_out_a_conversation_as_grok2_was_trained(tik: TiktokenTokenizer) -> None:
    messages = [
        {"role": "system", "content": " Be brief. "},
        {"role": "user", "content": "Hi\n"},
        {"role": "assistant", "content": " Hello."},
        {"role": "user", "content": "Bye"},
    ]
    assert render_chat(tik, messages) == (
        "System: Be brief.<|separator|>\n\nHuman: Hi<|separator|>\n\n"
        "Assistant:  Hello.<|separator|>\n\nHuman: Bye<|separator|>\n\nAssistant:"
    )


def test_a_role_that_grok2_does_not_know_is_refused(tik: TiktokenTokenizer) -> None:
    with pytest.raises(TokenizerError, match="not tool"):
        render_chat(tik, [{"role": "tool", "content": "42"}])


def test_the_file_may_bring_its_own_pattern(tok_json: dict[str, Any], write_tok_json: Write) -> None:
    tokenizer = load_tiktoken(write_tok_json(tok_json | {"pat_str": r"[\s\S]"}))
    assert len(tokenizer.encode("the sky")) == len("the sky")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word_split": "V2"}, "word_split is 'V2'"),
        ({"regular_tokens": None}, "regular_tokens is missing"),
        ({"regular_tokens": {}}, "regular_tokens is not a list"),
        ({"special_tokens": []}, "no <|eos|>"),
        ({"special_tokens": [{"bytes": [255], "token": 0}]}, "not UTF-8"),
        ({"vocab_size": 12}, "vocab_size is 12"),
        ({"pat_str": "("}, "refuses"),
        ({"pat_str": 5}, "pat_str is 5"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused_by_name(
    tok_json: dict[str, Any], write_tok_json: Write, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(TokenizerError) as caught:
        load_tiktoken(write_tok_json(tok_json | {"vocab_size": None} | change))
    assert message in caught.value.found


@pytest.mark.parametrize(
    ("index", "entry", "message"),
    [
        (7, {"bytes": [300], "token": 10}, r"regular_tokens[7].bytes"),
        (7, {"bytes": [True], "token": 10}, r"regular_tokens[7].bytes"),
        (7, {"bytes": [], "token": 10}, r"regular_tokens[7].bytes"),
        (7, {"bytes": [7], "token": -1}, r"regular_tokens[7].token is -1"),
        (7, {"bytes": [8], "token": 10}, r"regular_tokens[8] repeats"),
        (7, {"bytes": [7], "token": 11}, "share"),
        (7, {"bytes": [1, 250, 3], "token": 10}, "the first is 0x07"),
        (7, 3, r"regular_tokens[7] is not an object"),
    ],
    ids=str,
)
def test_a_wrong_token_is_refused_by_its_place(
    tok_json: dict[str, Any], write_tok_json: Write, index: int, entry: object, message: str
) -> None:
    content = copy.deepcopy(tok_json)
    content["regular_tokens"][index] = entry
    with pytest.raises(TokenizerError) as caught:
        load_tiktoken(write_tok_json(content))
    assert message in caught.value.found


@given(data=st.data())
@settings(deadline=None)
def test_a_damaged_file_is_refused_or_read_but_never_crashes(
    tok_json: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = bytearray(json.dumps(tok_json).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(text) - 1))
        text[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    file = tmp_path_factory.getbasetemp() / "damaged.tok.json"
    file.write_bytes(text)
    assert_refuses_or_works(lambda: load_tiktoken(file).encode("the sky <|eos|>"))
