"""What checkpoints state about one tenant's log, at the log and at its witness, read side by side; knows no records."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zaphod.safety.audit.checkpoint import NO_CHECKPOINT, Checkpoint, checkpoint_lines, read_checkpoint
from zaphod.safety.audit.diagnosis import Kind, Problem


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A checkpoint that the trusted key has signed.

    Args:
        number: its place among the checkpoints, from 1.
        checkpoint: what it says.
        is_own: the log has it, too, not only the witness.
    """

    number: int
    checkpoint: Checkpoint
    is_own: bool


class Statements:
    """All checkpoints in order; where the log and the witness differ, the witness is believed.

    Args:
        own: the log's file.
        witness: the witness's; None if there is none.
        public_key: the key that is trusted.

    Iterate over it once. `problems` then holds what was wrong with checkpoints.
    """

    def __init__(self, own: Path, witness: Path | None, public_key: str) -> None:
        self.problems: list[Problem] = []
        self.num_own = 0
        self.num_witnessed = 0
        self._public_key = public_key
        # A server may be signing meanwhile. What is there now speaks of records that are there now, and the witness's
        # is there first.
        self._copies = _lines_now(witness)
        self._lines = _lines_now(own)
        self._signed_size = 0
        self._previous: str | None = NO_CHECKPOINT
        self._has_parted = False

    def __iter__(self) -> Iterator[Statement]:
        for number, (own, copy) in enumerate(itertools.zip_longest(self._lines, self._copies), 1):
            self.num_own += own is not None
            self.num_witnessed += copy is not None
            if copy is not None and own != copy:
                self._part(number, own)
            if self._has_parted and copy is None:
                continue  # what the log says beyond the witness belongs to another history
            checkpoint = self._believed(number, copy or own or b"")
            if checkpoint is not None:
                yield Statement(number=number, checkpoint=checkpoint, is_own=copy is None or own == copy)

    def _part(self, number: int, own: bytes | None) -> None:
        """Tell once why the log's own checkpoint is not the witness's."""
        if self._has_parted:
            return
        self._has_parted = True
        if own is None:
            self._add("checkpoint_missing", number, f"The witness has checkpoint {number}, the log has not.")
            return
        checkpoint = self._read(number, own)
        if checkpoint is not None:
            self._add("forked", number, f"Checkpoint {number} was signed twice: the log's is not the witness's.")

    def _believed(self, number: int, line: bytes) -> Checkpoint | None:
        checkpoint = self._read(number, line)
        previous, self._previous = self._previous, checkpoint.hash if checkpoint else None
        if checkpoint is None:
            return None
        if previous is not None and checkpoint.previous != previous:
            self._add("checkpoint_missing", number, f"The checkpoint before checkpoint {number} is missing.")
        if checkpoint.tree_size <= self._signed_size:
            self._add("forked", number, f"Checkpoint {number} speaks of fewer records than the one before it.")
            return None
        self._signed_size = checkpoint.tree_size
        return checkpoint

    def _read(self, number: int, line: bytes) -> Checkpoint | None:
        try:
            checkpoint = read_checkpoint(line)
        except ValueError as error:
            self._add("checkpoint_changed", number, f"Checkpoint {number} is not as it was written: {error}.")
            return None
        if checkpoint.is_signed_by(self._public_key):
            return checkpoint
        if checkpoint.public_key != self._public_key and checkpoint.is_signed_by(checkpoint.public_key):
            self._add("foreign_signature", number, f"Checkpoint {number} was signed with another key.")
        else:
            self._add("checkpoint_changed", number, f"The signature of checkpoint {number} does not fit what it says.")
        return None

    def _add(self, kind: Kind, number: int, explanation: str) -> None:
        problem = Problem(kind=kind, seq=self._signed_size + 1, explanation=explanation, checkpoint=number)
        # Where log and witness say the same, it is read once; where both are wrong, it is told once.
        if problem not in self.problems:
            self.problems.append(problem)


def _lines_now(path: Path | None) -> Iterator[bytes]:
    if path is None or not path.exists():
        return iter(())
    return checkpoint_lines(path, path.stat().st_size)
