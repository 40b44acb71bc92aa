"""What the audit tests share: events, small logs, and what attackers do to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zaphod.core.places import tenant_folder_name
from zaphod.safety.audit import AuditLog, AuditOptions, Event, Receipt, witness_of
from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.segments import segments_of

TENANT = "acme"


def event(number: int = 0, tenant: str = TENANT, **changes: Any) -> Event:
    about = {"actor": "key_1", "action": "chat.request", "object": f"resp_{number}", "decision": "allow"}
    return Event(**{"tenant": tenant, **about, "details": {"number": number}, **changes})


def write(folder: Path, numbers: Sequence[int], *, tenant: str = TENANT, **options: Any) -> list[Receipt]:
    """Write these events one after the other, and sign."""
    with AuditLog(folder, AuditOptions(**options)) as log:
        return [log.append(event(number, tenant)).result(10) for number in numbers]


class Victim:
    """A tenant's log that an attacker who may write every file has his hands on."""

    def __init__(self, folder: Path, tenant: str = TENANT) -> None:
        self.folder, self.place = folder, folder / tenant_folder_name(tenant)
        self.witness = witness_of(folder)

    @property
    def segments(self) -> list[Path]:
        return segments_of(self.place)

    def lines(self) -> list[tuple[Path, bytes]]:
        return [(path, line) for path in self.segments for line in path.read_bytes().splitlines(keepends=True)]

    def put(self, lines: Sequence[tuple[Path, bytes]]) -> None:
        for path in self.segments:
            path.write_bytes(b"".join(line for segment, line in lines if segment == path))

    def edit(self, change: Callable[[list[tuple[Path, bytes]]], object]) -> None:
        lines = self.lines()
        change(lines)
        self.put(lines)

    def flip(self, path: Path, offset: int, mask: int = 1) -> None:
        data = bytearray(path.read_bytes())
        data[offset] ^= mask
        path.write_bytes(data)

    def replace(self, seq: int, *, until: int | None = None, **members: Any) -> None:
        """Change a record and hash it anew, as the writer would; those after it too, up to `until`."""
        lines = self.lines()
        previous = json.loads(lines[seq - 1][1])["prev"]
        for index in range(seq - 1, until or seq):
            segment, line = lines[index]
            record = {**json.loads(line), "prev": previous, **(members if index == seq - 1 else {})}
            del record["hash"]
            lines[index], previous = (segment, rehashed(record)), hash_of(record)
        self.put(lines)


def hash_of(record: dict[str, Any]) -> str:
    """Written from the format's description, not from our code."""
    return hashlib.sha256(b"\x00" + bytes.fromhex(record["prev"]) + canonical(record)).hexdigest()


def rehashed(record: dict[str, Any]) -> bytes:
    return canonical(record)[:-1] + f',"hash":"{hash_of(record)}"}}\n'.encode()
