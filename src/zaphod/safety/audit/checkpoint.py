"""A signed statement about all records so far, and the file of them; knows nothing of where copies lie.

A chain alone cannot show that its end was cut off, or that all of it was written anew. A checkpoint says how many
records there were and what their tree hashes to. It names the one before it, and its signature covers all of that.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.signing import Signer, is_signed

CHECKPOINTS_FILE = "checkpoints.jsonl"
NO_CHECKPOINT = "0" * 64
"""What the first one names as the one before it."""
MAX_CHECKPOINT_BYTES = 4096
_LAST_BYTES = 4 * MAX_CHECKPOINT_BYTES

_CONTEXT = b"zaphod audit checkpoint 1\n"
_PATTERNS = {
    "root": re.compile("[0-9a-f]{64}"),
    "head": re.compile("[0-9a-f]{64}"),
    "previous": re.compile("[0-9a-f]{64}"),
    "public_key": re.compile("[0-9a-f]{64}"),
    "signature": re.compile("[0-9a-f]{128}"),
}


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What the signer states.

    Args:
        tenant: whose log.
        tree_size: how many records it had.
        root: the hash of their tree, in hexadecimal digits as all that follows.
        head: the hash of the last of them.
        previous: the hash of the checkpoint before this one.
        ts_utc: when.
        public_key: who.
        signature: over all of that.
    """

    tenant: str
    tree_size: int
    root: str
    head: str
    previous: str
    ts_utc: str
    public_key: str
    signature: str = ""

    @property
    def line(self) -> bytes:
        """As it stands in the file, with its end."""
        return canonical(vars(self)) + b"\n"

    @property
    def hash(self) -> str:
        """What the next one names."""
        return hashlib.sha256(self.line).hexdigest()

    @property
    def message(self) -> bytes:
        """What is signed."""
        return _CONTEXT + canonical({name: value for name, value in vars(self).items() if name != "signature"})

    def signed(self, signer: Signer) -> Checkpoint:
        """The same with its signature."""
        return dataclasses.replace(self, signature=signer.sign(self.message))

    def is_signed_by(self, public_key: str) -> bool:
        """Whether the holder of that key states this."""
        return self.public_key == public_key and is_signed(self.message, self.signature, public_key)


_NAMES = frozenset(field.name for field in dataclasses.fields(Checkpoint))


def read_checkpoint(line: bytes) -> Checkpoint:
    """The checkpoint of a line; its signature is not looked at.

    Raises:
        ValueError: it is none.
    """
    try:
        members = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(members, dict) or members.keys() != _NAMES:
        raise ValueError("it does not have a checkpoint's members")
    size = members["tree_size"]
    if type(size) is not int or size < 1 or not all(isinstance(members[name], str) for name in _NAMES - {"tree_size"}):
        raise ValueError("a member is of another type")
    if not all(pattern.fullmatch(members[name]) for name, pattern in _PATTERNS.items()):
        raise ValueError("a hash, key or signature is none")
    checkpoint = Checkpoint(**members)
    if checkpoint.line.removesuffix(b"\n") != line.removesuffix(b"\n"):
        raise ValueError("it is not in canonical form")
    return checkpoint


def checkpoint_lines(path: Path, max_bytes: int | None = None) -> Iterator[bytes]:
    """Every whole line of a file of checkpoints; none if there is no file. A last line without an end is left out."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        while max_bytes is None or file.tell() < max_bytes:
            line = file.readline(MAX_CHECKPOINT_BYTES)
            if not line.endswith(b"\n") and len(line) < MAX_CHECKPOINT_BYTES:
                return
            yield line


def last_checkpoint_lines(path: Path) -> tuple[list[bytes], int]:
    """The last few whole lines of a file of checkpoints, and where they end; nothing if there is no file."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return [], 0
    with file:
        start_bytes = max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES)
        file.seek(start_bytes)
        data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.splitlines(keepends=True)
    return lines[1:] if start_bytes else lines, start_bytes + len(whole)
