"""Whether an export proves what it says; knows a file and a public key, no log.

Everything in such a file comes from a stranger. What cannot be read is a problem at its line, never an exception.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from zaphod.core.errors import AuditError
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.checkpoint import Checkpoint, read_checkpoint
from zaphod.safety.audit.export import COLUMNS, EXPORT_NAME, EXPORT_VERSION, head_path, plain_cell
from zaphod.safety.audit.merkle import proves_consistency, proves_inclusion
from zaphod.safety.audit.record import MAX_LINE_BYTES, Record, read_record, with_hash

_MAX_PROOF = 64
_MAX_LETTERS = 4 * MAX_LINE_BYTES
_MAX_PROBLEMS = 100


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What an export proves.

    Args:
        tenant: whose records.
        checkpoint: what they were held against; None if the file has none.
        num_proved: records that were in the log when it was signed.
        num_unproved: records that say themselves that they were not signed yet.
        first_seq, last_seq: the range of records; 0 if there are none.
        num_absent: records of that range that are not in the file.
        problems: what must not be, one sentence each; at most a hundred.
    """

    tenant: str
    checkpoint: Checkpoint | None
    num_proved: int
    num_unproved: int
    first_seq: int
    last_seq: int
    num_absent: int
    problems: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        return not self.problems


class _Row(NamedTuple):
    """A record as it stands in the file, and its proof; None if it says that it has none."""

    members: dict[str, Any]
    proof: Sequence[str] | None


def check_export(
    path: Path, *, public_key: str | None = None, earlier: Path | None = None, progress: Progress = SILENT
) -> ExportReport:
    """Check every record of an export.

    Args:
        path: JSON lines, or CSV with its head beside it.
        public_key: of the signer, from somebody you trust; else the file's own word is taken for it.
        earlier: an export from before; the head must prove that nothing in it has changed.
        progress: told how far it is.

    Raises:
        AuditError: it is no export, or cannot be read.
    """
    head = read_head(path)
    check = _Check(head, public_key)
    if earlier is not None:
        check.follow(read_head(earlier).get("checkpoint"))
    try:
        with progress.step("checking", path.stat().st_size) as advance:
            for number, row, size in _rows(path):
                check.add(number, row)
                advance(size)
    except OSError as error:
        raise _unreadable(path, error) from error
    return check.report()


def read_head(path: Path) -> dict[str, Any]:
    """The head of an export.

    Raises:
        AuditError: it is none.
    """
    place = head_path(path) if path.suffix == ".csv" else path
    try:
        with place.open("rb") as file:
            head = json.loads(file.readline(MAX_LINE_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(place, error) from error
    if not isinstance(head, dict) or (head.get("format"), head.get("version")) != (EXPORT_NAME, EXPORT_VERSION):
        raise AuditError(
            f"{place} is no export of an audit log.", f"It must say {EXPORT_NAME!r}.", "Name another file."
        )
    return head


def checkpoint_of(head: dict[str, Any]) -> Checkpoint | None:
    """The checkpoint in a head; None if it has none.

    Raises:
        AuditError: it cannot be read.
    """
    if head.get("checkpoint") is None:
        return None
    try:
        return read_checkpoint(canonical(head["checkpoint"]))
    except ValueError as error:
        raise AuditError(f"The export's checkpoint is none: {error}.", "", "Ask for the export again.") from error


class _Check:
    """Holds one record after the other against the checkpoint."""

    def __init__(self, head: dict[str, Any], public_key: str | None) -> None:
        self._head, self._tenant = head, str(head.get("tenant", ""))
        self._checkpoint = checkpoint_of(head)
        self._problems: list[str] = []
        self._num_proved = self._num_unproved = 0
        self._last: Record | None = None
        self._first_seq = 0
        self._num_absent = 0
        self._require_signature(public_key)

    def _require_signature(self, public_key: str | None) -> None:
        signed = self._checkpoint
        if signed is None:
            return
        if signed.tenant != self._tenant:
            self._add(f"The checkpoint is of tenant {signed.tenant!r}, the file of {self._tenant!r}.")
        if public_key is not None and signed.public_key != public_key:
            self._add("The checkpoint was signed with another key than the one you trust.")
        elif not signed.is_signed_by(signed.public_key):
            self._add("The checkpoint's signature does not fit what it says.")

    def follow(self, earlier: Any) -> None:
        """The head must prove that this log is the one of an earlier checkpoint, and longer or as long."""
        claimed = self._head.get("earlier")
        if earlier is None or not isinstance(claimed, dict) or claimed.get("checkpoint") != earlier:
            self._add("The file does not say how it follows from the earlier export.")
            return
        old, new, proof = checkpoint_of({"checkpoint": earlier}), self._checkpoint, _as_bytes(claimed.get("proof"))
        if old is None or new is None or proof is None or old.public_key != new.public_key:
            self._add("The proof that the file follows from the earlier export cannot be read.")
        elif not old.is_signed_by(old.public_key) or not proves_consistency(
            old.tree_size, new.tree_size, bytes.fromhex(old.root), bytes.fromhex(new.root), proof
        ):
            self._add("Records were changed between the earlier export and this one.")

    def add(self, number: int, row: _Row | str) -> None:
        """One record; a text where it could not be read."""
        record = _record(row)
        if isinstance(record, str):
            self._add(f"Line {number}: {record}.")
            return
        assert isinstance(row, _Row)
        self._place(number, record)
        if row.proof is None and self._is_newer(record):
            self._num_unproved += 1
        elif self._is_proved(record, row.proof):
            self._num_proved += 1
        else:
            self._add(f"Line {number}: record {record.seq} is not one of those that were signed.")

    def report(self) -> ExportReport:
        return ExportReport(
            tenant=self._tenant,
            checkpoint=self._checkpoint,
            num_proved=self._num_proved,
            num_unproved=self._num_unproved,
            first_seq=self._first_seq,
            last_seq=self._last.seq if self._last else 0,
            num_absent=self._num_absent,
            problems=tuple(self._problems),
        )

    def _place(self, number: int, record: Record) -> None:
        if record.tenant != self._tenant:
            self._add(f"Line {number}: record {record.seq} is of tenant {record.tenant!r}.")
        last, self._last = self._last, record
        if last is None:
            self._first_seq = record.seq
        elif record.seq <= last.seq:
            self._add(f"Line {number}: record {record.seq} stands behind record {last.seq}.")
        else:
            self._num_absent += record.seq - last.seq - 1
            if record.seq == last.seq + 1 and record.prev != last.hash:
                self._add(f"Line {number}: record {record.seq} was written after another record {last.seq}.")

    def _is_newer(self, record: Record) -> bool:
        return self._checkpoint is None or record.seq > self._checkpoint.tree_size

    def _is_proved(self, record: Record, proof: Sequence[str] | None) -> bool:
        hashes = _as_bytes(proof)
        if self._checkpoint is None or hashes is None:
            return False
        root, size = bytes.fromhex(self._checkpoint.root), self._checkpoint.tree_size
        return proves_inclusion(bytes.fromhex(record.hash), record.seq - 1, size, hashes, root)

    def _add(self, problem: str) -> None:
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(problem)


def _record(row: _Row | str) -> Record | str:
    if isinstance(row, str):
        return row
    members = dict(row.members)
    try:
        value = bytes.fromhex(str(members.pop("hash", "")))
        return read_record(with_hash(canonical(members), value))
    except ValueError as error:
        return f"the record is not as it was written: {error}"


def _rows(path: Path) -> Iterator[tuple[int, _Row | str, int]]:
    """Number of the line, what it says, and its size."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        if path.suffix == ".csv":
            yield from _table_rows(file)
            return
        file.readline(MAX_LINE_BYTES)
        number = 1
        while line := file.readline(_MAX_LETTERS):
            number += 1
            yield number, _line_row(line), len(line)


def _line_row(line: str) -> _Row | str:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return "it is not JSON"
    if not isinstance(entry, dict) or entry.keys() != {"record", "proof"} or not isinstance(entry["record"], dict):
        return "it holds no record and proof"
    return _Row(entry["record"], entry["proof"])


def _table_rows(file: Iterator[str]) -> Iterator[tuple[int, _Row | str, int]]:
    table = csv.reader(file)
    try:
        if next(table, None) != list(COLUMNS):
            yield 1, f"the columns must be {', '.join(COLUMNS)}", 0
            return
        for cells in table:
            yield table.line_num, _cells_row(cells), sum(map(len, cells))
    except csv.Error as error:
        yield table.line_num, f"it is not CSV: {error}", 0


def _cells_row(cells: list[str]) -> _Row | str:
    if len(cells) != len(COLUMNS):
        return f"it has {len(cells)} cells, not {len(COLUMNS)}"
    members: dict[str, Any] = dict(zip(COLUMNS, map(plain_cell, cells), strict=True))
    proof = members.pop("proof")
    try:
        members |= {"seq": int(members["seq"]), "v": int(members["v"]), "details": json.loads(members["details"])}
    except (ValueError, RecursionError):
        return "its number, version or details cannot be read"
    return _Row(members, None if proof == "none" else proof.split())


def _as_bytes(proof: object) -> list[bytes] | None:
    """A proof's hashes; None if it is none."""
    if not isinstance(proof, list) or len(proof) > _MAX_PROOF:
        return None
    try:
        return [bytes.fromhex(value) for value in proof]
    except (ValueError, TypeError):
        return None


def _unreadable(path: Path, error: Exception) -> AuditError:
    return AuditError(f"{path} cannot be read as an export: {error}.", "", "Name another file, or ask for it again.")
