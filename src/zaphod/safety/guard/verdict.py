"""What was found in a text, and what follows from it; knows neither how things are found nor who decides.

Finders make hits: what is there and where. A policy makes findings of them: what is to be done. A verdict is the
strongest of those, with all of them beside it, so that everybody can see why.

Offsets count characters of the raw text, as it came; intervals are half-open. Raw text is never rewritten: `redacted`
makes a new one, and the findings say what is missing in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Stage = Literal["input", "retrieval", "tool_call", "output"]
"""What people said; what tools and sources said; what the model wants to be done; what the model says."""
STAGES: tuple[Stage, ...] = get_args(Stage)

Action = Literal["allow", "redact", "confirm", "block"]
"""From the weakest to the strongest."""
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Something that a finder has found.

    Args:
        rule: who found it, like `injection.override`, `pii.iban`, `toxicity.model`; the part before the first dot
            is its category.
        title: what it is, for people; never the text that was found.
        start, end: where, in characters of the raw text.
        score: how sure, 0 to 1; 1 for patterns and checksums.
        views: what was done to the text before it was seen, in order, such as `("base64", "confusables")`.
    """

    rule: str
    title: str
    start: int
    end: int
    score: float = 1.0
    views: tuple[str, ...] = ()

    @property
    def category(self) -> str:
        """`pii` of `pii.iban`."""
        return self.rule.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A hit, and what the policy wants done about it.

    Args:
        hit: what was found.
        action: what follows.
        replacement: what stands in its place where the action is `redact`.
    """

    hit: Hit
    action: Action
    replacement: str = "[withheld]"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What follows for a text as a whole.

    Args:
        findings: all of them, by place.
        policy: which policy decided, as `name@version#hash`.
        errors: finders that failed; what that means is the policy's to say, and `action` says it.
        floor: the least that follows, whatever the findings: `block` where a policy that fails closed had an error.
    """

    findings: tuple[Finding, ...] = ()
    policy: str = ""
    errors: tuple[str, ...] = ()
    floor: Action = "allow"

    @property
    def action(self) -> Action:
        """The strongest action of all findings."""
        return max((self.floor, *(finding.action for finding in self.findings)), key=ACTIONS.index)

    def findings_of(self, action: Action) -> tuple[Finding, ...]:
        """Those with one action."""
        return tuple(finding for finding in self.findings if finding.action == action)

    def redacted(self, text: str) -> str:
        """The text with every finding replaced whose action is `redact`; the text itself if there is none."""
        return redacted(text, self.findings_of("redact"))


def redacted(text: str, findings: Iterable[Finding]) -> str:
    """The text with these findings replaced. Where findings overlap, one replacement stands for all they cover."""
    pieces: list[str] = []
    done = 0
    for finding in sorted(findings, key=lambda finding: (finding.hit.start, -finding.hit.end)):
        if finding.hit.start >= done:
            pieces += (text[done : finding.hit.start], finding.replacement)
        done = max(done, finding.hit.end)
    pieces.append(text[done:])
    return "".join(pieces)
