"""Vocabularies that go from one kind of file to another with the weights."""

import json

import numpy as np
import pytest
import tokenizers
from tests.support.tiny_models import open_tiny

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import load_tokenizer
from zaphod.model.files.conversion import convert
from zaphod.model.files.vocabulary import gguf_vocabulary, has_vocabulary_file, vocabulary_settings
from zaphod.model.files.weights import open_model

TEXT = "to be or not to be, that is the question: 12 apples\n"


@pytest.fixture
def model(tmp_path):
    """A tiny OLMoE of 400 tokens with a byte-level tokenizer.json of fewer."""
    with open_tiny(tmp_path / "source", "olmoe", vocab_size=400, eos_token_ids=(1,), pad_token_id=0) as weights:
        convert(weights, "safetensors", tmp_path / "model")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<pad>", "<eos>"], show_progress=False
    )
    tokenizer.train_from_iterator([TEXT] * 3, trainer)
    tokenizer.save(str(tmp_path / "model" / "tokenizer.json"))
    return tmp_path / "model"


def token_ids(path) -> list[int]:
    with open_model(path) as weights:
        return load_tokenizer(weights.tokenizer_files, weights.metadata).encode(TEXT)


def test_a_tokenizer_file_is_copied_beside_the_weights(model, tmp_path):
    with open_model(model) as weights:
        convert(weights, "packed", tmp_path / "packed")
    assert (tmp_path / "packed" / "tokenizer.json").read_bytes() == (model / "tokenizer.json").read_bytes()


@pytest.mark.parametrize("target", ["packed", "safetensors", "gguf"])
def test_a_vocabulary_goes_into_a_gguf_file_and_comes_out_again(target, model, tmp_path):
    with open_model(model) as weights:
        convert(weights, "gguf", tmp_path / "model.gguf")
    out = tmp_path / ("again.gguf" if target == "gguf" else target)
    with open_model(tmp_path / "model.gguf") as weights:
        convert(weights, target, out)
    assert token_ids(out) == token_ids(tmp_path / "model.gguf") == token_ids(model)
    assert open_model(out).config == open_model(tmp_path / "model.gguf").config


def test_a_gguf_vocabulary_has_a_token_for_each_row_of_the_embedding(model):
    with open_model(model) as weights:
        metadata = gguf_vocabulary(weights)
    tokens = metadata["tokenizer.ggml.tokens"]
    assert len(tokens) == 400
    assert tokens[-1] == "[PAD399]"
    types = metadata["tokenizer.ggml.token_type"]
    assert types.dtype == np.int32
    assert types[-1] == 5


def test_a_vocabulary_larger_than_the_model_is_refused(official_grok1, tmp_path):
    with open_model(official_grok1) as weights, pytest.raises(TokenizerError, match="131072 tokens, the model 512"):
        convert(weights, "gguf", tmp_path / "model.gguf")


def test_settings_alone_are_no_vocabulary(model):
    (model / "tokenizer.json").unlink()
    (model / "generation_config.json").write_text("{}")
    with open_model(model) as weights:
        assert not has_vocabulary_file(weights)
        assert gguf_vocabulary(weights) == vocabulary_settings(weights) == {}


def test_a_tokenizer_named_in_the_settings_goes_with_them(tmp_path):
    open_tiny(tmp_path / "source", "zaphod")
    with open_model(tmp_path / "source") as weights:
        convert(weights, "safetensors", tmp_path / "folder")
    config_json = json.loads((tmp_path / "folder" / "config.json").read_text())
    (tmp_path / "folder" / "config.json").write_text(json.dumps(config_json | {"tokenizer": "bytes"}))
    with open_model(tmp_path / "folder") as weights:
        convert(weights, "packed", tmp_path / "packed")
    with open_model(tmp_path / "packed") as weights:
        assert weights.metadata["tokenizer"] == "bytes"
        assert token_ids(tmp_path / "packed") == list(load_tokenizer({}, {"tokenizer": "bytes"}).encode(TEXT))


def test_the_official_tokenizer_travels_with_its_release(official_grok1, tmp_path):
    with open_model(official_grok1) as weights:
        convert(weights, "safetensors", tmp_path / "folder")
    assert (tmp_path / "folder" / "tokenizer.model").exists()
