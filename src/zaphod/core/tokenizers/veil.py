"""Names of special tokens that a stranger spells out are ordinary text; knows no template and no model.

A conversation is laid out by a template, which writes special tokens by their names between texts of strangers. Before
that, each name in a stranger's text is covered by a sign that nobody can foresee; afterwards the text is cut at the
signs, and what they stand for is encoded as text. Where nobody spells such a name, nothing is cut.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from zaphod.core.tokenizers.protocol import Tokenizer

# Private characters around digits: what templates do with texts (trim, upper, JSON) leaves them as they are.
_OPEN, _CLOSE = "\ue000", "\ue001"
_SIGN = re.compile(f"{_OPEN}([0-9]+){_OPEN}([0-9]+){_CLOSE}")


@dataclass(frozen=True)
class Veil:
    """Covers names in the parts of one conversation.

    Args:
        names: special tokens by name.
        nonce: what makes this conversation's signs its own.
    """

    names: tuple[str, ...]
    nonce: str

    @classmethod
    def over(cls, names: Collection[str]) -> Veil:
        """A veil whose signs no text can contain except by chance, which is one in 2^64."""
        return cls(tuple(sorted(filter(None, names), key=len, reverse=True)), str(secrets.randbits(64)))

    def cover(self, value: Any) -> Any:
        """The same value (text, or JSON of texts) with each name covered."""
        if isinstance(value, str):
            pattern = _pattern(self.names)
            return value if pattern is None else pattern.sub(self._sign_of, value)
        if isinstance(value, Mapping):
            return {self.cover(key): self.cover(inner) for key, inner in value.items()}
        return [self.cover(inner) for inner in value] if isinstance(value, Sequence) else value

    def lift(self, text: str) -> str:
        """The text with the names where their signs are."""
        return _SIGN.sub(lambda sign: self.names[int(sign[2])] if sign[1] == self.nonce else sign[0], text)

    def encode(self, tokenizer: Tokenizer, text: str, *, is_opening: bool = True) -> list[int]:
        """Token ids of a text that was made of covered parts: names outside of them become special tokens.

        Without `is_opening` the text goes on behind another one, and gets no space before it.
        """
        token_ids: list[int] = []
        for part, is_special in self._parts(text):
            encode = _encode_opening if is_opening and not token_ids else _encode_inside
            token_ids += encode(tokenizer, part, is_special)
        return token_ids

    def _sign_of(self, name: re.Match[str]) -> str:
        return f"{_OPEN}{self.nonce}{_OPEN}{self.names.index(name[0])}{_CLOSE}"

    def _parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """Pieces of the text, and whether names in them mean special tokens; none is empty."""
        place = 0
        for sign in _SIGN.finditer(text):
            if sign[1] != self.nonce:
                continue
            if sign.start() > place:
                yield text[place : sign.start()], True
            yield self.names[int(sign[2])], False
            place = sign.end()
        if place < len(text):
            yield text[place:], True


@lru_cache(maxsize=8)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, names))) if names else None


def _encode_opening(tokenizer: Tokenizer, text: str, allow_special: bool) -> list[int]:
    return tokenizer.encode(text, allow_special=allow_special)


def _encode_inside(tokenizer: Tokenizer, text: str, allow_special: bool) -> list[int]:
    """Token ids of a piece of a text, without the space that some tokenizers put before a text."""
    token_ids = tokenizer.encode(text, allow_special=allow_special)
    opening = b"".join(map(tokenizer.token_bytes, token_ids[:8]))
    if _num_spaces(opening) <= _num_spaces(text.encode()):
        return token_ids
    head = tokenizer.encode("\n")
    whole = tokenizer.encode("\n" + text, allow_special=allow_special)
    return whole[len(head) :] if whole[: len(head)] == head else token_ids


def _num_spaces(text: bytes) -> int:
    return len(text) - len(text.lstrip(b" "))
