"""What is looked for and what follows: rules and actions in one; knows no files, and not how rules are matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from zaphod.safety.guard.verdict import Action, Finding, Hit, Stage

OnError = Literal["closed", "open"]
ViewGroup = Literal["raw", "folded", "compact"]
"""The text as it came; as it may be meant; as that, without anything between letters."""
VIEW_GROUPS: tuple[ViewGroup, ...] = get_args(ViewGroup)
WITHHELD = "[withheld]"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Something to look for.

    Args:
        id: `category.name`, like `injection.override`.
        title: what was found, for people.
        stages: where it is looked for.
        patterns: any of these is a hit; written as in syntax.py.
        exceptions: what lies in a match of one of these is no hit.
        views: which readings of the text are looked at.
        is_case_sensitive: capitals are told from small letters; then the raw text alone is looked at.
    """

    id: str
    title: str
    stages: tuple[Stage, ...]
    patterns: tuple[str, ...]
    exceptions: tuple[str, ...] = ()
    views: tuple[ViewGroup, ...] = VIEW_GROUPS
    is_case_sensitive: bool = False

    @property
    def category(self) -> str:
        """`injection` of `injection.override`."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What follows from a hit that is sure enough.

    Args:
        action: what is done.
        min_score: how sure a hit must be.
        replacement: what stands in its place if it is redacted.
    """

    action: Action
    min_score: float = 0.0
    replacement: str = WITHHELD


@dataclass(frozen=True, kw_only=True)
class StagePolicy:
    """What follows at one stage.

    Args:
        on_error: what a finder's failure means: `closed` blocks, `open` lets pass; both are told.
        actions: by rule, by the beginning of a rule up to a dot, by category, or `*` for all others. The longest
            name that fits decides; of its steps the one with the highest score that the hit reaches.
    """

    on_error: OnError = "closed"
    actions: Mapping[str, tuple[Step, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def step(self, hit: Hit) -> Step | None:
        """What follows from a hit; None if nothing does."""
        reached = (step for step in self.steps(hit.rule) if hit.score >= step.min_score)
        return max(reached, key=lambda step: step.min_score, default=None)

    def steps(self, rule: str) -> tuple[Step, ...]:
        """What may follow from a rule's hits."""
        name = rule
        while name not in self.actions and name:
            name = name.rpartition(".")[0]
        return self.actions.get(name or "*", ())


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All that a tenant's texts are judged by.

    Args:
        name, version, description: for people.
        digest: SHA-256 of all that follows from it, in hexadecimal: equal digests, equal verdicts.
        max_delay_tokens: the most tokens that a stream may be behind.
        stages: what follows where.
        rules: what is looked for.
        authority: what tools may do; read by `authority.capabilities`.
    """

    name: str
    version: str
    digest: str
    description: str = ""
    max_delay_tokens: int = 16
    stages: Mapping[Stage, StagePolicy] = field(default_factory=lambda: MappingProxyType({}))
    rules: tuple[Rule, ...] = ()
    authority: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def label(self) -> str:
        """`name@version#digest`."""
        return f"{self.name}@{self.version}#{self.digest}"

    def finding(self, hit: Hit, stage: Stage) -> Finding:
        """A hit, and what is to be done about it."""
        step = self.at(stage).step(hit)
        if step is None:
            return Finding(hit=hit, action="allow")
        return Finding(hit=hit, action=step.action, replacement=step.replacement)

    def acts_on(self, rule: Rule, stage: Stage) -> bool:
        """Whether anything but a note follows from a rule at a stage."""
        return any(step.action != "allow" for step in self.at(stage).steps(rule.id))

    def at(self, stage: Stage) -> StagePolicy:
        """What follows at a stage."""
        return self.stages.get(stage, _SILENT)


_SILENT = StagePolicy()
