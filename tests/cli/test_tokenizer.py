from __future__ import annotations

import io
from pathlib import Path

import pytest
import sentencepiece
from tests.cli.conftest import Zaphod

LINES = [f"The moon number {n} is {n * n} miles away, and the sea is blue.\n" for n in range(2000)]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text.txt").write_text("".join(LINES))
    return tmp_path / "text.txt"


def test_a_vocabulary_is_learnt_measured_on_other_texts_and_shown(zaphod: Zaphod, text: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "tokenizer")
    result = zaphod("tokenizer", "train", str(text), "--vocab-size", "280", "--out", out, "--json").json
    assert (result["vocab_size"], result["num_changed"], result["num_texts"]) == (280, 0, 1)
    assert result["bytes_per_token"] > 1.5
    shown = zaphod("tokenizer", "show", out, "--text", str(text), "--json").json
    assert (shown["vocab_size"], shown["digest"]) == (280, result["digest"])


def test_further_special_tokens_get_ids_of_their_own(zaphod: Zaphod, text: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "tokenizer")
    zaphod("tokenizer", "train", str(text), "--vocab-size", "280", "--special", "<|user|>", "--out", out)
    assert zaphod("tokenizer", "show", out, "--json").json["special_tokens"]["<|user|>"] == 2
    assert "<|user|> 2" in zaphod("tokenizer", "show", out).out


def test_a_sentencepiece_model_is_imported_and_compared(zaphod: Zaphod, text: Path, tmp_path: Path) -> None:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES[:200]),
        model_writer=model,
        vocab_size=80,
        model_type="bpe",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (tmp_path / "tokenizer.model").write_bytes(model.getvalue())
    arguments = ("tokenizer", "import", str(tmp_path / "tokenizer.model"), "--out", str(tmp_path / "imported"))
    assert zaphod(*arguments, "--text", str(text), "--json").json["agreement"] == {"num_texts": 2000, "num_equal": 2000}
    assert "2,000 of 2,000" in zaphod(*arguments, "--text", str(text)).out


def test_a_place_without_texts_is_refused(zaphod: Zaphod, tmp_path: Path) -> None:
    refused = zaphod("tokenizer", "train", str(tmp_path), "--out", str(tmp_path / "t"))
    assert (refused.code, "no texts" in refused.err) == (2, True)


@pytest.mark.parametrize("verb", ["train", "show", "import"])
def test_every_verb_of_tokenizer_has_an_example_and_json(zaphod: Zaphod, verb: str) -> None:
    out = zaphod("tokenizer", verb, "--help").out
    assert f"  zaphod tokenizer {verb}" in out.split("Examples:")[1]
    assert "--json" in out
