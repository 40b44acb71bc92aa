"""The stage that corrects or drops what the reference refutes; knows no rule of truth.

Every edit is written down in `metadata["edits"]`: what stood there, what stands there now, how sure, and on whose word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.refinement.claims import IS_A, Claim, extract_claims
from zaphod.data.refinement.knowledge import KnowledgeBase, read_knowledge
from zaphod.data.refinement.values import restyled
from zaphod.data.refinement.verdicts import Outcome, Verdict, judge_claim

Action = Literal["correct", "drop"]


class Edit(NamedTuple):
    """Text in [start, end) of the old text, and what takes its place."""

    start: int
    end: int
    old: str
    new: str
    subject: str
    relation: str
    confidence: float
    sources: tuple[str, ...]


def find_edits(
    text: str, knowledge: KnowledgeBase, *, action: Action = "correct", min_confidence: float = 0.8
) -> list[Edit]:
    """What a text needs to agree with the reference; edits do not overlap and stand in order.

    A sentence that can be read in two ways is edited only if no reading of it is entailed. Where the right value is not
    certain, or `action` is "drop", the sentence goes.
    """
    judged: dict[int, list[tuple[Claim, Verdict]]] = {}
    for claim in extract_claims(text):
        verdict = judge_claim(claim, knowledge, min_confidence)
        judged.setdefault(claim.sentence_start, []).append((claim, verdict))
    edits = []
    for readings in judged.values():
        refuted = [pair for pair in readings if pair[1].outcome is Outcome.REFUTED]
        if refuted and all(verdict.outcome is not Outcome.ENTAILED for _, verdict in readings):
            edits.append(_edit(text, *refuted[0], action))
    return edits


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text after its edits."""
    pieces, last = [], 0
    for edit in edits:
        pieces += [text[last : edit.start], edit.new]
        last = edit.end
    return "".join([*pieces, text[last:]])


class RefinementStage(DocumentStage):
    """Holds every document against reference facts.

    Args:
        references: files of facts (see `knowledge`).
        action: `correct` puts the right value in the wrong one's place, or drops the sentence where there is not
            exactly one; `drop` drops every refuted sentence.
        min_confidence: what the reference must at least be sure of.
        max_refuted: a document with more refuted statements is dropped: it is about another world.
    """

    name = "refinement"

    def __init__(
        self,
        *,
        references: Sequence[str],
        action: Action = "correct",
        min_confidence: float = 0.8,
        max_refuted: int = 20,
    ) -> None:
        super().__init__()
        if action not in get_args(Action) or not 0.5 <= min_confidence <= 1 or max_refuted < 0:
            raise ConfigError(
                f"Refinement has action {action!r}, min_confidence {min_confidence}, max_refuted {max_refuted}.",
                f"The action is {' or '.join(get_args(Action))}; confidence lies in [0.5, 1], the bound is 0 or more.",
                "Mend the value.",
            )
        self._references, self._action = list(references), action
        self._min_confidence, self._max_refuted = min_confidence, max_refuted
        self._knowledge = read_knowledge(map(Path, references))

    def settings(self) -> Mapping[str, Any]:
        return {
            "references": self._references,
            "action": self._action,
            "min_confidence": self._min_confidence,
            "max_refuted": self._max_refuted,
        }

    def judge(self, document: Document) -> Document | Dropped:
        edits = find_edits(document.text, self._knowledge, action=self._action, min_confidence=self._min_confidence)
        if not edits:
            return document
        if len(edits) > self._max_refuted:
            return Dropped("refuted too often")
        text = apply_edits(document.text, edits)
        if not text.strip():
            return Dropped("nothing left")
        told = json.dumps([edit._asdict() for edit in edits], ensure_ascii=False)
        return replace(document, text=text, metadata={**document.metadata, "edits": told})


def _edit(text: str, claim: Claim, verdict: Verdict, action: Action) -> Edit:
    if action == "correct" and verdict.correction is not None:
        start, end = claim.start, claim.end
        old = text[start:end]
        new = verdict.correction if claim.relation == IS_A else restyled(verdict.correction, old)
    else:
        start, end, new = claim.sentence_start, claim.sentence_end, ""
    confidence = round(verdict.confidence, 4)
    return Edit(start, end, text[start:end], new, claim.subject, claim.relation, confidence, verdict.sources)
