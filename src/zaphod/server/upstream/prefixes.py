"""What a prompt begins with, and which server has lately been sent the same beginning; knows no load and no HTTP.

A prompt's text is cut into blocks, at the ends of messages and every `block_chars` characters, and each block is named
by the hash of itself and everything before it: two prompts share exactly as many first names as first blocks. A table
from names to servers therefore is a radix tree, flat. A name depends on the tenant, too: nobody learns by routing what
another tenant asked. Only names are kept, never text.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from zaphod.core.errors import ConfigError

_BEFORE = ("tools", "instructions", "system")
"""Fields that templates print before the conversation."""
_CONVERSATION = ("messages", "input", "prompt")
PROMPT_FIELDS = (*_BEFORE, *_CONVERSATION)
"""Fields whose texts become a prompt."""


@dataclass(frozen=True, kw_only=True)
class PrefixOptions:
    """How finely prompts are compared, and how much is remembered."""

    block_chars: int = 512
    max_blocks: int = 256
    """Of one prompt; what comes later does not decide where it goes."""
    table_blocks: int = 65_536
    """Blocks that the table remembers; about 250 bytes each."""

    def __post_init__(self) -> None:
        for name in ("block_chars", "max_blocks", "table_blocks"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", "Raise it.")


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """A prompt's blocks by name."""

    blocks: tuple[int, ...]
    anchor: int
    """Names the beginning that stays the same while a conversation grows: up to its first user's message."""


def prefix_of(fields: Mapping[str, Any], *, tenant: str, options: PrefixOptions) -> Prefix:
    """The prefix of a request to a chat, completion, responses, messages or embeddings route."""
    hasher = blake2b(digest_size=8)
    hasher.update(json.dumps([tenant, fields.get("model")]).encode())
    anchor = int.from_bytes(hasher.digest(), "big")
    names: list[int] = []
    for text, is_anchor in _texts(fields):
        for block in _cut(text, options.block_chars):
            if len(names) == options.max_blocks:
                return Prefix(blocks=tuple(names), anchor=anchor)
            # A lone surrogate is legal in JSON, but not in UTF-8.
            hasher.update(block.encode("utf-8", "surrogatepass") + b"\0")
            names.append(int.from_bytes(hasher.digest(), "big"))
            if is_anchor:
                anchor = names[-1]
    return Prefix(blocks=tuple(names), anchor=anchor)


def _cut(text: str, block_chars: int) -> Iterator[str]:
    return (text[begin : begin + block_chars] for begin in range(0, len(text), block_chars))


def _texts(fields: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """The prompt's parts in the order in which templates print them, and whether each belongs to the anchor."""
    for name in _BEFORE:
        if fields.get(name):
            yield _plain(fields[name]), True
    messages = next((fields[name] for name in _CONVERSATION if fields.get(name)), "")
    if not isinstance(messages, list) or not any(isinstance(message, Mapping) for message in messages):
        yield _plain(messages), True
        return
    has_user = False
    for message in messages:
        yield _plain(message), not has_user
        has_user = has_user or (isinstance(message, Mapping) and message.get("role") == "user")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class PrefixTable:
    """Which servers were lately sent which blocks; bounded, the longest unused are forgotten.

    Args:
        max_blocks: bound of the blocks remembered.
        max_servers: bound of the servers remembered for one block; the latest.
    """

    def __init__(self, max_blocks: int, max_servers: int = 4) -> None:
        self._max_blocks = max_blocks
        self._max_servers = max_servers
        self._servers: OrderedDict[int, tuple[int, ...]] = OrderedDict()
        self._marks: dict[str, int] = {}
        self._next_mark = 0

    def __len__(self) -> int:
        return len(self._servers)

    def matches(self, blocks: Sequence[int], servers: Iterable[str]) -> dict[str, int]:
        """For each server, how many of the first blocks it was sent."""
        matched = dict.fromkeys(servers, 0)
        matching = {self._marks[name]: name for name in matched if name in self._marks}
        for block in blocks:
            had = self._servers.get(block, ())
            matching = {mark: name for mark, name in matching.items() if mark in had}
            if not matching:
                break
            for name in matching.values():
                matched[name] += 1
        return matched

    def record(self, blocks: Sequence[int], server: str) -> None:
        """The server was sent a prompt of these blocks."""
        mark = self._mark_of(server)
        # From the last to the first: of one prompt the far blocks are forgotten before the near ones.
        for block in reversed(blocks):
            had = tuple(other for other in self._servers.pop(block, ()) if other != mark)
            self._servers[block] = (*had, mark)[-self._max_servers :]
        while len(self._servers) > self._max_blocks:
            self._servers.popitem(last=False)

    def forget(self, server: str) -> None:
        """The server lost what it had: it was restarted."""
        self._marks.pop(server, None)

    def _mark_of(self, server: str) -> int:
        # A mark is never used twice, so forgetting a server costs nothing: no block bears its new mark.
        if server not in self._marks:
            self._marks[server] = self._next_mark
            self._next_mark += 1
        return self._marks[server]
