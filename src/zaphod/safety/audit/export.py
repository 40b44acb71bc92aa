"""Records with their proofs, for somebody who has nothing but a public key; knows how they are chosen, not checked.

An export's head holds a checkpoint. Each record comes with the hashes that lead from it to the root that was signed
(RFC 6962, 2.1.1), so every record proves itself: some may be taken out of the file and shown alone. What is newer than
the checkpoint has no proof yet, and says so.

As JSON lines, the head is the first line. As CSV, it lies beside the file, in `FILE.head.json`.
"""

from __future__ import annotations

import csv
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from zaphod.core.errors import AuditError
from zaphod.core.places import tenant_folder_name
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.checkpoint import CHECKPOINTS_FILE, Checkpoint, checkpoint_lines, read_checkpoint
from zaphod.safety.audit.files import open_private
from zaphod.safety.audit.merkle import HashTree
from zaphod.safety.audit.record import Record
from zaphod.safety.audit.search import Query, search
from zaphod.safety.audit.segments import read

Format = Literal["jsonl", "csv"]
EXPORT_NAME = "zaphod audit export"
EXPORT_VERSION = 1
COLUMNS = (
    "seq", "ts_utc", "tenant", "actor", "action", "object", "decision", "policy_hash", "model_id", "certificate_hash",
    "details", "v", "prev", "hash", "proof",
)  # fmt: skip

_RISKY = ("=", "+", "-", "@", "\t", "\r", "'")
"""Spreadsheets take cells that begin so for formulas."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Args:
        num_records: in the file.
        num_unproved: of these, newer than the checkpoint.
        tree_size: of the checkpoint; 0 if there is none.
    """

    num_records: int
    num_unproved: int
    tree_size: int


def export(
    folder: Path,
    tenant: str,
    out: Path,
    *,
    form: Format = "jsonl",
    query: Query | None = None,
    earlier: Checkpoint | None = None,
    progress: Progress = SILENT,
) -> Exported:
    """Write the records that are asked for, with proofs. Takes 64 bytes of memory for each record of the log.

    Args:
        folder: the audit folder.
        tenant: whose log.
        out: the file to write; nothing half-written stays there.
        form: JSON lines, or CSV.
        query: which records; else all.
        earlier: the checkpoint of an export that somebody has already; the head proves that nothing before it changed.
        progress: told how far it is.

    Raises:
        AuditError: a record was changed, the log is not what its last checkpoint speaks of, or `earlier` is not of it.
        OSError: the file cannot be written.
    """
    checkpoint = _last_checkpoint(folder / tenant_folder_name(tenant) / CHECKPOINTS_FILE)
    tree = _tree(folder, tenant, checkpoint, progress)
    head = _head(tenant, tree, checkpoint, earlier)
    num_records = num_unproved = 0
    with _written(out) as file:
        write = _writer(form, file, head)
        for record in search(folder, tenant, query or Query(), progress):
            is_proved = record.seq <= len(tree)
            write(record, tree.inclusion_proof(record.seq - 1, len(tree)) if is_proved else None)
            num_records += 1
            num_unproved += not is_proved
    if form == "csv":
        with _written(head_path(out)) as file:
            file.write(canonical(head).decode() + "\n")
    return Exported(num_records=num_records, num_unproved=num_unproved, tree_size=len(tree))


def head_path(out: Path) -> Path:
    """Where the head of a CSV file lies."""
    return out.with_name(f"{out.name}.head.json")


def plain_cell(cell: str) -> str:
    """What stood in a cell before it was made safe for spreadsheets."""
    return cell[1:] if cell.startswith("'") else cell


def _last_checkpoint(path: Path) -> Checkpoint | None:
    last = deque(checkpoint_lines(path), maxlen=1)
    try:
        return read_checkpoint(last[0]) if last else None
    except ValueError as error:
        raise _not_as_signed(f"The last checkpoint in {path} is not as it was written: {error}.") from error


def _tree(folder: Path, tenant: str, checkpoint: Checkpoint | None, progress: Progress) -> HashTree:
    """All records that were signed."""
    tree = HashTree()
    if checkpoint is None:
        return tree
    with progress.step("hashing", checkpoint.tree_size, "records") as advance:
        for record in read(folder, tenant):
            tree.append(bytes.fromhex(record.hash))
            advance(1)
            if len(tree) == checkpoint.tree_size:
                break
    if len(tree) != checkpoint.tree_size or tree.root(len(tree)).hex() != checkpoint.root:
        raise _not_as_signed(f"The log of tenant {tenant!r} is not what its last checkpoint speaks of.")
    return tree


def _head(tenant: str, tree: HashTree, checkpoint: Checkpoint | None, earlier: Checkpoint | None) -> dict[str, Any]:
    head: dict[str, Any] = {"format": EXPORT_NAME, "version": EXPORT_VERSION, "tenant": tenant}
    head["checkpoint"] = vars(checkpoint) if checkpoint else None
    head["earlier"] = None
    if earlier is not None:
        if earlier.tenant != tenant or earlier.tree_size > len(tree) or _root(tree, earlier) != earlier.root:
            raise _not_as_signed("The earlier export is not of this log.")
        proof = tree.consistency_proof(earlier.tree_size, len(tree))
        head["earlier"] = {"checkpoint": vars(earlier), "proof": _as_hex(proof)}
    return head


def _root(tree: HashTree, checkpoint: Checkpoint) -> str:
    return tree.root(checkpoint.tree_size).hex()


_Write = Callable[[Record, Sequence[bytes] | None], None]


def _writer(form: Format, file: TextIO, head: dict[str, Any]) -> _Write:
    if form == "jsonl":
        file.write(canonical(head).decode() + "\n")
        return lambda record, proof: _write_line(file, record, proof)
    table = csv.writer(file)
    table.writerow(COLUMNS)
    return lambda record, proof: _write_row(table, record, proof)


def _write_line(file: TextIO, record: Record, proof: Sequence[bytes] | None) -> None:
    file.write(canonical({"record": record.as_dict(), "proof": _as_hex(proof)}).decode() + "\n")


def _write_row(table: Any, record: Record, proof: Sequence[bytes] | None) -> None:
    members = record.as_dict()
    members["details"] = canonical(record.details).decode()
    members["proof"] = "none" if proof is None else " ".join(_as_hex(proof) or ())
    table.writerow([_safe_cell(str(members[name])) for name in COLUMNS])


def _safe_cell(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text


def _as_hex(proof: Sequence[bytes] | None) -> list[str] | None:
    return None if proof is None else [value.hex() for value in proof]


@contextmanager
def _written(out: Path) -> Iterator[TextIO]:
    """A private file that is there when all of it is."""
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(open_private(temporary, os.O_WRONLY | os.O_EXCL), "w", encoding="utf-8", newline="") as file:
            yield file
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _not_as_signed(found: str) -> AuditError:
    return AuditError(found, "Only what was signed can be proved.", "Find out more: zaphod audit verify")
