"""Hugging Face tokenizer.json vocabularies; the `tokenizers` library cuts the text, the tokens' bytes are ours.

Two ways of spelling bytes are read: GPT-2's byte-level alphabet (Qwen, OLMoE, Granite, Grok-2) and SentencePiece's with
U+2581 for a space and <0x00> to <0xFF> for bytes (Mixtral). Byte-level vocabularies give back every text unchanged, but
for the normaliser of the file (Qwen: NFC).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.patterns import spelling_to_bytes
from zaphod.core.tokenizers.protocol import Vocabulary, VocabularyTokenizer, pieces_by_id
from zaphod.core.tokenizers.tiktoken import grok2_stops

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SHORT = 2048
"""Characters that are encoded before another thread would notice."""


class HuggingFaceTokenizer(VocabularyTokenizer):
    """Text to ids by the `tokenizers` library.

    Args:
        tokenizer_json: content of tokenizer.json.
        bos_token, eos_tokens, pad_token: names of these tokens.
        eos_token_ids: further tokens that stop generation (generation_config.json lists ids).
        chat_template: jinja2 source.
        wants_bos: whether plain text begins with BOS; None asks the file's own post-processor.

    Raises:
        TokenizerError: the library refuses the content, it spells bytes in another way, or a named token is missing.
    """

    def __init__(
        self,
        tokenizer_json: str,
        *,
        bos_token: str | None = None,
        eos_tokens: tuple[str, ...] = (),
        pad_token: str | None = None,
        eos_token_ids: tuple[int, ...] = (),
        chat_template: str | None = None,
        wants_bos: bool | None = None,
    ) -> None:
        self._json = tokenizer_json
        self.library = _library(tokenizer_json)
        added = self.library.get_added_tokens_decoder()
        special_tokens = {token.content: token_id for token_id, token in sorted(added.items()) if token.special}
        bos_token_id = self._id_of(bos_token)
        stops = [*map(self._id_of, eos_tokens), *eos_token_ids, *grok2_stops(special_tokens)]
        spelling = _Spelling(json.loads(tokenizer_json).get("decoder"))
        pieces = {token_id: spelling.bytes_of(token) for token, token_id in self.library.get_vocab().items()}
        pieces |= {token_id: token.content.encode() for token_id, token in added.items()}
        super().__init__(
            Vocabulary(
                pieces=pieces_by_id(pieces),
                opening_pieces=spelling.openings(pieces),
                special_tokens=special_tokens,
                bos_token_id=bos_token_id,
                eos_token_ids=tuple(dict.fromkeys(token_id for token_id in stops if token_id is not None)),
                pad_token_id=self._id_of(pad_token),
                chat_template=chat_template,
                wants_bos=self._puts_first(bos_token_id) if wants_bos is None else wants_bos,
            )
        )

    @cached_property
    def _library_without_specials(self) -> Library:
        """The same vocabulary, in which names of special tokens are ordinary text."""
        library = _library(self._json)
        library.encode_special_tokens = True
        return library

    def _encode_text(self, text: str, allow_special: bool) -> list[int]:
        library = self.library if allow_special else self._library_without_specials
        if len(text) <= _SHORT:
            return library.encode(text, add_special_tokens=False).ids
        # NOTE: `encode` holds the interpreter's lock to its end, seconds for megabytes, in which no other thread runs;
        # this does not, and leaves out the offsets, which nobody asks for.
        return library.encode_batch_fast([text], add_special_tokens=False)[0].ids

    def _id_of(self, token: str | None) -> int | None:
        if token is None:
            return None
        token_id = self.library.token_to_id(token)
        if token_id is None:
            raise TokenizerError(
                f"The tokenizer's settings name the token {token!r}, which is not in tokenizer.json.",
                "bos_token, eos_token and pad_token are tokens of the vocabulary.",
                "Check that tokenizer_config.json and tokenizer.json belong to the same model.",
            )
        return token_id

    def _puts_first(self, bos_token_id: int | None) -> bool:
        return bos_token_id is not None and self.library.encode("a").ids[:1] == [bos_token_id]


class _Spelling:
    """How tokens spell bytes, as the `decoder` of tokenizer.json tells."""

    def __init__(self, decoder: object) -> None:
        steps = _steps(decoder)
        kinds = [step.get("type") for step in steps]
        self._is_byte_level = kinds == ["ByteLevel"]
        self._has_byte_tokens = "ByteFallback" in kinds
        self._replacements: list[tuple[str, str]] = []
        self._strips_opening = False
        if not self._is_byte_level:
            for step in steps:
                self._read(step)

    def _read(self, step: Mapping[str, Any]) -> None:
        match step:
            case {"type": "ByteFallback" | "Fuse"}:
                pass
            case {"type": "Replace", "pattern": {"String": str(old)}, "content": str(new)}:
                self._replacements.append((old, new))
            case {"type": "Strip", "content": " ", "start": 0 | 1 as start, "stop": 0}:
                self._strips_opening = bool(start)
            case {
                "type": "Metaspace",
                "replacement": str(old),
                "prepend_scheme": "always" | "first" | "never" as scheme,
            }:
                self._replacements.append((old, " "))
                self._strips_opening = scheme != "never"
            case _:
                raise _unknown_decoder(step)

    def bytes_of(self, token: str) -> bytes:
        if self._is_byte_level:
            return spelling_to_bytes(token)
        for old, new in self._replacements:
            token = token.replace(old, new)
        byte = _BYTE.fullmatch(token) if self._has_byte_tokens else None
        return token.encode() if byte is None else bytes.fromhex(byte[1])

    def openings(self, pieces: Mapping[int, bytes]) -> dict[int, bytes]:
        if not self._strips_opening:
            return {}
        return {token_id: data[1:] for token_id, data in pieces.items() if data.startswith(b" ")}


def _steps(decoder: object) -> list[Mapping[str, Any]]:
    if not isinstance(decoder, dict):
        raise _unknown_decoder(decoder)
    steps = decoder.get("decoders") if decoder.get("type") == "Sequence" else [decoder]
    if not isinstance(steps, list) or not steps:
        raise _unknown_decoder(decoder)
    return steps


def _unknown_decoder(decoder: object) -> TokenizerError:
    return TokenizerError(
        f"tokenizer.json turns tokens into text by {json.dumps(decoder)[:200]}.",
        "Known: ByteLevel; Metaspace; sequences of Replace, ByteFallback, Fuse and Strip of one space in front.",
        "Use the model's tokenizer.model or *.tok.json, if it has one.",
    )


def _library(tokenizer_json: str) -> Library:
    from tokenizers import Tokenizer as Library

    # One text at a time is encoded here: threads of the library's own would wait for work, and stay behind at a fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        library = Library.from_str(tokenizer_json)
    except Exception as error:  # the library raises bare Exception
        raise TokenizerError(
            f"The tokenizers library refuses tokenizer.json: {error}.",
            "tokenizer.json is written by that library.",
            "Fetch the file again; if it is newer than the library, update the library 'tokenizers'.",
        ) from error
    library.no_truncation()
    library.no_padding()
    return library


def load_huggingface(
    files: Mapping[str, Path], *, eos_token_ids: tuple[int, ...] = (), chat_template: str | None = None
) -> HuggingFaceTokenizer:
    """Read tokenizer.json with the settings in tokenizer_config.json, where that exists.

    Args:
        files: tokenizer files by name.
        eos_token_ids: further tokens that stop generation.
        chat_template: jinja2 source that goes before the one in tokenizer_config.json.

    Raises:
        TokenizerError: a file is malformed.
    """
    settings = read_json_object(files["tokenizer_config.json"]) if "tokenizer_config.json" in files else {}
    eos_token = _token_name(settings, "eos_token")
    wants_bos = settings.get("add_bos_token")
    return HuggingFaceTokenizer(
        json.dumps(read_json_object(files["tokenizer.json"])),
        bos_token=_token_name(settings, "bos_token"),
        eos_tokens=() if eos_token is None else (eos_token,),
        pad_token=_token_name(settings, "pad_token"),
        eos_token_ids=eos_token_ids,
        chat_template=_template(settings) if chat_template is None else chat_template,
        wants_bos=wants_bos if isinstance(wants_bos, bool) else None,
    )


def read_json_object(file: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `TokenizerError`."""
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _not_an_object(file, str(error)) from error
    if not isinstance(content, dict):
        raise _not_an_object(file, f"it holds a {type(content).__name__}")
    return content


def _not_an_object(file: Path, found: str) -> TokenizerError:
    return TokenizerError(
        f"{file.name} cannot be read: {found}.", "It is a JSON object.", "Fetch the file again; it may be cut short."
    )


def _token_name(settings: Mapping[str, Any], key: str) -> str | None:
    value = settings.get(key)
    name = value.get("content") if isinstance(value, dict) else value
    if name is not None and not isinstance(name, str):
        raise TokenizerError(
            f"{key} in tokenizer_config.json is {value!r}.", "It is a token's name.", "Mend or fetch the file again."
        )
    return name


def _template(settings: Mapping[str, Any]) -> str | None:
    """The chat template; where there are several by name, the one called default."""
    value = settings.get("chat_template")
    if isinstance(value, list):
        named = {entry.get("name"): entry.get("template") for entry in value if isinstance(entry, dict)}
        value = named.get("default")
    if value is not None and not isinstance(value, str):
        raise TokenizerError(
            f"chat_template in tokenizer_config.json is a {type(value).__name__}.",
            "It is text, or a list of named texts with one called 'default'.",
            "Mend the file, or put a chat_template.jinja beside it.",
        )
    return value
