"""From the records of a benchmark to its figures and what must be said beside them; knows no model and no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zaphod.study.evaluation.journal import Record
from zaphod.study.evaluation.metrics import Figure, figure

_BETTER = ("letter", "cloze per character")
"""The two forms of which OLMES takes the better one."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one benchmark.

    Args:
        name: the benchmark.
        reason: why it was not run; empty where it was.
        figures: over all problems.
        groups: the first figure of each group.
        false_positives: how often a harmless text was accused: in all, and for each group.
        better: the better one of the two forms of choices.
        num_read: problems that the data hold.
        num_published: problems that it was published with.
        num_cut: problems whose beginning did not fit into the context.
        digests: SHA-256 of the files it was read from.
        settings: how it was asked.
        contamination: what was found of it in training data, where that was looked for.
    """

    name: str
    reason: str = ""
    figures: tuple[Figure, ...] = ()
    groups: Mapping[str, Figure] = field(default_factory=dict)
    false_positives: Mapping[str, Figure] = field(default_factory=dict)
    better: Figure | None = None
    num_read: int = 0
    num_published: int | None = None
    num_cut: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    contamination: Mapping[str, Any] | None = None

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        found = []
        if self.num_published and self.num_read != self.num_published:
            found.append(f"the data hold {self.num_read} of {self.num_published} published problems")
        if self.num_cut:
            found.append(f"{self.num_cut} prompts were cut to the context")
        if self.contamination is not None:
            found.append(
                f"{self.contamination['num_found']} of {self.contamination['num_looked_for']} found in training data"
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        if self.reason:
            return {"name": self.name, "status": "not run", "reason": self.reason}
        return {
            "name": self.name,
            "status": "run",
            "figures": [found.as_dict() for found in self.figures],
            "better_form": None if self.better is None else self.better.as_dict(),
            "groups": {name: found.as_dict() for name, found in self.groups.items()},
            "false_positives": {name: found.as_dict() for name, found in self.false_positives.items()},
            "problems_read": self.num_read,
            "problems_published": self.num_published,
            "prompts_cut": self.num_cut,
            "notes": self.notes,
            "data_sha256": dict(self.digests),
            "settings": dict(self.settings),
            "contamination": self.contamination,
        }


def figures_of(records: Sequence[Record]) -> tuple[Figure, ...]:
    """One for each name that values go by."""
    names = dict.fromkeys(name for record in records for name in record["values"])
    return tuple(_figure(name, records) for name in names)


def groups_of(records: Sequence[Record]) -> dict[str, Figure]:
    """The first figure, group by group; nothing where there are no groups."""
    names = list(dict.fromkeys(name for record in records for name in record["values"]))
    groups = sorted({record["group"] for record in records} - {""})
    return {group: _figure(names[0], _of_group(records, group)) for group in groups}


def false_positives_of(records: Sequence[Record], positive: int) -> dict[str, Figure]:
    """How often the accusing option was chosen where it is wrong: in all, and for each group."""
    harmless = [record for record in records if positive not in record["right"]]
    groups = ["", *sorted({record["group"] for record in harmless} - {""})]
    return {
        group or "all": _accused([record for record in harmless if group in ("", record["group"])], positive)
        for group in (groups if harmless else ())
    }


def better_of(figures: Iterable[Figure]) -> Figure | None:
    """Of the two forms of choices; None where they were not both asked."""
    both = [found for found in figures if found.name in _BETTER]
    return max(both, key=lambda found: found.value) if len(both) == len(_BETTER) else None


def _figure(name: str, records: Sequence[Record]) -> Figure:
    with_it = [record for record in records if name in record["values"]]
    chances = [record["chance"] for record in with_it if "chance" in record]
    chance = sum(chances) / len(chances) if chances and "mass" not in name else None
    return figure(name, [record["values"][name] for record in with_it], chance)


def _accused(records: Sequence[Record], positive: int) -> Figure:
    style = next(iter(records[0]["chosen"]))
    return figure(f"false positives ({style})", [float(record["chosen"][style] == positive) for record in records])


def _of_group(records: Sequence[Record], group: str) -> list[Record]:
    return [record for record in records if record["group"] == group]
