"""Hits from several readings of one text, put together; knows no policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from zaphod.safety.guard.verdict import Hit


def moved(hit: Hit, offset: int) -> Hit:
    """The same hit, in a text that begins so many characters earlier."""
    return hit if offset == 0 else replace(hit, start=hit.start + offset, end=hit.end + offset)


def without_repeats(hits: Iterable[Hit]) -> list[Hit]:
    """Each thing once, by place.

    Many readings show the same thing: of hits of one rule, one that lies in another is dropped, unless less was done to
    the text to see it.
    """
    by_rule: dict[str, list[Hit]] = {}
    for hit in hits:
        by_rule.setdefault(hit.rule, []).append(hit)
    kept = [hit for found in by_rule.values() for hit in _of_one_rule(found)]
    return sorted(kept, key=lambda hit: (hit.start, hit.end, hit.rule))


def _of_one_rule(hits: Sequence[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    ends: dict[int, tuple[int, float]] = {}  # by the length of the chain: how far the hits so far reach, and how sure
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, len(hit.views), -hit.score)):
        reached = [(end, score) for length, (end, score) in ends.items() if length <= len(hit.views)]
        if any(end >= hit.end and score >= hit.score for end, score in reached):
            continue
        kept.append(hit)
        end, score = ends.get(len(hit.views), (-1, 0.0))
        ends[len(hit.views)] = (hit.end, hit.score) if hit.end >= end else (end, score)
    return kept
