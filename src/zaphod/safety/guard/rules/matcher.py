"""The rules of a policy as a finder: which of them hit in which reading of a text; knows no action.

Each rule is made ready three times: for the text as it came, for texts that were folded (its letters are folded in the
same way), and for those without anything between letters. Each reading is gone through once for all rules; only those
that hit are looked for by themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.rules.folding import Fold, compacted, folded
from zaphod.safety.guard.rules.nodes import Node
from zaphod.safety.guard.rules.policy import Rule, ViewGroup
from zaphod.safety.guard.rules.program import Encoded, Program, Sieve, Tail
from zaphod.safety.guard.rules.syntax import parse
from zaphod.safety.guard.verdict import Hit, Stage

GroupOf = Callable[[View], ViewGroup]
ReadingOf = Callable[[View], tuple[str, ...]]
Place = tuple[int, Mapping[str, int]]
"""The first character of a reading that a match may have; the same for single rules, by their ids."""

_COMING_IN: frozenset[Stage] = frozenset({"input", "retrieval", "tool_call"})
"""Stages whose rules are nearly the same: making them ready one by one takes three times as long."""


@dataclass(frozen=True)
class _Ready:
    """One pattern of a rule for one kind of reading."""

    rule: Rule
    program: Program


class _Group:
    """Rules for one kind of reading, of one stage or of several that share most of theirs."""

    def __init__(self, rules: Sequence[Rule], group: ViewGroup, fold: Fold) -> None:
        trees = [(rule, node) for rule in rules for node in _trees(rule.patterns, group, fold)]
        self._ready = [_Ready(rule, Program(node, is_case_sensitive=_is_exact(rule, group))) for rule, node in trees]
        self._sieve = Sieve([ready.program for ready in self._ready])
        self._exceptions = {
            rule.id: [Program(node, is_case_sensitive=_is_exact(rule, group)) for node in nodes]
            for rule in rules
            if (nodes := _trees(rule.exceptions, group, fold))
        }
        excepted = [(rule, node) for rule in rules for node in _trees(rule.exceptions, group, fold)]
        self._unfinished = [(node, _is_exact(rule, group)) for rule, node in (*trees, *excepted)]
        self._tail: Tail | None = None

    def spans(self, text: Encoded, stage: Stage, place: Callable[[], Place]) -> Iterator[tuple[Rule, int, int]]:
        """What is hit at a stage, in characters of the reading, from a place on that is asked for only if need be."""
        matching = (self._ready[index] for index in self._sieve.matching(text))
        hit = [ready for ready in matching if stage in ready.rule.stages]
        if not hit:
            return
        start, starts = place()
        for rule in {ready.rule.id: ready.rule for ready in hit}.values():
            programs = [ready.program for ready in hit if ready.rule is rule]
            for span in _united(programs, text, starts.get(rule.id, start)):
                yield rule, *span

    def exceptions(self, rule: str, text: Encoded) -> list[tuple[int, int]]:
        """Where nothing that lies in it is a hit of a rule."""
        return _united(self._exceptions.get(rule, ()), text, 0)

    def pending(self, text: str) -> int | None:
        """Where a match may have begun that is not over."""
        if self._tail is None:
            self._tail = Tail(self._unfinished)  # two threads may both make it: it is the same
        return self._tail.start(text)


def _united(programs: Sequence[Program], text: Encoded, start: int) -> list[tuple[int, int]]:
    """Where any of them matches."""
    return sorted({span for program in programs for span in program.spans(text, start)})


def _trees(patterns: Iterable[str], group: ViewGroup, fold: Fold) -> list[Node]:
    trees = [parse(pattern) for pattern in patterns]
    if group == "raw":
        return trees
    spelt = [folded(tree, fold) for tree in trees]
    return spelt if group == "folded" else [tree for tree in map(compacted, spelt) if tree is not None]


def _is_exact(rule: Rule, group: ViewGroup) -> bool:
    """Folded texts have no capitals, so nothing is gained by looking for both."""
    return rule.is_case_sensitive or group != "raw"


class PatternFinder:
    """Finds what the patterns of rules say. Thread-safe.

    Args:
        rules: what to look for.
        group_of: what kind of reading a view is.
        reading_of: what is the same for all forms of one reading.
        fold: how views fold letters.
    """

    name = "patterns"

    def __init__(self, rules: Sequence[Rule], group_of: GroupOf, reading_of: ReadingOf, fold: Fold) -> None:
        self._rules, self._group_of, self._reading_of, self._fold = tuple(rules), group_of, reading_of, fold
        self._excepted = {rule.id for rule in rules if rule.exceptions}
        self._groups: dict[tuple[tuple[str, ...], ViewGroup], _Group] = {}
        self._at: dict[tuple[Stage, ViewGroup], _Group] = {}
        self._lock = threading.Lock()

    def find(self, views: Sequence[View], stage: Stage) -> Iterator[Hit]:
        """Every rule's matches in every reading that it looks at."""
        return self.find_from(views, stage, lambda view: (0, {}))

    def find_from(self, views: Sequence[View], stage: Stage, place_in: Callable[[View], Place]) -> Iterator[Hit]:
        """The same, from a place in each reading on.

        Args:
            views: the readings.
            stage: where the text is on its way.
            place_in: tells the place; called for readings with matches only.
        """
        exceptions: dict[tuple[str, tuple[str, ...]], list[tuple[int, int]]] = {}
        for view in views:
            group = self._group(stage, self._group_of(view))
            for rule, *span in group.spans(Encoded(view.text), stage, partial(place_in, view)):
                first, last = view.raw_span(*span)
                if rule.id in self._excepted:
                    key = (rule.id, self._reading_of(view))
                    if key not in exceptions:
                        exceptions[key] = self._exceptions(*key, views, stage)
                    if any(begin <= first and last <= end for begin, end in exceptions[key]):
                        continue
                yield Hit(rule=rule.id, title=rule.title, start=first, end=last, views=view.chain)

    def _exceptions(
        self, rule: str, reading: tuple[str, ...], views: Sequence[View], stage: Stage
    ) -> list[tuple[int, int]]:
        """Where nothing is a hit of a rule in a reading, whichever form of it shows so; in raw characters."""
        return [
            view.raw_span(*span)
            for view in views
            if self._reading_of(view) == reading
            for span in self._group(stage, self._group_of(view)).exceptions(rule, Encoded(view.text))
        ]

    def pending(self, view: View, stage: Stage) -> int | None:
        """Where in a reading a match may have begun that its end has cut off."""
        return self._group(stage, self._group_of(view)).pending(view.text)

    def prepare(self, stage: Stage) -> None:
        """Make ready for a stage what the first text would wait for."""
        for group in ("raw", "folded", "compact"):
            self._group(stage, group)

    def _group(self, stage: Stage, group: ViewGroup) -> _Group:
        found = self._at.get((stage, group))
        return self._made(stage, group) if found is None else found

    def _made(self, stage: Stage, group: ViewGroup) -> _Group:
        """Stages that look for the same rules share what was made of them, and all that come in are made together."""
        stages = _COMING_IN if stage in _COMING_IN else {stage}
        rules = [rule for rule in self._rules if stages & set(rule.stages) and group in rule.views]
        place = (tuple(rule.id for rule in rules), group)
        with self._lock:
            if place not in self._groups:
                self._groups[place] = _Group(rules, group, self._fold)
            self._at[stage, group] = self._groups[place]
        return self._groups[place]
