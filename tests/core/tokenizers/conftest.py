"""Small vocabularies of every kind, trained once for all tests of this room."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sentencepiece
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer
from zaphod.core.tokenizers.sentencepiece import SentencePieceTokenizer, load_sentencepiece
from zaphod.core.tokenizers.tiktoken import TiktokenTokenizer, load_tiktoken

CORPUS = [
    "The answer to life the universe and everything is of course forty-two.",
    "Don't panic: the ships hung in the sky in much the same way that bricks don't.",
    "  indented code:\n\tif x1 == 42:\n\t\treturn 'x'  # 12345\n",
    "Größe, naïve café, Ærø, 日本語の文章, Привет мир, 🙂👍🏽, e\u0301",
] * 8


def assert_refuses_or_works(action: Callable[[], object]) -> None:
    """Damage may go unnoticed; what is noticed is our own error with its three parts, and nothing else is raised."""
    try:
        action()
    except TokenizerError as error:
        parts = (error.found, error.wanted, error.remedy)
        assert all(parts), parts


def train_sentencepiece(**options: object) -> bytes:
    model = io.BytesIO()
    settings = {
        "model_type": "bpe",
        "vocab_size": 500,
        "byte_fallback": True,
        "character_coverage": 0.99,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
        "hard_vocab_limit": False,
        "user_defined_symbols": ["<|separator|>", "\n", "7"],
        "pad_id": 3,
        "minloglevel": 2,
    }
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_writer=model, **(settings | options))
    return model.getvalue()


@pytest.fixture(scope="session")
def spm_bytes() -> bytes:
    return train_sentencepiece()


@pytest.fixture(scope="session")
def spm_file(spm_bytes: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("spm") / "tokenizer.model"
    file.write_bytes(spm_bytes)
    return file


@pytest.fixture(scope="session")
def spm(spm_file: Path) -> SentencePieceTokenizer:
    return load_sentencepiece(spm_file)


@pytest.fixture(scope="session")
def byte_level_library() -> tokenizers.Tokenizer:
    """A byte-level BPE that splits as Qwen's does, with special tokens of its own."""
    library = tokenizers.Tokenizer(models.BPE())
    words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    pattern = words + r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    library.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=450, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    library.train_from_iterator(CORPUS, trainer)
    library.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    library.add_tokens(["<think>"])
    return library


@pytest.fixture(scope="session")
def hf(byte_level_library: tokenizers.Tokenizer) -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(byte_level_library.to_str(), bos_token="<|im_start|>", eos_tokens=("<|im_end|>",))


@pytest.fixture(scope="session")
def tok_json(byte_level_library: tokenizers.Tokenizer) -> dict[str, object]:
    """A `*.tok.json` as Grok-2's: ids of ordinary tokens follow those of three special ones."""
    alphabet = {character: index for index, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    model = json.loads(byte_level_library.to_str())["model"]
    spelling = _byte_of_character()
    assert set(spelling) == set(alphabet)
    words = [bytes([value]) for value in range(256)]
    for left, right in model["merges"]:
        word = bytes(spelling[character] for character in left + right)
        if word not in words:
            words.append(word)
    names = ["<|pad|>", "<|separator|>", "<|eos|>"]
    return {
        "regular_tokens": [{"bytes": list(word), "token": 3 + index} for index, word in enumerate(words)],
        "special_tokens": [{"bytes": list(name.encode()), "token": index} for index, name in enumerate(names)],
        "word_split": "V1",
        "vocab_size": 3 + len(words),
    }


def _byte_of_character() -> dict[str, int]:
    """GPT-2's alphabet by asking the library for each byte that is a character of its own; the rest in order."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [value for value in range(256) if value not in shown]
    return {chr(value): value for value in shown} | {chr(256 + index): value for index, value in enumerate(hidden)}


@pytest.fixture(scope="session")
def write_tok_json(tmp_path_factory: pytest.TempPathFactory) -> Callable[[object], Path]:
    folder = tmp_path_factory.mktemp("tok")

    def write(content: object) -> Path:
        file = folder / "tokenizer.tok.json"
        file.write_text(json.dumps(content))
        return file

    return write


@pytest.fixture(scope="session")
def tik(tok_json: dict[str, object], write_tok_json: Callable[[object], Path]) -> TiktokenTokenizer:
    return load_tiktoken(write_tok_json(tok_json))
