"""The files that one tenant's records lie in, and how they are read; knows nothing of who writes them.

A segment is called after the number of its first record, so that the one that holds a record is found by names alone.
"""

from __future__ import annotations

import bisect
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from zaphod.core.errors import AuditError
from zaphod.core.places import tenant_folder_name
from zaphod.safety.audit.record import MAX_LINE_BYTES, Record, read_record

_NAME = re.compile(r"(\d{20})\.jsonl")


def segment_path(folder: Path, first_seq: int) -> Path:
    """The segment that begins with that record."""
    return folder / f"{first_seq:020}.jsonl"


def first_seq_of(path: Path) -> int:
    """The number in a segment's name."""
    return int(path.stem)


def is_segment(name: str) -> bool:
    """Whether a file may be called so."""
    return _NAME.fullmatch(name) is not None


def segments_of(folder: Path) -> list[Path]:
    """All segments in a tenant's folder, in order."""
    return sorted(path for path in folder.iterdir() if is_segment(path.name))


def tenants_of(folder: Path) -> list[str]:
    """Whose logs lie in an audit folder, by the first record of each.

    Raises:
        AuditError: a folder's first record cannot be read, or belongs elsewhere.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return [tenant for path in folders if (tenant := tenant_in(path)) is not None]


def tenant_in(folder: Path) -> str | None:
    """Whose log lies in a tenant's folder, by its first record; None if it has none yet.

    Raises:
        AuditError: the first record cannot be read, or belongs elsewhere.
    """
    for segment in segments_of(folder)[:1]:
        for line in lines_of(segment):
            if not line.endswith(b"\n"):
                break
            tenant = record_of(line, segment).tenant
            if tenant_folder_name(tenant) != folder.name:
                raise AuditError(
                    f"{segment} begins with a record of tenant {tenant!r}.",
                    f"That tenant's records belong into {tenant_folder_name(tenant)}.",
                    f"Ask for it by name: zaphod audit verify --tenant {tenant!r}",
                )
            return tenant
    return None


def num_records(folder: Path) -> int:
    """How many records a tenant's folder has, by names and lines; nothing is checked."""
    segments = segments_of(folder) if folder.is_dir() else []
    if not segments:
        return 0
    return first_seq_of(segments[-1]) - 1 + sum(line.endswith(b"\n") for line in lines_of(segments[-1]))


def lines_of(path: Path, offset_bytes: int = 0) -> Iterator[bytes]:
    """The lines of a file with their ends, from an offset. What is longer than any record comes in pieces."""
    with path.open("rb") as file:
        file.seek(offset_bytes)
        while line := file.readline(MAX_LINE_BYTES):
            yield line


def record_of(line: bytes, path: Path) -> Record:
    """The record of a line.

    Raises:
        AuditError: it has been changed.
    """
    try:
        return read_record(line)
    except ValueError as error:
        raise AuditError(
            f"A line of {path} is not as it was written: {error}.", "", "Find out more: zaphod audit verify"
        ) from error


def read(folder: Path, tenant: str, since_seq: int = 0) -> Iterator[Record]:
    """A tenant's records after number `since_seq`, up to the last one that is whole now.

    Args:
        folder: the audit folder, of all tenants.

    Raises:
        AuditError: a line has been changed, or records are missing.
    """
    reader = LogReader(folder, tenant, since_seq)
    while lines := reader.lines(1024):
        for line in lines:
            yield record_of(line, folder)


class Located(NamedTuple):
    """A line, and where it lies."""

    segment: Path
    offset_bytes: int
    line: bytes


class LogReader:
    """Reads a tenant's lines once each, while others may be written. Not thread-safe.

    Args:
        folder: the audit folder, of all tenants.
        tenant: whose lines.
        since_seq: begin behind this record.
    """

    def __init__(self, folder: Path, tenant: str, since_seq: int = 0) -> None:
        self.folder = folder / tenant_folder_name(tenant)
        self._next_seq = since_seq + 1
        self._segment: Path | None = None
        self._offset_bytes = 0

    @property
    def next_seq(self) -> int:
        """The number of the record that comes next."""
        return self._next_seq

    def lines(self, max_lines: int) -> list[bytes]:
        """The next lines, with their ends, all on disk; none if there are no more now.

        Raises:
            AuditError: the segment that must hold them is missing, or became shorter.
        """
        return [located.line for located in self.located(max_lines)]

    def located(self, max_lines: int) -> list[Located]:
        """The same, with where each lies."""
        if self._segment is None and not self._find():
            return []
        found = self._read(max_lines)
        if not found and self._next_segment():
            found = self._read(max_lines)
        return found

    def _read(self, max_lines: int) -> list[Located]:
        assert self._segment is not None
        with self._segment.open("rb") as file:
            file.seek(self._offset_bytes)
            lines = _whole_lines(file, max_lines)
            offsets = list(itertools.accumulate(map(len, lines), initial=self._offset_bytes))
            # A writer that could not reach the disk takes back what it wrote, so only what is there afterwards counts.
            os.fdatasync(file.fileno())
            if os.fstat(file.fileno()).st_size < offsets[-1]:
                raise _shorter(self._segment)
        self._offset_bytes = offsets[-1]
        self._next_seq += len(lines)
        return [Located(self._segment, offset, line) for offset, line in zip(offsets, lines, strict=False)]

    def _find(self) -> bool:
        """Stand before the next record; False if nothing is written yet."""
        segments = segments_of(self.folder) if self.folder.is_dir() else []
        index = bisect.bisect_right(segments, self._next_seq, key=first_seq_of) - 1
        if index < 0:
            if segments:
                raise _missing(self.folder, self._next_seq)
            return False
        segment, offset_bytes, num_before = segments[index], 0, self._next_seq - first_seq_of(segments[index])
        for line, _ in zip(lines_of(segment), range(num_before), strict=False):
            offset_bytes += len(line)
            num_before -= 1
        if num_before:
            raise _missing(self.folder, self._next_seq - num_before)
        self._segment, self._offset_bytes = segment, offset_bytes
        return True

    def _next_segment(self) -> bool:
        """Go to the next segment once this one is read to its end."""
        following = segment_path(self.folder, self._next_seq)
        if following == self._segment or not following.exists():
            return False
        self._segment, self._offset_bytes = following, 0
        return True


def _whole_lines(file: BinaryIO, max_lines: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < max_lines and (line := file.readline(MAX_LINE_BYTES)).endswith(b"\n"):
        found.append(line)
    return found


def _missing(folder: Path, seq: int) -> AuditError:
    return AuditError(f"Record {seq} is missing in {folder}.", "", "Find out more: zaphod audit verify")


def _shorter(path: Path) -> AuditError:
    return AuditError(f"{path} became shorter while it was read.", "", "Find out more: zaphod audit verify")
