"""The built-in model's vocabulary: byte-level BPE with single digits, learnt from text; knows text, not tasks.

A conversation is one question and one answer: `<|user|>question<|assistant|>answer<|end|>`. The chat template keeps the
last question only, since the model is trained on nothing longer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, USER, ASSISTANT, END = "<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"
SPECIAL_TOKENS = (PAD, USER, ASSISTANT, END)
PAD_ID, USER_ID, ASSISTANT_ID, END_ID = range(len(SPECIAL_TOKENS))

CHAT_TEMPLATE = (
    "{%- set last = messages | selectattr('role', 'equalto', 'user') | list | last -%}"
    "<|user|>{{ last['content'] | trim }}"
    "{%- if add_generation_prompt -%}<|assistant|>"
    "{%- elif messages[-1]['role'] == 'assistant' -%}<|assistant|>{{ messages[-1]['content'] }}<|end|>"
    "{%- endif -%}"
)

# Digits stand alone, so that numbers are read place by place. Words stand without the space before them, so that a word
# has the same tokens in the question and, after a quotation mark, in the answer: copying is then copying.
_PIECES = r"\p{N}|\p{L}+|[^\s\p{L}\p{N}]+|\s+"


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn merges from `texts`; the special tokens get the first ids, the 256 bytes the next."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode_prompt(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """The ids after which the model answers."""
    return [USER_ID, *tokenizer.encode(prompt.strip()).ids, ASSISTANT_ID]


def encode_answer(tokenizer: Tokenizer, answer: str) -> list[int]:
    """The ids that the model is taught to produce."""
    return [*tokenizer.encode(answer).ids, END_ID]


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> list[Path]:
    """Write the three files that Hugging Face's loaders read."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": PAD,
        "eos_token": END,
        "additional_special_tokens": [USER, ASSISTANT],
        "clean_up_tokenization_spaces": False,
    }
    files = {
        folder / "tokenizer.json": tokenizer.to_str(pretty=False) + "\n",
        folder / "tokenizer_config.json": json.dumps(config, indent=2) + "\n",
        folder / "chat_template.jinja": CHAT_TEMPLATE,
    }
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    return list(files)
