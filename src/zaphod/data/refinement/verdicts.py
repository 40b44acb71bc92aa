"""Whether a claim follows from what is known, contradicts it, or neither; knows no text around it.

A claim is refuted only where the reference is sure, speaks of the same relation of the same subject, and gives values
of the same kind, none of which agrees. What something is a kind of is refuted only where the claimed class is one that
the reference uses, and neither above nor below what the subject is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from zaphod.data.refinement.claims import IS_A, Claim
from zaphod.data.refinement.knowledge import KnowledgeBase, Known
from zaphod.data.refinement.values import Name, agrees, is_comparable, normal_name, parse_value


class Outcome(StrEnum):
    """What becomes of a claim."""

    ENTAILED = "entailed"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """The outcome, how sure it is, who says so, and the right value where there is exactly one."""

    outcome: Outcome
    confidence: float = 0.0
    sources: tuple[str, ...] = ()
    correction: str | None = None


_UNKNOWN = Verdict(Outcome.UNKNOWN)


def judge_claim(claim: Claim, knowledge: KnowledgeBase, min_confidence: float) -> Verdict:
    """Hold a claim against the reference."""
    known = knowledge.known(claim.subject, claim.relation)
    if not known:
        return _UNKNOWN
    value = parse_value(claim.value)
    agreeing = [entry for entry in known if agrees(value, entry.value)]
    if agreeing:
        return Verdict(Outcome.ENTAILED, agreeing[0].confidence, agreeing[0].sources)
    sure = [entry for entry in known if entry.confidence >= min_confidence]
    if not sure or not all(is_comparable(value, entry.value) for entry in known):
        return _UNKNOWN
    if isinstance(value, Name) and not knowledge.may_be_value(claim.relation, claim.value):
        return _UNKNOWN
    if claim.relation == IS_A:
        return _judge_being(claim, knowledge, sure)
    correction = sure[0].text if len(sure) == 1 else None
    return Verdict(Outcome.REFUTED, sure[0].confidence, sure[0].sources, correction)


def _judge_being(claim: Claim, knowledge: KnowledgeBase, sure: list[Known]) -> Verdict:
    claimed = normal_name(claim.value)
    above = knowledge.ancestors(claim.subject)
    if claimed in above:
        return Verdict(Outcome.ENTAILED, sure[0].confidence, sure[0].sources)
    classes = {entry.value.text for entry in sure if isinstance(entry.value, Name)}
    if not knowledge.is_class(claimed) or knowledge.ancestors(claimed) & classes:
        return _UNKNOWN
    correction = _with_article(sure[0].text) if len(sure) == 1 else None
    return Verdict(Outcome.REFUTED, sure[0].confidence, sure[0].sources, correction)


def _with_article(name: str) -> str:
    bare = normal_name(name)
    return f"{'an' if bare[:1] in 'aeiou' else 'a'} {bare}"
