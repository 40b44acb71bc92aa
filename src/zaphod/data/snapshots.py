"""A corpus that grows by days: each snapshot holds what is new, and stands on those before it; knows no stage.

A snapshot is a folder of shards beside its forebears. Taking one reads the sources, works only on documents that are
new or changed, and deduplicates against everything that was kept before. A changed document takes the place of what had
its id, whether or not the new text was worth keeping. Old snapshots are never touched, so what was read from one can
be read again. A document that a source no longer gives stays.

Each folder holds beside its shards `snapshot.json` (its parent, how much is new) and `past.msgpack` (which inputs it
has seen, and what stages that remember have learnt).
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.core.progress import SILENT, Progress
from zaphod.data.build_config import BuildConfig
from zaphod.data.documents import CAPTURED, Source, Stage
from zaphod.data.journal import DoneSlice, write_durably
from zaphod.data.pipeline import Build, BuildReport, Past
from zaphod.data.recency import parse_moment
from zaphod.data.shard_manifest import MANIFEST, damaged, read_manifest, recipe_digest
from zaphod.data.shards import Record, ShardSet, TokenIds
from zaphod.data.slices import Executor, in_process

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_HEAD, _PAST = "snapshot.json", "past.msgpack"


@dataclass(frozen=True, kw_only=True)
class SnapshotHead:
    """All of `snapshot.json`."""

    name: str
    parent: str | None
    parent_sha256: str | None
    """Of the parent's manifest: a snapshot stands on that one and no other."""
    past_sha256: str
    """Of `past.msgpack` beside it."""
    num_new: int
    num_changed: int


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """Seconds from a document's publication or fetch to the moment when it could be read from a shard."""

    num_documents: int
    """Those that tell a time."""
    median_s: float
    max_s: float


@dataclass(frozen=True, kw_only=True)
class SnapshotReport:
    """What taking a snapshot did."""

    head: SnapshotHead
    build: BuildReport
    num_unchanged: int
    """Documents that the sources gave and earlier snapshots had."""
    freshness: Freshness | None
    """None if no document tells a time."""


@dataclass(frozen=True, kw_only=True)
class _PastFile:
    """All of `past.msgpack`: digests of inputs by source and id, memories of stages slice by slice."""

    digests: list[tuple[str, str, str]]
    superseded: list[tuple[str, str]]
    memories: list[dict[int, bytes]]


def take_snapshot(
    config: BuildConfig,
    root: Path,
    name: str,
    *,
    sources: Sequence[Source] | None = None,
    stages: Sequence[Stage] | None = None,
    executor: Executor = in_process,
    progress: Progress = SILENT,
) -> SnapshotReport:
    """Take the snapshot `name` on top of the last one in `root`, or finish it.

    Raises:
        ConfigError: the name is no name, an earlier snapshot is finished under a later parent, or the stages or the
            tokenizer are others than before.
        CorruptFileError: what an earlier snapshot left is damaged.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"A snapshot cannot be called {name!r}.", "A name has 1 to 64 letters, digits, . _ and -.", "Use the date."
        )
    chain = snapshot_names(root)
    if name in chain:
        chain = chain[: chain.index(name)]
    past, known = _read_past(root, chain)
    build = Build(config, root / name, sources=sources, stages=stages, past=past)
    if chain:
        _require_same_making(build, root / chain[-1])
    parent = chain[-1] if chain else None

    def keep_past(done: list[DoneSlice]) -> None:
        _write_past(root, name, parent, done, known)

    report = build.run(executor, progress, keep_past)
    head = _read_head(root / name)
    freshness = _freshness(ShardSet.open(root / name, verify=False), report.readable_at_s)
    return SnapshotReport(head=head, build=report, num_unchanged=report.num_known, freshness=freshness)


def snapshot_names(root: Path) -> list[str]:
    """The finished snapshots of a folder, the first one first.

    Raises:
        CorruptFileError: they do not stand on each other in one line.
    """
    heads = {}
    for file in sorted(root.glob(f"*/{MANIFEST}")) if root.is_dir() else []:
        heads[file.parent.name] = _read_head(file.parent)
    by_parent = {head.parent: name for name, head in heads.items()}
    names: list[str] = []
    for name, head in heads.items():
        if head.parent in heads and head.parent_sha256 != read_manifest(root / head.parent).sha256:
            raise damaged(root / head.parent / MANIFEST, f"the snapshot {name} stands on another one of that name")
    while (following := by_parent.get(names[-1] if names else None)) is not None and following not in names:
        names.append(following)
    if len(names) != len(heads):
        lost = sorted(set(heads) - set(names))
        raise CorruptFileError(
            f"The snapshots {', '.join(lost)} in {root} do not stand on the others in one line.",
            "Each one but the first names its parent, and no two name the same.",
            "Restore the folders that are missing, or move these away.",
        )
    return names


class Snapshot:
    """All documents of a snapshot and its forebears, the newest text of each. Made by `open`.

    It reads like a `ShardSet`, and a mixture draws from it as from one.
    """

    def __init__(self, name: str, sets: list[ShardSet], rows: list[npt.NDArray[np.int64]]) -> None:
        self.name, self.sets = name, sets
        self._rows = rows
        self._firsts = [0, *itertools.accumulate(map(len, rows))]
        self._sources = list(dict.fromkeys(name for one in sets for name in one.sources))
        self._domains = list(dict.fromkeys(name for one in sets for name in one.domains))

    @classmethod
    def open(cls, root: Path, name: str | None = None, *, verify: bool = True) -> Snapshot:
        """Open a snapshot as it was when it was taken; the last one unless named.

        Raises:
            ConfigError: there is none of that name.
            CorruptFileError: it, or one that it stands on, is damaged.
        """
        names = snapshot_names(root)
        if not names or (name is not None and name not in names):
            raise ConfigError(
                f"There is no snapshot {name!r} in {root}." if name else f"There is no snapshot in {root}.",
                f"There are {', '.join(names)}." if names else "A snapshot is a folder of shards.",
                "Name one of them." if names else "Take one: zaphod data snapshot CONFIG --root FOLDER",
            )
        chain = names if name is None else names[: names.index(name) + 1]
        sets = [ShardSet.open(root / entry, verify=verify) for entry in chain]
        return cls(chain[-1], sets, _newest(root, chain, sets))

    def __len__(self) -> int:
        return self._firsts[-1]

    @property
    def num_tokens(self) -> int:
        return int(self.lengths.sum())

    def document(self, number: int) -> TokenIds:
        """Token ids of one document."""
        shards, row = self._locate(number)
        return shards.document(row)

    def record(self, number: int) -> Record:
        """Size, source, domain and time of one document."""
        shards, row = self._locate(number)
        return shards.record(row)

    def lineage(self, number: int) -> dict[str, Any]:
        """Where one document comes from."""
        shards, row = self._locate(number)
        return shards.lineage(row)

    @property
    def sources(self) -> list[str]:
        """Names by number, as `source_ids` has them."""
        return self._sources

    @property
    def domains(self) -> list[str]:
        """Names by number, as `domain_ids` has them."""
        return self._domains

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each document."""
        return np.concatenate([one.lengths[rows] for one, rows in self._parts()])

    @cached_property
    def num_bytes(self) -> npt.NDArray[np.int64]:
        """UTF-8 bytes of each document's text."""
        return np.concatenate([one.num_bytes[rows] for one, rows in self._parts()])

    @cached_property
    def source_ids(self) -> npt.NDArray[np.int64]:
        """Number of each document's source."""
        parts = [_renumbered(one.source_ids[rows], one.sources, self._sources) for one, rows in self._parts()]
        return np.concatenate(parts)

    @cached_property
    def domain_ids(self) -> npt.NDArray[np.int64]:
        """Number of each document's domain."""
        parts = [_renumbered(one.domain_ids[rows], one.domains, self._domains) for one, rows in self._parts()]
        return np.concatenate(parts)

    @cached_property
    def timestamps_s(self) -> npt.NDArray[np.float64]:
        """Seconds since 1970 of each document, NaN where nobody says."""
        return np.concatenate([one.timestamps_s[rows] for one, rows in self._parts()])

    def _parts(self) -> Iterator[tuple[ShardSet, npt.NDArray[np.int64]]]:
        return zip(self.sets, self._rows, strict=True)

    def _locate(self, number: int) -> tuple[ShardSet, int]:
        if not 0 <= number < len(self):
            raise IndexError(f"document {number} of {len(self)}")
        part = bisect.bisect_right(self._firsts, number) - 1
        return self.sets[part], int(self._rows[part][number - self._firsts[part]])


def _renumbered(ids: npt.NDArray[np.int64], names: list[str], all_names: list[str]) -> npt.NDArray[np.int64]:
    numbers = {name: number for number, name in enumerate(all_names)}
    return np.array([numbers[name] for name in names], np.int64)[ids]


def today() -> str:
    """The name of a daily snapshot."""
    return datetime.now(UTC).date().isoformat()


def _newest(root: Path, chain: Sequence[str], sets: Sequence[ShardSet]) -> list[npt.NDArray[np.int64]]:
    """Of each set, the numbers of those documents that no later one has replaced."""
    replaced: set[tuple[str, str]] = set()
    kept = []
    for name, shards in zip(reversed(chain), reversed(sets), strict=True):
        rows = np.arange(len(shards))
        if replaced:
            is_kept = [(line["source"], line["id"]) not in replaced for line in shards.lineages()]
            rows = rows[np.array(is_kept, bool)]
        kept.append(rows)
        replaced |= set(_read_past_file(root / name).superseded)
    return kept[::-1]


def _read_past(root: Path, chain: Sequence[str]) -> tuple[Past, dict[tuple[str, str], str]]:
    digests: dict[tuple[str, str], str] = {}
    memories: list[dict[int, bytes]] = []
    for name in chain:
        one = _read_past_file(root / name)
        digests |= {(source, key): digest for source, key, digest in one.digests}
        memories += one.memories
    return Past(digests=digests, memories=memories), digests


def _write_past(
    root: Path, name: str, parent: str | None, done: Sequence[DoneSlice], known: Mapping[tuple[str, str], str]
) -> None:
    digests = [(part.source, key, digest) for part in done for key, digest in part.input_ids.items()]
    superseded = [(source, key) for source, key, _ in digests if (source, key) in known]
    past = _PastFile(digests=digests, superseded=superseded, memories=[part.memories for part in done])
    data = msgspec.msgpack.encode(past)
    write_durably(root / name / _PAST, data)
    head = SnapshotHead(
        name=name,
        parent=parent,
        parent_sha256=read_manifest(root / parent).sha256 if parent else None,
        past_sha256=hashlib.sha256(data).hexdigest(),
        num_new=len(digests) - len(superseded),
        num_changed=len(superseded),
    )
    write_durably(root / name / _HEAD, msgspec.json.encode(head) + b"\n")


def _read_head(folder: Path) -> SnapshotHead:
    file = folder / _HEAD
    try:
        return msgspec.json.decode(file.read_bytes(), type=SnapshotHead)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(file, str(error)) from error


def _read_past_file(folder: Path) -> _PastFile:
    file = folder / _PAST
    try:
        data = file.read_bytes()
        if hashlib.sha256(data).hexdigest() != _read_head(folder).past_sha256:
            raise damaged(file, f"its SHA-256 is another than that in {_HEAD}")
        return msgspec.msgpack.decode(data, type=_PastFile)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(file, str(error)) from error


def _require_same_making(build: Build, parent: Path) -> None:
    """Keys that deduplication kept, and token ids, mean something only to stages and a tokenizer like those before."""
    before, now = read_manifest(parent).recipe, build.recipe()
    for what in ("stages", "tokenizer"):
        if recipe_digest({what: before[what]}) != recipe_digest({what: now[what]}):
            raise ConfigError(
                f"The {what} of this snapshot differ{'s' if what == 'tokenizer' else ''} from those of {parent.name}.",
                "Snapshots that stand on each other are made alike.",
                "Put the settings back, or begin a new folder of snapshots.",
            )


def _freshness(shards: ShardSet, readable_at_s: float) -> Freshness | None:
    lags_s = []
    for line in shards.lineages():
        captured = line["metadata"].get(CAPTURED)
        began_s = parse_moment(captured) if captured else line["timestamp_s"]
        if began_s is not None:
            lags_s.append(readable_at_s - began_s)
    if not lags_s:
        return None
    return Freshness(num_documents=len(lags_s), median_s=statistics.median(lags_s), max_s=max(lags_s))
