"""The built-in model's vocabulary: byte-level BPE with single digits, learnt from text; knows text, not tasks.

A conversation is one question and one answer: `<|user|>question<|assistant|>answer<|end|>`. The chat template keeps the
last question only, since the model is trained on nothing longer. The second edition shows tools, a text, a tool's
result or the wish for a route before the question, each behind a token of its own, and has one token for each turn of
phrase of its JSON, so that a plan is short.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from zaphod.core.errors import ConfigError

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

CONTEXT_TOKENS = {"tool": "<|tool|>", "text": "<|text|>", "result": "<|result|>", "route": "<|route|>"}
SPECIAL_TOKENS_2 = (*SPECIAL_TOKENS, *CONTEXT_TOKENS.values())

STRUCTURE = (
    *(
        '{"plan":[',
        '{"do":"go","to":"',
        '{"do":"open","target":"',
        '{"do":"close","target":"',
        '{"do":"grasp","object":"',
    ),
    *(
        '{"do":"place","object":"',
        '","on":"',
        '","in":"',
        '{"do":"give","object":"',
        '","to":"user"}',
        '"},',
        '"}]}',
        "]}",
    ),
    *('{"refuse":"', '"}', '{"tool":"', '","arguments":{"', '","arguments":{}}', '":"', '":', '","', ',"', '"}}', "}}"),
    *('{"ask":"', '","for":"', '{"live":', ',"use":"'),
)
"""Pieces of the answers' JSON that are one token each; plain text otherwise."""

CHAT_TEMPLATE_2 = (
    "{%- for tool in tools or [] -%}{%- set told = tool['function'] if 'function' in tool else tool -%}"
    "{%- set schema = told['parameters'] or {} -%}"
    "<|tool|>{{ told['name'] }}("
    "{%- for name, kind in (schema['properties'] or {}).items() -%}"
    "{{ name }}"
    "{%- if 'default' not in kind and 'required' in schema and name not in schema['required'] -%}?{%- endif -%}"
    ":{%- if 'enum' in kind -%}{{ kind['enum'] | join('/') }}"
    "{%- else -%}{{ 'integer' if kind['type'] in ['integer', 'number'] else 'text' }}{%- endif -%}"
    "{%- if 'default' in kind -%}={{ kind['default'] }}{%- endif -%}"
    "{%- if not loop.last -%}{{ ', ' }}{%- endif -%}"
    "{%- endfor -%}) {{ told['description'] or '' }}"
    "{%- endfor -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' and message['content'].startswith('Text:') -%}"
    "<|text|>{{ message['content'][5:] | trim }}"
    "{%- endif -%}{%- endfor -%}"
    "{%- if messages[-1]['role'] == 'tool' -%}<|result|>{{ messages[-1]['content'] | trim }}{%- endif -%}"
    "{%- for message in messages -%}{%- if message['role'] == 'system' and message['content'] == 'Route' -%}"
    "<|route|>{%- endif -%}{%- endfor -%}"
    "{%- set last = messages | selectattr('role', 'equalto', 'user') | list | last -%}"
    "<|user|>{{ last['content'] | trim }}"
    "{%- if add_generation_prompt -%}<|assistant|>"
    "{%- elif messages[-1]['role'] == 'assistant' -%}<|assistant|>{{ messages[-1]['content'] }}<|end|>"
    "{%- endif -%}"
)

# Digits stand alone, so that numbers are read place by place. Words stand without the space before them, so that a word
# has the same tokens in the question and, after a quotation mark, in the answer: copying is then copying.
_PIECES = r"\p{N}|\p{L}+|[^\s\p{L}\p{N}]+|\s+"


def train_tokenizer(
    texts: Iterable[str],
    vocab_size: int,
    special_tokens: Sequence[str] = SPECIAL_TOKENS,
    structure: Sequence[str] = (),
) -> Tokenizer:
    """Learn merges from `texts`; the special tokens get the first ids, the 256 bytes the next, `structure` the last."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(structure),
        special_tokens=list(special_tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_without(structure, texts), trainer)
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in structure])
    return tokenizer


def _without(structure: Sequence[str], texts: Iterable[str]) -> Iterable[str]:
    """The texts cut at the pieces of structure, so that no merge is spent on them."""
    if not structure:
        return texts
    pattern = re.compile("|".join(re.escape(piece) for piece in sorted(structure, key=len, reverse=True)))
    return (piece for text in texts for piece in pattern.split(text) if piece)


def encode_prompt(tokenizer: Tokenizer, prompt: str, context: Iterable[tuple[str, str]] = ()) -> list[int]:
    """The ids after which the model answers. `context` is (kind, text), each shown behind its kind's token."""
    ids: list[int] = []
    for kind, text in context:
        mark = tokenizer.token_to_id(CONTEXT_TOKENS[kind])
        if mark is None:
            raise ConfigError(
                f"The vocabulary has no token {CONTEXT_TOKENS[kind]}.",
                f"A question that shows a {kind} needs it.",
                "Use the vocabulary of the second edition.",
            )
        ids += [mark, *tokenizer.encode(text.strip()).ids]
    return [*ids, USER_ID, *tokenizer.encode(prompt.strip()).ids, ASSISTANT_ID]


def encode_answer(tokenizer: Tokenizer, answer: str) -> list[int]:
    """The ids that the model is taught to produce."""
    return [*tokenizer.encode(answer).ids, END_ID]


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> list[Path]:
    """Write the three files that Hugging Face's loaders read."""
    knows_context = tokenizer.token_to_id(CONTEXT_TOKENS["tool"]) is not None
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": PAD,
        "eos_token": END,
        "additional_special_tokens": [USER, ASSISTANT, *(CONTEXT_TOKENS.values() if knows_context else ())],
        "clean_up_tokenization_spaces": False,
    }
    files = {
        folder / "tokenizer.json": tokenizer.to_str(pretty=False) + "\n",
        folder / "tokenizer_config.json": json.dumps(config, indent=2) + "\n",
        folder / "chat_template.jinja": CHAT_TEMPLATE_2 if knows_context else CHAT_TEMPLATE,
    }
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    return list(files)
