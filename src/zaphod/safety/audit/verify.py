"""Whether logs are what was written: the chain, the trees that were signed, the witness; knows no writer.

    chain       finds what was changed, taken out, put in or moved, at its record
    tree        finds a history that was written anew, between two checkpoints
    witness     finds an end that was cut off together with its checkpoints, and older copies

What came after the last checkpoint that the witness has can be cut off, and nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from zaphod.core.errors import AuditError
from zaphod.core.places import tenant_folder_name
from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.safety.audit.checkpoint import CHECKPOINTS_FILE
from zaphod.safety.audit.diagnosis import Break, Kind, Link, Problem, diagnose
from zaphod.safety.audit.merkle import Frontier
from zaphod.safety.audit.record import GENESIS, Record, read_record
from zaphod.safety.audit.segments import first_seq_of, lines_of, segments_of
from zaphod.safety.audit.signing import PUBLIC_KEY_FILE, read_public_key
from zaphod.safety.audit.statements import Statement, Statements


@dataclass(frozen=True, kw_only=True)
class TenantReport:
    """What was found out about one tenant's log.

    Args:
        name: of its folder.
        tenant: whose it is; None if nothing in it says so.
        num_records: that are sound, from the first one on.
        num_signed: of these, covered by a checkpoint.
        num_checkpoints, num_witnessed: at the log, and at the witness.
        problems: what must not be, the first record first.
        notes: what need not be wrong, but is good to know.
    """

    name: str
    tenant: str | None
    num_records: int
    num_signed: int
    num_checkpoints: int
    num_witnessed: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found out about all logs that were looked at.

    Args:
        folder: where they lie.
        witness: what they were held against; None if nothing.
        public_key: the key that was trusted.
        tenants: one report each.
    """

    folder: Path
    witness: Path | None
    public_key: str
    tenants: tuple[TenantReport, ...]

    @property
    def is_sound(self) -> bool:
        return not any(tenant.problems for tenant in self.tenants)


def verify(
    folder: Path,
    witness: Path | None = None,
    *,
    tenant: str | None = None,
    public_key: str | None = None,
    other_copy: Path | None = None,
    progress: Progress = SILENT,
) -> Report:
    """Read logs from their beginning and say what is wrong with them. Writes nothing; the server may run.

    Args:
        folder: the audit folder.
        witness: the second place that checkpoints were copied to.
        tenant: only this one's.
        public_key: the key to trust; else the witness's, else the log's own.
        other_copy: another copy of the audit folder, to find where the two part.
        progress: told how far it is.

    Raises:
        AuditError: there is no log, or it cannot be read.
        ConfigError: a public key cannot be read.
    """
    try:
        names = _names(folder, witness, tenant)
        key = public_key or read_public_key((witness or folder) / PUBLIC_KEY_FILE)
        total_bytes = sum(path.stat().st_size for name in names for path in _segments(folder / name))
        with progress.step("verifying", total_bytes) as advance:
            reports = [_Examination(folder, witness, name, key, other_copy, advance).report() for name in names]
    except OSError as error:
        raise AuditError(f"{folder} cannot be read: {error.strerror or error}.", "", "Check the folder.") from error
    return Report(folder=folder, witness=witness, public_key=key, tenants=tuple(reports))


def _names(folder: Path, witness: Path | None, tenant: str | None) -> list[str]:
    """Folders of tenants, those too that only the witness knows."""
    if tenant is not None:
        names = {tenant_folder_name(tenant)} if _has_log(folder, witness, tenant_folder_name(tenant)) else set()
    else:
        places = [place for place in (folder, witness) if place is not None and place.is_dir()]
        names = {path.name for place in places for path in place.iterdir() if _has_log(folder, witness, path.name)}
    if not names:
        whose = "" if tenant is None else f" of tenant {tenant!r}"
        raise AuditError(f"There is no audit log{whose} in {folder}.", "", "Name its folder with --folder.")
    return sorted(names)


def _has_log(folder: Path, witness: Path | None, name: str) -> bool:
    is_witnessed = witness is not None and (witness / name / CHECKPOINTS_FILE).is_file()
    return is_witnessed or (folder / name / CHECKPOINTS_FILE).is_file() or bool(_segments(folder / name))


def _segments(folder: Path) -> list[Path]:
    return segments_of(folder) if folder.is_dir() else []


class _Line(NamedTuple):
    segment: Path
    is_first: bool
    is_in_last: bool
    data: bytes


_BEGINNING = Link(seq=0, prev="", hash=GENESIS.hex())


@dataclass
class _Walk:
    """How far the examination has come."""

    last: Link = _BEGINNING
    tenant: str | None = None
    frontier: Frontier = field(default_factory=Frontier)
    num_signed: int = 0
    is_stopped: bool = False
    torn_bytes: int = 0


class _Examination:
    """Of one tenant's log."""

    def __init__(
        self, folder: Path, witness: Path | None, name: str, public_key: str, other: Path | None, advance: Advance
    ) -> None:
        self._folder, self._name, self._advance = folder / name, name, advance
        self._other = other / name if other is not None else None
        own = self._folder / CHECKPOINTS_FILE
        self._witnessed = witness / name / CHECKPOINTS_FILE if witness is not None else None
        self._statements = Statements(own, self._witnessed, public_key)
        self._coming = iter(self._statements)
        self._next: Statement | None = None
        self._problems: list[Problem] = []
        self._walk = _Walk()

    def report(self) -> TenantReport:
        self._next = next(self._coming, None)
        lines = self._lines()
        for line in lines:
            if not self._accepts(line, lines):
                break
        self._finish()
        return TenantReport(
            name=self._name,
            tenant=self._walk.tenant,
            num_records=self._walk.last.seq,
            num_signed=self._walk.num_signed,
            num_checkpoints=self._statements.num_own,
            num_witnessed=self._statements.num_witnessed,
            problems=tuple(self._sorted_problems()),
            notes=tuple(self._notes()),
        )

    def _lines(self) -> Iterator[_Line]:
        segments = _segments(self._folder)
        for segment in segments:
            is_first = True
            for data in lines_of(segment):
                self._advance(len(data))
                yield _Line(segment, is_first, segment == segments[-1], data)
                is_first = False

    def _accepts(self, line: _Line, rest: Iterator[_Line]) -> bool:
        """Go on behind a line; False if nothing behind it can be trusted."""
        if not line.data.endswith(b"\n") and line.is_in_last:
            self._walk.torn_bytes = len(line.data)
            return False
        try:
            record = read_record(line.data) if line.data.endswith(b"\n") else None
        except ValueError:
            record = None
        if record is None or record.seq != self._walk.last.seq + 1 or record.prev != self._walk.last.hash:
            self._stop(diagnose(Break(last=self._walk.last, line=line.data, rest=(other.data for other in rest))))
            return False
        return self._is_in_place(record, line) and self._is_as_signed(record)

    def _is_in_place(self, record: Record, line: _Line) -> bool:
        if self._walk.tenant is None:
            self._walk.tenant = record.tenant
        if record.tenant != self._walk.tenant or tenant_folder_name(record.tenant) != self._name:
            explanation = f"Record {record.seq} belongs to tenant {record.tenant!r}, not into {self._name}."
            self._stop(Problem(kind="misplaced", seq=record.seq, explanation=explanation))
            return False
        if line.is_first and first_seq_of(line.segment) != record.seq:
            explanation = f"{line.segment.name} begins with record {record.seq}: somebody has given it another name."
            self._stop(Problem(kind="misplaced", seq=record.seq, explanation=explanation))
            return False
        return True

    def _is_as_signed(self, record: Record) -> bool:
        walk = self._walk
        walk.last = Link.of(record)
        walk.frontier.append(bytes.fromhex(record.hash))
        if self._next is None or self._next.checkpoint.tree_size != record.seq:
            return True
        signed = self._next
        if (signed.checkpoint.root, signed.checkpoint.head) != (walk.frontier.root().hex(), record.hash):
            self._stop(_forked(walk.num_signed + 1, record.seq, signed.number))
            return False
        walk.num_signed = record.seq
        self._next = next(self._coming, None)
        return True

    def _stop(self, problem: Problem) -> None:
        self._problems.append(problem)
        self._walk.is_stopped = True

    def _finish(self) -> None:
        """Read what checkpoints remain, tell if they speak of records that are not there, and look at the copy."""
        first = last = self._next
        for last in self._coming:
            self._walk.tenant = self._walk.tenant or last.checkpoint.tenant
        if first is not None and last is not None and not self._walk.is_stopped:
            self._walk.tenant = self._walk.tenant or first.checkpoint.tenant
            self._problems.append(self._cut_end(first, last))
        if self._other is not None:
            self._compare(self._other)

    def _cut_end(self, first: Statement, last: Statement) -> Problem:
        seq, size = self._walk.last.seq + 1, last.checkpoint.tree_size
        if self._walk.torn_bytes:
            explanation = f"Record {seq} is not the one that was written: its line has no end, and it was signed."
            return Problem(kind="changed", seq=seq, explanation=explanation)
        kind: Kind = "truncated" if first.is_own else "rolled_back"
        who = "the log's own checkpoints" if first.is_own else "the witness's checkpoints, no more the log's own,"
        explanation = f"Records {seq} to {size} are missing at the end; {who} speak of them."
        return Problem(kind=kind, seq=seq, explanation=explanation, checkpoint=last.number)

    def _compare(self, other: Path) -> None:
        """Find where another copy of the log parts from this one; one may be longer."""
        theirs = (line for segment in _segments(other) for line in lines_of(segment))
        for seq, (own, copy) in enumerate(zip(self._lines(), theirs, strict=False), 1):
            if own.data != copy and own.data.endswith(b"\n") and copy.endswith(b"\n"):
                explanation = f"Record {seq} is another one in {other}: there are two histories."
                self._problems.append(Problem(kind="forked", seq=seq, explanation=explanation))
                return

    def _sorted_problems(self) -> list[Problem]:
        found = [*self._problems, *self._statements.problems]
        if any(problem.kind == "rolled_back" for problem in found):
            # Checkpoints that went back with their records are no second problem.
            found = [problem for problem in found if problem.kind != "checkpoint_missing"]
        return sorted(found, key=lambda problem: problem.seq)

    def _notes(self) -> Iterator[str]:
        num_unsigned = self._walk.last.seq - self._walk.num_signed
        if num_unsigned and not self._walk.is_stopped:
            yield f"The last {num_unsigned} records are not signed yet: if they were cut off, nobody could tell."
        if self._walk.torn_bytes:
            yield f"The last line is not whole ({self._walk.torn_bytes} bytes): it is being written, or was stopped."
        if self._witnessed is None:
            yield "Nothing was held against a witness: an older copy of the whole log would look the same."
        elif self._statements.num_witnessed < self._statements.num_own:
            behind = self._statements.num_own - self._statements.num_witnessed
            yield f"The witness lacks the last {behind} checkpoints."
        torn = sorted(path.name for path in self._folder.glob("*.torn"))
        if torn:
            yield f"Ends that were torn off by a crash are kept in {', '.join(torn)}."


def _forked(first: int, last: int, checkpoint: int) -> Problem:
    explanation = (
        f"Somewhere from record {first} to record {last} this is not the log that checkpoint {checkpoint} speaks of: "
        "another history was put in its place."
    )
    return Problem(kind="forked", seq=first, explanation=explanation, checkpoint=checkpoint)
