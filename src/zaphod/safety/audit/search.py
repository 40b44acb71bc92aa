"""Which records are asked for; knows how to look through a log, not how results are shown."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zaphod.core.places import tenant_folder_name
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.audit.canonical import canonical
from zaphod.safety.audit.record import Record
from zaphod.safety.audit.segments import LogReader, record_of, segments_of

_WILD = re.compile(r"[*?\[]")
_BATCH_LINES = 1024


@dataclass(frozen=True, kw_only=True)
class Query:
    """What a record must be. A word may hold `*`, `?` and `[…]`, as file names do; an empty one asks for nothing.

    Args:
        since, until: moments as records write them; half-open.
        actor, action, object, decision: words.
        details: words by the detail's name; a number or truth as JSON writes it.
    """

    since: str = ""
    until: str = ""
    actor: str = ""
    action: str = ""
    object: str = ""
    decision: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    def matches(self, record: Record) -> bool:
        """Whether the record is one that is asked for."""
        if record.ts_utc < self.since or (self.until and record.ts_utc >= self.until):
            return False
        if not all(_fits(word, getattr(record, name)) for name, word in self._words().items()):
            return False
        return all(_fits(word, _shown(record.details.get(name))) for name, word in self.details.items())

    def must_hold(self) -> tuple[bytes, ...]:
        """What stands in the line of every record that is asked for, so that others need not be read."""
        exact = {name: word for name, word in self._words().items() if not _WILD.search(word)}
        return tuple(canonical({name: word})[1:-1] for name, word in exact.items())

    def _words(self) -> dict[str, str]:
        names = ("actor", "action", "object", "decision")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def search(folder: Path, tenant: str, query: Query, progress: Progress = SILENT) -> Iterator[Record]:
    """The records of a tenant that are asked for, in order.

    Args:
        folder: the audit folder.
        tenant: whose log.
        query: what is asked for.
        progress: told how far it is.

    Raises:
        AuditError: a record that had to be read has been changed. Others are not looked at: that is `verify`'s work.
    """
    place = folder / tenant_folder_name(tenant)
    segments = segments_of(place) if place.is_dir() else []
    needles = query.must_hold()
    reader = LogReader(folder, tenant)
    with progress.step("searching", sum(path.stat().st_size for path in segments)) as advance:
        while lines := reader.lines(_BATCH_LINES):
            for line in lines:
                if all(needle in line for needle in needles) and query.matches(record := record_of(line, place)):
                    yield record
            advance(sum(map(len, lines)))


def _fits(word: str, value: str) -> bool:
    return fnmatch.fnmatchcase(value, word)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical(value).decode()
