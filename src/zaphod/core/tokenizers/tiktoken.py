"""Grok-2's own vocabulary file (`*.tok.json`); checks every field of it, the `tiktoken` library merges the bytes.

Source: the file's description in the reference sheet (SGLang's reader). Generation stops at <|eos|> and also at
<|separator|>, which ends a turn; with <|eos|> alone the model talks on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.patterns import GROK2_V1
from zaphod.core.tokenizers.protocol import Vocabulary, VocabularyTokenizer, pieces_by_id

EOS, SEPARATOR, PAD = "<|eos|>", "<|separator|>", "<|pad|>"

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}"
    "{{ 'System: ' + message['content'].strip() + '<|separator|>\n\n' }}"
    "{%- elif message['role'] == 'user' -%}"
    "{{ 'Human: ' + message['content'].strip() + '<|separator|>\n\n' }}"
    "{%- elif message['role'] == 'assistant' -%}"
    "{{ 'Assistant: ' + message['content'] + '<|separator|>\n\n' }}"
    "{%- else -%}"
    "{{ raise_exception('Grok-2 knows the roles system, user and assistant, not ' + message['role']) }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ 'Assistant:' }}{%- endif -%}"
)


def grok2_stops(special_tokens: Mapping[str, int]) -> tuple[int, ...]:
    """<|eos|> and <|separator|> where a vocabulary has both, as Grok-2's does in any file format; otherwise nothing."""
    if EOS in special_tokens and SEPARATOR in special_tokens:
        return special_tokens[EOS], special_tokens[SEPARATOR]
    return ()


class TiktokenTokenizer(VocabularyTokenizer):
    """Byte-pair encoding by ranks: of all neighbours, those that make the token of lowest id join first.

    Args:
        ranks: id of each ordinary token by its bytes.
        special_tokens: ids by name.
        pattern: the regular expression that splits text into chunks.
        chat_template: jinja2 source.

    Raises:
        TokenizerError: a byte has no token, the specials lack <|eos|>, or the library refuses the pattern.
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        *,
        pattern: str = GROK2_V1,
        chat_template: str = CHAT_TEMPLATE,
    ) -> None:
        _check_coverage(ranks, special_tokens)
        pieces = {token_id: data for data, token_id in ranks.items()}
        pieces |= {token_id: name.encode() for name, token_id in special_tokens.items()}
        stops = grok2_stops(special_tokens)
        super().__init__(
            Vocabulary(
                pieces=pieces_by_id(pieces),
                special_tokens=special_tokens,
                eos_token_ids=stops or (special_tokens[EOS],),
                pad_token_id=special_tokens.get(PAD),
                chat_template=chat_template,
            )
        )
        self.ranks = ranks
        self.pattern = pattern
        self._encoding = _encoding(ranks, special_tokens, pattern)

    def _encode_text(self, text: str, allow_special: bool) -> list[int]:
        allowed = set(self.special_tokens) if allow_special else set()
        token_ids: list[int] = self._encoding.encode(text, allowed_special=allowed, disallowed_special=())
        return token_ids


def load_tiktoken(file: Path, *, chat_template: str | None = None) -> TiktokenTokenizer:
    """Read a `*.tok.json` file.

    Raises:
        TokenizerError: the file is not JSON, or a field is missing, of the wrong kind, or contradicts another.
    """
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _malformed(f"{file.name} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise _malformed(f"{file.name} holds a {type(content).__name__}")
    if content.get("word_split") != "V1":
        raise _malformed(f"word_split is {content.get('word_split')!r}, not 'V1'")
    ranks = _tokens(content, "regular_tokens")
    special_tokens = {_name(data): token_id for data, token_id in _tokens(content, "special_tokens").items()}
    _check_ids(ranks, special_tokens, content.get("vocab_size"))
    pattern = content.get("pat_str")
    if pattern is not None and not isinstance(pattern, str):
        raise _malformed(f"pat_str is {pattern!r}, not text")
    return TiktokenTokenizer(
        ranks,
        special_tokens,
        pattern=GROK2_V1 if pattern is None else pattern,
        chat_template=CHAT_TEMPLATE if chat_template is None else chat_template,
    )


def _tokens(content: Mapping[str, Any], key: str) -> dict[bytes, int]:
    entries = content.get(key)
    if not isinstance(entries, list):
        raise _malformed(f"{key} is {'missing' if entries is None else 'not a list'}")
    tokens: dict[bytes, int] = {}
    for index, entry in enumerate(entries):
        data, token_id = _token(entry, f"{key}[{index}]")
        if data in tokens:
            raise _malformed(f"{key}[{index}] repeats the bytes {data!r}")
        tokens[data] = token_id
    return tokens


def _token(entry: object, where: str) -> tuple[bytes, int]:
    if not isinstance(entry, dict) or not isinstance(entry.get("bytes"), list):
        raise _malformed(f"{where} is not an object with a list of bytes")
    values, token_id = entry["bytes"], entry.get("token")
    if not values or any(type(value) is not int or not 0 <= value < 256 for value in values):
        raise _malformed(f"{where}.bytes is not a list of integers in [0, 256)")
    if type(token_id) is not int or token_id < 0:
        raise _malformed(f"{where}.token is {token_id!r}")
    return bytes(values), token_id


def _name(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"the special token {data!r} is not UTF-8") from error


def _check_ids(ranks: Mapping[bytes, int], special_tokens: Mapping[str, int], vocab_size: object) -> None:
    token_ids = [*ranks.values(), *special_tokens.values()]
    if len(set(token_ids)) != len(token_ids):
        raise _malformed(f"{len(token_ids)} tokens share {len(set(token_ids))} ids")
    if vocab_size is None:
        return
    if vocab_size != len(token_ids) or vocab_size != max(token_ids, default=-1) + 1:
        raise _malformed(f"vocab_size is {vocab_size!r} for {len(token_ids)} tokens up to {max(token_ids, default=-1)}")


def _check_coverage(ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]) -> None:
    missing = [value for value in range(256) if bytes([value]) not in ranks]
    if missing:
        raise _malformed(f"{len(missing)} bytes have no token of their own, the first is 0x{missing[0]:02X}")
    if EOS not in special_tokens:
        raise _malformed(f"special_tokens has no {EOS}")


def _encoding(ranks: Mapping[bytes, int], special_tokens: Mapping[str, int], pattern: str) -> Any:
    from tiktoken import Encoding

    try:
        return Encoding("grok-2", pat_str=pattern, mergeable_ranks=dict(ranks), special_tokens=dict(special_tokens))
    except (ValueError, OverflowError) as error:
        raise _malformed(f"the library refuses the vocabulary or pat_str: {error}") from error


def _malformed(found: str) -> TokenizerError:
    return TokenizerError(
        f"The tokenizer file cannot be used: {found}.",
        "A *.tok.json file has regular_tokens, special_tokens with <|eos|>, and word_split 'V1'.",
        "Fetch the file of the model's release again.",
    )
