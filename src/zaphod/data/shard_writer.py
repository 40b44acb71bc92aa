"""Packed documents written to disk, shard after shard; knows no text. The form is that of `shards`.

The same documents in the same order give the same bytes. The manifest is written by `finish`, after every other file is
on disk, so that a reader sees a whole folder or none.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError
from zaphod.data.shard_manifest import (
    Manifest,
    ShardEntry,
    SourceEntry,
    StageEntry,
    TokenizerEntry,
    describe_file,
    write_manifest,
)
from zaphod.data.shards import INDEX, index_header

_MAX_NAMES = 1 << 16
_MAX_TEXT_BYTES = (1 << 32) - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedDocument:
    """One document as it is packed; `lineage` is its line without the line's end."""

    token_ids: Sequence[int] | npt.NDArray[Any]
    lineage: bytes
    source: str
    licence: str
    domain: str
    timestamp_s: float | None
    num_bytes: int


def token_dtype(vocab_size: int) -> Literal["uint16", "uint32"]:
    """The smaller of two forms that holds every id."""
    return "uint16" if vocab_size <= 1 << 16 else "uint32"


class ShardWriter:
    """Writes documents into a folder.

    Args:
        folder: created if need be; shards of an earlier, unfinished run are overwritten.
        tokenizer: whose ids these are.
        sources: names in the order of their numbers.
        max_shard_tokens: a shard is closed before it would pass this; a longer document stands alone.
    """

    def __init__(
        self, folder: Path, tokenizer: TokenizerEntry, sources: Iterable[str], max_shard_tokens: int = 1 << 28
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._tokenizer = folder, tokenizer
        self._max_shard_tokens = max_shard_tokens
        self._dtype = token_dtype(tokenizer.vocab_size)
        self._sources = {name: _Tally() for name in sources}
        self._source_ids = {name: number for number, name in enumerate(self._sources)}
        self._domain_ids: dict[str, int] = {}
        self._entries: list[ShardEntry] = []
        self._shard: _OpenShard | None = None

    def add(self, document: PackedDocument) -> None:
        """Append one document of at least one token.

        Raises:
            ConfigError: it has no tokens, or ids outside the vocabulary, or its text has 4 GB.
        """
        tokens = np.asarray(document.token_ids, dtype=np.int64)
        self._require_fit(document, tokens)
        if self._shard is not None and self._shard.num_tokens + len(tokens) > self._max_shard_tokens:
            self._close_shard()
        if self._shard is None:
            self._shard = _OpenShard(self._folder, len(self._entries), self._dtype)
        domain = self._domain_ids.setdefault(document.domain, len(self._domain_ids))
        self._shard.append(document, tokens, self._source_ids[document.source], domain)
        self._sources[document.source].count(document, len(tokens))

    def finish(self, *, seed: int, recipe: dict[str, Any], stages: list[StageEntry]) -> Manifest:
        """Close the last shard and write the manifest."""
        self._close_shard()
        sources = [tally.entry(name) for name, tally in self._sources.items()]
        manifest = Manifest(
            tokenizer=self._tokenizer,
            token_dtype=self._dtype,
            seed=seed,
            recipe=recipe,
            sources=sources,
            domains=list(self._domain_ids),
            stages=stages,
            shards=self._entries,
            num_documents=sum(source.num_documents for source in sources),
            num_tokens=sum(source.num_tokens for source in sources),
            num_bytes=sum(source.num_bytes for source in sources),
        )
        return write_manifest(self._folder, manifest)

    def close(self) -> None:
        """Let go of the files; without `finish` before, the folder stays without a manifest."""
        if self._shard is not None:
            self._shard.close()

    def _close_shard(self) -> None:
        if self._shard is not None:
            self._entries.append(self._shard.finish())
            self._shard = None

    def _require_fit(self, document: PackedDocument, tokens: npt.NDArray[np.int64]) -> None:
        vocab_size = self._tokenizer.vocab_size
        if len(tokens) == 0 or tokens.min() < 0 or tokens.max() >= vocab_size or document.num_bytes > _MAX_TEXT_BYTES:
            raise ConfigError(
                f"A document of {document.source!r} has {len(tokens)} tokens for {document.num_bytes} bytes of text.",
                f"Documents have tokens, with ids in [0, {vocab_size}), and less than 4 GB of text.",
                "Check that the tokenizer is the one that encoded it, or cut the document.",
            )
        num_domains = len(self._domain_ids) + (document.domain not in self._domain_ids)
        if max(num_domains, len(self._sources)) > _MAX_NAMES:
            raise ConfigError(
                f"There are {num_domains} domains and {len(self._sources)} sources.",
                f"An index holds at most {_MAX_NAMES} of each.",
                "Merge some of them.",
            )


@dataclass(slots=True)
class _Tally:
    """What one source gave."""

    num_documents: int = 0
    num_tokens: int = 0
    num_bytes: int = 0
    licences: dict[str, int] = field(default_factory=dict)

    def count(self, document: PackedDocument, num_tokens: int) -> None:
        self.num_documents += 1
        self.num_tokens += num_tokens
        self.num_bytes += document.num_bytes
        self.licences[document.licence] = self.licences.get(document.licence, 0) + num_tokens

    def entry(self, name: str) -> SourceEntry:
        return SourceEntry(
            name=name,
            num_documents=self.num_documents,
            num_tokens=self.num_tokens,
            num_bytes=self.num_bytes,
            licences=dict(sorted(self.licences.items())),
        )


class _OpenShard:
    """A shard that still grows."""

    def __init__(self, folder: Path, number: int, dtype: str) -> None:
        self._folder, self._number = folder, number
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._tokens: IO[bytes] = self._path("tokens", "bin").open("wb")
        self._lineage: IO[bytes] = self._path("lineage", "jsonl").open("wb")
        self._records: list[tuple[int, int, float, int, int, int]] = []
        self.num_tokens = 0

    def append(self, document: PackedDocument, tokens: npt.NDArray[np.int64], source: int, domain: int) -> None:
        timestamp_s = float("nan") if document.timestamp_s is None else document.timestamp_s
        place = (self.num_tokens, self._lineage.tell(), timestamp_s)
        self._records.append((*place, document.num_bytes, source, domain))
        self._tokens.write(tokens.astype(self._dtype).tobytes())
        self._lineage.write(document.lineage + b"\n")
        self.num_tokens += len(tokens)

    def finish(self) -> ShardEntry:
        index_file = self._path("documents", "npy")
        with index_file.open("wb") as file:
            file.write(index_header(len(self._records)))
            file.write(np.array(self._records, dtype=INDEX).tobytes())
            _make_durable(file)
        for opened in (self._tokens, self._lineage):
            _make_durable(opened)
        self.close()
        return ShardEntry(
            tokens=describe_file(self._path("tokens", "bin")),
            documents=describe_file(index_file),
            lineage=describe_file(self._path("lineage", "jsonl")),
            num_documents=len(self._records),
            num_tokens=self.num_tokens,
        )

    def close(self) -> None:
        self._tokens.close()
        self._lineage.close()

    def _path(self, kind: str, suffix: str) -> Path:
        return self._folder / f"{kind}-{self._number:05d}.{suffix}"


def _make_durable(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
