"""Finds personal data and secrets in the views of a text; knows no policy.

Checked are the raw text and those views that keep digits and letters what they are. A view that differs from the raw
text only in case has nothing new. Of hits that overlap the surest stays, then the longest.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.pii.addresses import address_rows
from zaphod.safety.guard.pii.cards import card_rows
from zaphod.safety.guard.pii.credentials import credential_rows
from zaphod.safety.guard.pii.iban import iban_rows
from zaphod.safety.guard.pii.labelled import labelled_rows
from zaphod.safety.guard.pii.names import name_rows
from zaphod.safety.guard.pii.national_ids import national_id_rows
from zaphod.safety.guard.pii.network import network_rows
from zaphod.safety.guard.pii.pending import Pending
from zaphod.safety.guard.pii.phones import phone_rows
from zaphod.safety.guard.pii.reading import Reading
from zaphod.safety.guard.pii.recogniser import Compiled, Recogniser, Spot
from zaphod.safety.guard.pii.triggers import Triggers
from zaphod.safety.guard.pii.wallets import wallet_rows
from zaphod.safety.guard.verdict import Hit, Stage

_DESTROYING: Final = ("leet", "space", "compact", "order", "rot13", "reverse")
"""Parts of the names of steps that make other numbers of numbers or join what does not belong together."""


@dataclass(frozen=True, kw_only=True)
class PiiOptions:
    """What counts as found.

    Args:
        least_score: hits that are less sure are dropped; 0.5 leaves out digits that only their length speaks for.
        without: rules that are not looked for, with all that begin so: `pii.ip`, `pii.national_id`.
    """

    least_score: float = 0.5
    without: tuple[str, ...] = ()

    def allows(self, rule: str) -> bool:
        """Whether a rule is looked for."""
        return not any(rule == name or rule.startswith(f"{name}.") for name in self.without)


class TableFinder:
    """A finder of what a table of recognisers says. Thread-safe; keeps nothing."""

    def __init__(self, name: str, rows: Iterable[Recogniser], options: PiiOptions) -> None:
        self.name = name
        self.options = options
        allowed = tuple(row for row in rows if options.allows(row.rule))
        self._rows = [_compiled(row) for row in allowed]
        self._pending, self._triggers = _automata(allowed, options.least_score)

    @property
    def rules(self) -> frozenset[str]:
        """What it may find."""
        return frozenset(compiled.row.rule for compiled in self._rows)

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """What is in a text, by place. The stage makes no difference."""
        hits: list[Hit] = []
        seen: set[str] = set()
        for view in views:
            folded = view.text.lower()
            if view.chain and (folded in seen or any(part in step for step in view.chain for part in _DESTROYING)):
                continue
            seen.add(folded)
            hits += self._hits(view)
        return _best(hits)

    def pending(self, text: str) -> int | None:
        """Where the end of a text begins that may still grow into a hit, or into a longer one; None if nothing does.

        The text needs `Pending.CONTEXT` characters before what has not been shown, as far as there are as many.
        """
        return self._pending.start(text)

    def _hits(self, view: View) -> list[Hit]:
        reading = Reading(view.text)
        hits = []
        for index in self._triggers.rows(reading):
            for spot in self._rows[index].spots(reading, self.options.least_score):
                start, end = view.raw_span(reading.character_at(spot.start), reading.character_at(spot.end))
                hits.append(_hit(spot, start, end, view.chain))
        return hits


class PiiFinder(TableFinder):
    """Personal data: what points to a person, an account or a household."""

    def __init__(self, options: PiiOptions = PiiOptions()) -> None:
        super().__init__("pii", pii_rows(), options)


class SecretFinder(TableFinder):
    """Secrets: what opens something."""

    def __init__(self, options: PiiOptions = PiiOptions()) -> None:
        super().__init__("secret", credential_rows(), options)


@functools.cache
def pii_rows() -> tuple[Recogniser, ...]:
    """Every recogniser of personal data."""
    makers = (
        card_rows, iban_rows, national_id_rows, wallet_rows, network_rows, phone_rows, labelled_rows, name_rows,
        address_rows,
    )  # fmt: skip
    return tuple(row for maker in makers for row in maker())


# Automata make their states as texts ask for them, and take tens of megabytes: finders share what they have in common.
@functools.lru_cache(maxsize=1024)
def _compiled(row: Recogniser) -> Compiled:
    return Compiled(row)


@functools.lru_cache(maxsize=16)
def _automata(rows: tuple[Recogniser, ...], least_score: float) -> tuple[Pending, Triggers]:
    return Pending(rows), Triggers(rows, least_score)


def _hit(spot: Spot, start: int, end: int, chain: tuple[str, ...]) -> Hit:
    return Hit(rule=spot.rule, title=spot.title, start=start, end=end, score=spot.score, views=tuple(chain))


def _best(hits: Iterable[Hit]) -> list[Hit]:
    """Without overlaps: the surest, then the longest, then the one of the raw text."""
    chosen: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (-hit.score, hit.start - hit.end, len(hit.views))):
        if all(hit.end <= other.start or other.end <= hit.start for other in chosen):
            chosen.append(hit)
    return sorted(chosen, key=lambda hit: hit.start)
