"""Packed documents read from disk: token ids by document, memory-mapped; knows no text and no vocabulary.

A folder holds `manifest.json` and, for each shard, three files: `tokens-NNNNN.bin` (uint16 or uint32, little endian,
documents end to end), `documents-NNNNN.npy` (one record a document, see `INDEX`) and `lineage-NNNNN.jsonl` (one line a
document: where it comes from and what it has passed). Any number of processes and threads may read at the same time.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.data.shard_manifest import Manifest, ShardEntry, damaged, read_manifest, require_file

INDEX = np.dtype(
    [
        ("start", "<u8"),  # of its tokens in the shard; they end where the next document's start
        ("lineage_start", "<u8"),  # byte offset of its line
        ("timestamp_s", "<f8"),  # NaN where nobody says
        ("num_bytes", "<u4"),  # of its text as UTF-8, for bits per byte
        ("source", "<u2"),
        ("domain", "<u2"),
    ]
)

_NPY_MAGIC = b"\x93NUMPY\x01\x00"

TokenIds = npt.NDArray[np.unsignedinteger[Any]]


class Record(NamedTuple):
    """What the index says of one document."""

    num_tokens: int
    num_bytes: int
    source: str
    domain: str
    timestamp_s: float


class ShardSet:
    """The documents of one folder, numbered from 0 in the order of the build. Made by `open`."""

    def __init__(self, folder: Path, manifest: Manifest, shards: list[_Shard]) -> None:
        self.folder, self.manifest = folder, manifest
        self._shards = shards
        self._firsts = [0, *itertools.accumulate(len(shard) for shard in shards)]

    @classmethod
    def open(cls, folder: Path | str, *, verify: bool = True, progress: Progress = SILENT) -> ShardSet:
        """Open a folder.

        Args:
            folder: what `zaphod data build` wrote.
            verify: read every file once and compare its SHA-256; otherwise only names, sizes and indexes are checked.
            progress: told how many bytes are verified.

        Raises:
            ConfigError: it is no finished folder of shards.
            CorruptFileError: a file is missing, cut or changed.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        shards = []
        total_bytes = sum(entry.tokens.size_bytes for entry in manifest.shards)
        with progress.step("verifying shards", total_bytes) as advance:
            for entry in manifest.shards:
                shards.append(_Shard(folder, entry, manifest, verify=verify))
                advance(entry.tokens.size_bytes)
        found = (sum(map(len, shards)), sum(shard.num_tokens for shard in shards))
        if found != (manifest.num_documents, manifest.num_tokens):
            raise damaged(folder, f"its shards hold {found[0]} documents of {found[1]} tokens in all")
        return cls(folder, manifest, shards)

    def __len__(self) -> int:
        return self._firsts[-1]

    @property
    def num_tokens(self) -> int:
        return self.manifest.num_tokens

    def document(self, number: int) -> TokenIds:
        """Token ids of one document, closed by `manifest.tokenizer.end_token_id`; a view of the file, read-only."""
        shard, row = self._locate(number)
        return shard.document(row)

    def __iter__(self) -> Iterator[TokenIds]:
        return (shard.document(row) for shard in self._shards for row in range(len(shard)))

    def record(self, number: int) -> Record:
        """Size, source, domain and time of one document."""
        shard, row = self._locate(number)
        entry = shard.index[row]
        return Record(
            num_tokens=int(shard.ends[row] - entry["start"]),
            num_bytes=int(entry["num_bytes"]),
            source=self.sources[entry["source"]],
            domain=self.domains[entry["domain"]],
            timestamp_s=float(entry["timestamp_s"]),
        )

    def lineage(self, number: int) -> dict[str, Any]:
        """Where one document comes from: id, url, licence, language, time, stages passed, digest of its text …"""
        shard, row = self._locate(number)
        return shard.lineage(row)

    def lineages(self) -> Iterator[dict[str, Any]]:
        """`lineage` of every document in order; faster than one by one."""
        return (line for shard in self._shards for line in shard.lineages())

    @property
    def sources(self) -> list[str]:
        """Names by number, as `source_ids` has them."""
        return [source.name for source in self.manifest.sources]

    @property
    def domains(self) -> list[str]:
        """Names by number, as `domain_ids` has them."""
        return self.manifest.domains

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each document."""
        parts = [(shard.ends - shard.index["start"]).astype(np.int64) for shard in self._shards]
        return np.concatenate([np.empty(0, np.int64), *parts])

    @cached_property
    def num_bytes(self) -> npt.NDArray[np.int64]:
        """UTF-8 bytes of each document's text."""
        return self._numbers("num_bytes")

    @cached_property
    def source_ids(self) -> npt.NDArray[np.int64]:
        """Number of each document's source."""
        return self._numbers("source")

    @cached_property
    def domain_ids(self) -> npt.NDArray[np.int64]:
        """Number of each document's domain."""
        return self._numbers("domain")

    @cached_property
    def timestamps_s(self) -> npt.NDArray[np.float64]:
        """Seconds since 1970 of each document, NaN where nobody says."""
        parts = [np.asarray(shard.index["timestamp_s"], np.float64) for shard in self._shards]
        return np.concatenate([np.empty(0, np.float64), *parts])

    def _numbers(self, field: str) -> npt.NDArray[np.int64]:
        parts = [shard.index[field].astype(np.int64) for shard in self._shards]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def _locate(self, number: int) -> tuple[_Shard, int]:
        if not 0 <= number < len(self):
            raise IndexError(f"document {number} of {len(self)}")
        shard = bisect.bisect_right(self._firsts, number) - 1
        return self._shards[shard], number - self._firsts[shard]


class _Shard:
    """The three files of one shard."""

    def __init__(self, folder: Path, entry: ShardEntry, manifest: Manifest, *, verify: bool) -> None:
        self._tokens_file = require_file(folder, entry.tokens, verify=verify)
        self._lineage_file = require_file(folder, entry.lineage, verify=verify)
        index_file = require_file(folder, entry.documents, verify=verify)
        dtype = np.dtype(manifest.token_dtype).newbyteorder("<")
        if entry.tokens.size_bytes != entry.num_tokens * dtype.itemsize or not entry.num_tokens:
            raise damaged(self._tokens_file, f"it cannot hold {entry.num_tokens} tokens of {dtype.itemsize} bytes")
        self.tokens: TokenIds = np.memmap(self._tokens_file, dtype, mode="r")
        self.index = _read_index(index_file, entry.num_documents)
        self.num_tokens = entry.num_tokens
        starts = self.index["start"]
        self.ends = np.append(starts[1:], np.uint64(entry.num_tokens))
        self._lineage_ends = np.append(self.index["lineage_start"][1:], np.uint64(entry.lineage.size_bytes))
        _require_order(index_file, starts, self.ends)
        _require_order(index_file, self.index["lineage_start"], self._lineage_ends)
        self._require_names(index_file, manifest)

    def __len__(self) -> int:
        return len(self.index)

    def document(self, row: int) -> TokenIds:
        return self.tokens[int(self.index["start"][row]) : int(self.ends[row])]

    def lineage(self, row: int) -> dict[str, Any]:
        start, end = int(self.index["lineage_start"][row]), int(self._lineage_ends[row])
        with self._lineage_file.open("rb") as file:
            file.seek(start)
            return self._parsed(file.read(end - start), row)

    def lineages(self) -> Iterator[dict[str, Any]]:
        with self._lineage_file.open("rb") as file:
            yield from (self._parsed(line, row) for row, line in enumerate(file))

    def _parsed(self, line: bytes, row: int) -> dict[str, Any]:
        try:
            return msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise damaged(self._lineage_file, f"line {row + 1} is no JSON object") from error

    def _require_names(self, file: Path, manifest: Manifest) -> None:
        for field, names in (("source", manifest.sources), ("domain", manifest.domains)):
            highest = int(self.index[field].max())
            if highest >= len(names):
                raise damaged(file, f"it names {field} {highest} of {len(names)}")


def index_header(num_documents: int) -> bytes:
    """What an index begins with: NumPy's format 1.0, spelt in one way only, so that it is compared and never parsed."""
    text = f"{{'descr': {INDEX.descr!r}, 'fortran_order': False, 'shape': ({num_documents},), }}"
    length = -(-(len(_NPY_MAGIC) + 2 + len(text) + 1) // 64) * 64 - len(_NPY_MAGIC) - 2
    return _NPY_MAGIC + length.to_bytes(2, "little") + text.ljust(length - 1).encode() + b"\n"


def _read_index(file: Path, num_documents: int) -> npt.NDArray[Any]:
    header = index_header(num_documents)
    with file.open("rb") as opened:
        is_index = opened.read(len(header)) == header
    if not is_index or file.stat().st_size != len(header) + num_documents * INDEX.itemsize or not num_documents:
        raise damaged(file, f"it is no index of {num_documents} documents")
    return np.memmap(file, INDEX, mode="r", offset=len(header), shape=(num_documents,))


def _require_order(file: Path, starts: npt.NDArray[np.uint64], ends: npt.NDArray[np.uint64]) -> None:
    """Every document has at least one token or byte, the first begins at 0, none reaches beyond the file."""
    if starts[0] != 0 or not bool((starts < ends).all()):
        raise damaged(file, "its offsets do not count up")


def require_same_vocabulary(shards: ShardSet, digest: str) -> None:
    """Refuse shards whose token ids belong to another tokenizer.

    Raises:
        ConfigError: the digests differ.
    """
    entry = shards.manifest.tokenizer
    if entry.digest != digest:
        raise ConfigError(
            f"{shards.folder} was made with the tokenizer {entry.name!r} ({entry.digest[:12]}).",
            f"The model's tokenizer has the digest {digest[:12]}: its ids mean other words.",
            "Build the shards again with the model's tokenizer.",
        )
