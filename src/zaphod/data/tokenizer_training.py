"""Byte-level BPE learnt from texts, and what a vocabulary makes of other texts; knows no model and no task.

Every text comes back unchanged: the 256 bytes are tokens, and nothing is normalised. `docs/data.md` says which of the
ways to split text to choose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers import Tokenizer
from zaphod.core.tokenizers.patterns import SPLITTINGS

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

_NUM_BYTES = 256
_MIN_FREQUENCY = 2


@dataclass(frozen=True, kw_only=True)
class TokenizerTraining:
    """How a vocabulary is learnt."""

    vocab_size: int = 32_000
    """Bytes and special tokens included. Texts that hold fewer repeated pairs give fewer tokens."""
    special_tokens: tuple[str, ...] = ("<|end|>", "<|pad|>")
    """They get the first ids."""
    end_token: str = "<|end|>"
    """Closes documents and answers; one of the special tokens."""
    pad_token: str | None = "<|pad|>"
    splitting: str = "qwen2"
    """How text is cut before bytes are joined, by GGUF's name: `qwen2` has single digits, `llama-bpe` up to three."""

    def __post_init__(self) -> None:
        least = _NUM_BYTES + len(self.special_tokens)
        if self.vocab_size < least:
            raise ConfigError(
                f"vocab_size is {self.vocab_size}.",
                f"{_NUM_BYTES} bytes and {len(self.special_tokens)} special tokens need {least}.",
                "Raise it.",
            )
        if self.splitting not in SPLITTINGS:
            raise ConfigError(
                f"There is no splitting {self.splitting!r}.", f"There are {', '.join(SPLITTINGS)}.", "Choose one."
            )
        named = [self.end_token] if self.pad_token is None else [self.end_token, self.pad_token]
        if len(set(self.special_tokens)) < len(self.special_tokens) or "" in self.special_tokens:
            raise ConfigError(
                f"The special tokens are {', '.join(map(repr, self.special_tokens))}.",
                "Each has a name of its own.",
                "Name each once.",
            )
        for name in named:
            if name not in self.special_tokens:
                raise ConfigError(
                    f"{name!r} is not among the special tokens {', '.join(self.special_tokens)}.",
                    "The end token and the pad token are special tokens.",
                    "Add it to them.",
                )


@dataclass(frozen=True, kw_only=True)
class TokenizerReport:
    """What a vocabulary makes of some texts."""

    num_texts: int
    num_bytes: int
    num_tokens: int
    num_changed: int
    """Texts that do not come back as they were."""
    num_unused: int
    """Tokens that none of the texts needs."""

    @property
    def bytes_per_token(self) -> float:
        return self.num_bytes / self.num_tokens if self.num_tokens else 0.0


def train_tokenizer(texts: Iterable[str], training: TokenizerTraining) -> Library:
    """Learn a vocabulary; the same texts in the same order give the same one."""
    from tokenizers import Regex, decoders, models, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Library

    splitting = SPLITTINGS[training.splitting]
    cuts = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in splitting.patterns]
    tokenizer = Library(models.BPE(ignore_merges=splitting.ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=training.vocab_size,
        min_frequency=_MIN_FREQUENCY,
        special_tokens=list(training.special_tokens),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # What UTF-8 cannot hold would stop the library in the middle.
    tokenizer.train_from_iterator((text.encode("utf-8", "replace").decode() for text in texts), trainer)
    return tokenizer


def save_tokenizer(tokenizer: Library, training: TokenizerTraining, folder: Path) -> list[Path]:
    """Write the two files that Hugging Face's loaders and ours read."""
    others = [name for name in training.special_tokens if name not in (training.end_token, training.pad_token)]
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": training.end_token,
        **({"pad_token": training.pad_token} if training.pad_token is not None else {}),
        "additional_special_tokens": others,
        "clean_up_tokenization_spaces": False,
    }
    return write_tokenizer(folder, tokenizer.to_str(pretty=False), settings)


def write_tokenizer(folder: Path, tokenizer_json: str, settings: dict[str, object]) -> list[Path]:
    """Write `tokenizer.json` and `tokenizer_config.json`; each appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {"tokenizer_config.json": json.dumps(settings, indent=2) + "\n", "tokenizer.json": tokenizer_json + "\n"}
    for name, content in contents.items():
        unfinished = folder / (name + ".partial")
        unfinished.write_text(content, encoding="utf-8")
        unfinished.replace(folder / name)
    return [folder / name for name in contents]


def measure_tokenizer(tokenizer: Tokenizer, texts: Iterable[str]) -> TokenizerReport:
    """Bytes a token and exact round trips; names of special tokens in the texts are ordinary text."""
    num_texts = num_bytes = num_tokens = num_changed = 0
    used: set[int] = set()
    for text in texts:
        token_ids = tokenizer.encode(text, allow_special=False)
        num_texts += 1
        num_bytes += len(text.encode())
        num_tokens += len(token_ids)
        num_changed += tokenizer.decode(token_ids) != text
        used.update(token_ids)
    return TokenizerReport(
        num_texts=num_texts,
        num_bytes=num_bytes,
        num_tokens=num_tokens,
        num_changed=num_changed,
        num_unused=tokenizer.vocab_size - len(used),
    )
