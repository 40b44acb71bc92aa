"""How byte-level BPE vocabularies split text before merging; regular expressions by their GGUF name, no vocabulary.

Each alternative of a pattern is one kind of chunk, and the first that matches wins. They are read by two engines (the
`tiktoken` and the `tokenizers` library), so only syntax with one meaning in both is used.
Sources: the reference sheet's description of Grok-2's word_split V1; the GPT-2 and Llama-3 releases; llama.cpp's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.core.errors import TokenizerError

_LAST_SPACE_APART = r"\s+(?!\S)"  # the last of several spaces belongs to the word after it
_GPT2 = "|".join(
    [
        r"'(?:[sdmt]|ll|ve|re)",
        r" ?\p{L}+",
        r" ?\p{N}+",
        r" ?[^\s\p{L}\p{N}]+",
        _LAST_SPACE_APART,
        r"\s+",
    ]
)


def _with_digits(digits: str) -> str:
    """The pattern of the vocabularies since 2023; they differ in how many digits make a chunk."""
    return "|".join(
        [
            r"(?i:'(?:[sdmt]|ll|ve|re))",
            r"[^\r\n\p{L}\p{N}]?\p{L}+",
            digits,
            r" ?[^\s\p{L}\p{N}]+[\r\n]*",
            r"\s*[\r\n]+",
            _LAST_SPACE_APART,
            r"\s+",
        ]
    )


GROK2_V1 = _with_digits(r"\p{N}")


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """The patterns, applied one after another, and whether a chunk that is a token whole is taken without merging."""

    patterns: tuple[str, ...]
    ignore_merges: bool = False


_LLAMA3 = _with_digits(r"\p{N}{1,3}")
_ONE_DIGIT_THEN_GPT2 = Splitting(patterns=(r"\p{N}", _GPT2))

# Where two names split alike, the first is the one that a converted file gets.
SPLITTINGS: Mapping[str, Splitting] = {
    "qwen2": Splitting(patterns=(GROK2_V1,)),
    "grok-2": Splitting(patterns=(GROK2_V1,), ignore_merges=True),  # as xAI's own reader, the tiktoken library, does
    "llama-bpe": Splitting(patterns=(_LLAMA3,), ignore_merges=True),
    "dbrx": Splitting(patterns=(_LLAMA3,)),
    "gpt-2": Splitting(patterns=(_GPT2,)),
    "olmo": Splitting(patterns=(_GPT2,)),
    "refact": _ONE_DIGIT_THEN_GPT2,
    "starcoder": _ONE_DIGIT_THEN_GPT2,
    "smollm": _ONE_DIGIT_THEN_GPT2,
    "default": Splitting(patterns=(r"[\p{P}$+<=>^~|]+", _GPT2, r"\p{N}+", r"[0-9][0-9][0-9]")),
}


def splitting_named(name: str) -> Splitting:
    """The splitting of a `tokenizer.ggml.pre` value. Raises `TokenizerError` if the name is unknown."""
    if name not in SPLITTINGS:
        raise TokenizerError(
            f"The vocabulary splits text by the rule {name!r} (tokenizer.ggml.pre).",
            f"Known rules: {', '.join(sorted(SPLITTINGS))}.",
            "Use the model's tokenizer.json instead of the vocabulary inside the GGUF file.",
        )
    return SPLITTINGS[name]


# NOTE: GPT-2 writes bytes as printable characters: visible Latin-1 stands for itself, the rest follows from U+0100 on.
_VISIBLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_HIDDEN = [value for value in range(256) if value not in _VISIBLE]
CHARACTER_OF_BYTE: Mapping[int, str] = {value: chr(value) for value in _VISIBLE} | {
    value: chr(0x100 + index) for index, value in enumerate(_HIDDEN)
}
BYTE_OF_CHARACTER: Mapping[str, int] = {character: value for value, character in CHARACTER_OF_BYTE.items()}


def spelling_to_bytes(spelling: str) -> bytes:
    """The bytes that a byte-level token's spelling stands for; a spelling outside that alphabet stands for itself."""
    if all(character in BYTE_OF_CHARACTER for character in spelling):
        return bytes(BYTE_OF_CHARACTER[character] for character in spelling)
    return spelling.encode("utf-8")


def bytes_to_spelling(data: bytes) -> str:
    """The spelling of bytes in GPT-2's byte-level alphabet."""
    return "".join(CHARACTER_OF_BYTE[value] for value in data)
