"""How far a sink has come in a tenant's log, and what it would not take; knows no sink."""

from __future__ import annotations

import json
from pathlib import Path

from zaphod.core.errors import AuditError
from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.files import append_durably, make_private_folder, replace_durably
from zaphod.safety.audit.record import GENESIS, Record

SHIPPING_FOLDER = "shipping"


class Cursor:
    """The last record that was delivered or set aside, in a file that is whole at every moment.

    Args:
        folder: the audit folder.
        sink: the sink's name.
        name: of the tenant's folder.

    Raises:
        AuditError: the file is damaged.
        OSError: it cannot be read.
    """

    def __init__(self, folder: Path, sink: str, name: str) -> None:
        self._path = folder / SHIPPING_FOLDER / sink / f"{name}.json"
        self.seq, self.hash = 0, GENESIS.hex()
        if self._path.exists():
            self.seq, self.hash = _read(self._path)

    @property
    def refused_path(self) -> Path:
        """Where what was set aside is listed."""
        return self._path.with_suffix(".refused.jsonl")

    def move(self, record: Record) -> None:
        """Everything up to that record is done with."""
        make_private_folder(self._path.parent)
        replace_durably(self._path, canonical({"seq": record.seq, "hash": record.hash}) + b"\n")
        self.seq, self.hash = record.seq, record.hash

    def set_aside(self, record: Record, reason: str) -> None:
        """List a record that the sink will never take; the record itself stays in the log."""
        make_private_folder(self._path.parent)
        entry = {"seq": record.seq, "dedupe_id": record.dedupe_id, "reason": reason.encode(errors="replace").decode()}
        append_durably(self.refused_path, canonical(entry) + b"\n")


def _read(path: Path) -> tuple[int, str]:
    try:
        kept = json.loads(path.read_bytes())
        seq, value = kept["seq"], kept["hash"]
        if type(seq) is int and seq >= 0 and len(bytes.fromhex(value)) == len(GENESIS):
            return seq, value
    except (ValueError, KeyError, TypeError):
        pass
    raise AuditError(
        f"{path} does not say how far that sink has come.",
        "It must hold the number and hash of a record.",
        "Remove it, and everything is sent once more.",
    )
