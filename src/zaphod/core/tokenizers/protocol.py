"""What every tokenizer can do, and how its tokens become text; knows bytes of tokens, not how text is cut into them.

A token is a piece of bytes, and text is the bytes of all tokens read as UTF-8. A character may be spread over several
tokens, so text is only ever made by `StreamDecoder`; `decode` is a stream that was pushed at once. Malformed bytes
become U+FFFD once for each maximal ill-formed subpart, as the Unicode Standard (section 3.9) recommends. A library
may write a different number of U+FFFD for the same bytes, but never differs on well-formed ones.
"""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from zaphod.core.errors import TokenizerError

_MAX_GAP = 1 << 16  # vocabularies are padded to multiples of at most a few thousand


class StreamDecoder:
    """Text of a growing sequence of token ids, a whole character at a time.

    Args:
        bytes_of: the bytes of a token inside a text.
        opening_bytes_of: the bytes of a token that opens a text (without the space a tokenizer puts before the text).
    """

    def __init__(self, bytes_of: Callable[[int], bytes], opening_bytes_of: Callable[[int], bytes]) -> None:
        self._bytes_of = bytes_of
        self._opening_bytes_of = opening_bytes_of
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._at_opening = True

    def push(self, token_id: int) -> str:
        """The characters that this token completes; often one word, empty in the middle of a character."""
        piece = self._bytes_of(token_id)
        if not piece:
            return ""
        if self._at_opening:
            self._at_opening = False
            piece = self._opening_bytes_of(token_id)
        return self._utf8.decode(piece)

    def finish(self) -> str:
        """What is left: U+FFFD if the sequence ended inside a character, otherwise nothing."""
        return self._utf8.decode(b"", final=True)


@runtime_checkable
class Tokenizer(Protocol):
    """Text to token ids and back."""

    @property
    def vocab_size(self) -> int:
        """Every token id is in [0, vocab_size). A model's head may be wider: such rows stand for no token."""

    @property
    def bos_token_id(self) -> int | None:
        """The token that begins a sequence, if the vocabulary has one."""

    @property
    def eos_token_ids(self) -> tuple[int, ...]:
        """Tokens at which generation stops, the principal one first; empty if the vocabulary has none."""

    @property
    def pad_token_id(self) -> int | None:
        """The token that fills a batch, if the vocabulary has one."""

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """Tokens that carry structure instead of text, by their name."""

    @property
    def chat_template(self) -> str | None:
        """The jinja2 source that lays out a conversation, if the files bring one."""

    @property
    def wants_bos(self) -> bool:
        """Whether the model expects `encode(..., add_bos=True)` for plain text."""

    def encode(self, text: str, *, allow_special: bool = True, add_bos: bool = False) -> list[int]:
        """Token ids of a text.

        Args:
            text: what to encode.
            allow_special: names of special tokens in the text become these tokens; if false they are ordinary text.
            add_bos: begin with `bos_token_id`.

        Raises:
            TokenizerError: the text holds a lone surrogate, or there is no token to begin with.
        """

    def decode(self, token_ids: Sequence[int], *, skip_special: bool = False, after: Sequence[int] = ()) -> str:
        """Text of token ids; `after` are the ids before them (see `stream`)."""

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one token inside a text. Raises `TokenizerError` for an id outside the vocabulary."""

    def stream(self, *, skip_special: bool = False, after: Sequence[int] = ()) -> StreamDecoder:
        """A decoder for ids that arrive one by one.

        Args:
            skip_special: special tokens give no text.
            after: the prompt's ids when the stream continues a prompt: the first word then keeps its space, and a
                character that the prompt left unfinished is completed.
        """


def pieces_by_id(pieces: Mapping[int, bytes]) -> list[bytes]:
    """The bytes of every token in order of id; ids that stand for no token give no text.

    Raises:
        TokenizerError: there are no tokens, or ids so sparse that the file must be damaged.
    """
    highest = max(pieces, default=-1)
    if not pieces or min(pieces) < 0 or highest > 2 * len(pieces) + _MAX_GAP:
        raise TokenizerError(
            f"{len(pieces)} tokens have ids up to {highest}.",
            "Ids count up from 0 with few gaps.",
            "Fetch the tokenizer's files again.",
        )
    return [pieces.get(token_id, b"") for token_id in range(highest + 1)]


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The tokens of a tokenizer, whatever its algorithm.

    Args:
        pieces: bytes of each token inside a text, by id.
        opening_pieces: bytes of a token that opens a text, for the ids where they differ.
        special_tokens, bos_token_id, eos_token_ids, pad_token_id, chat_template, wants_bos: see `Tokenizer`.
    """

    pieces: Sequence[bytes]
    opening_pieces: Mapping[int, bytes] = field(default_factory=dict)
    special_tokens: Mapping[str, int] = field(default_factory=dict)
    bos_token_id: int | None = None
    eos_token_ids: tuple[int, ...] = ()
    pad_token_id: int | None = None
    chat_template: str | None = None
    wants_bos: bool = False

    def __post_init__(self) -> None:
        named = {"bos": self.bos_token_id, "pad": self.pad_token_id}
        named |= {f"eos (number {index})": token_id for index, token_id in enumerate(self.eos_token_ids)}
        named |= dict(self.special_tokens)
        for name, token_id in named.items():
            if token_id is not None and not 0 <= token_id < len(self.pieces):
                raise TokenizerError(
                    f"The special token {name!r} has id {token_id}, but the vocabulary has {len(self.pieces)} tokens.",
                    f"Ids of special tokens lie in [0, {len(self.pieces)}).",
                    "Check that the tokenizer's files belong to the same model.",
                )
        if self.wants_bos and self.bos_token_id is None:
            raise TokenizerError(
                "The tokenizer asks for a first token (BOS) but names none.",
                "add_bos_token needs bos_token.",
                "Name the token, or turn add_bos_token off, in the tokenizer's files.",
            )


class VocabularyTokenizer(ABC):
    """All of `Tokenizer` that follows from a vocabulary; a subclass says how text is cut into tokens."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._special_ids = frozenset(vocabulary.special_tokens.values())

    @property
    def vocab_size(self) -> int:
        return len(self._vocabulary.pieces)

    @property
    def bos_token_id(self) -> int | None:
        return self._vocabulary.bos_token_id

    @property
    def eos_token_ids(self) -> tuple[int, ...]:
        return self._vocabulary.eos_token_ids

    @property
    def pad_token_id(self) -> int | None:
        return self._vocabulary.pad_token_id

    @property
    def special_tokens(self) -> Mapping[str, int]:
        return self._vocabulary.special_tokens

    @property
    def chat_template(self) -> str | None:
        return self._vocabulary.chat_template

    @property
    def wants_bos(self) -> bool:
        return self._vocabulary.wants_bos

    def encode(self, text: str, *, allow_special: bool = True, add_bos: bool = False) -> list[int]:
        _require_unicode(text)
        token_ids = self._encode_text(text, allow_special)
        return [self._required_bos(), *token_ids] if add_bos else token_ids

    def decode(self, token_ids: Sequence[int], *, skip_special: bool = False, after: Sequence[int] = ()) -> str:
        stream = self.stream(skip_special=skip_special, after=after)
        return "".join([stream.push(token_id) for token_id in token_ids]) + stream.finish()

    def token_bytes(self, token_id: int) -> bytes:
        if not 0 <= token_id < self.vocab_size:
            raise TokenizerError(
                f"Token id {token_id} is not in the vocabulary.",
                f"Ids lie in [0, {self.vocab_size}).",
                "Check that tokenizer and model belong together; a model's head may be wider than its vocabulary.",
            )
        return self._vocabulary.pieces[token_id]

    def stream(self, *, skip_special: bool = False, after: Sequence[int] = ()) -> StreamDecoder:
        stream = StreamDecoder(self._spoken_bytes if skip_special else self.token_bytes, self._opening_bytes)
        for token_id in after:
            stream.push(token_id)
        return stream

    def _spoken_bytes(self, token_id: int) -> bytes:
        return b"" if token_id in self._special_ids else self.token_bytes(token_id)

    def _opening_bytes(self, token_id: int) -> bytes:
        opening = self._vocabulary.opening_pieces.get(token_id)
        return self.token_bytes(token_id) if opening is None else opening

    def _required_bos(self) -> int:
        if self.bos_token_id is None:
            raise TokenizerError(
                "This vocabulary has no token that begins a sequence (BOS).",
                "add_bos needs one.",
                "Encode without add_bos.",
            )
        return self.bos_token_id

    @abstractmethod
    def _encode_text(self, text: str, allow_special: bool) -> list[int]:
        """Token ids of well-formed text, without a BOS."""


def _require_unicode(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TokenizerError(
            f"The text holds a lone surrogate U+{ord(text[error.start]):04X} at character {error.start}.",
            "Text must be valid Unicode.",
            "Decode the input again, with errors='replace' where it is damaged.",
        ) from error
