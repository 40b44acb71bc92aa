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

    Many readings show the same thing: of hits of one rule, one that lies in another is dropped unless it is surer; of
    the same interval, the one stays for which least was done to the text.
    """
    by_rule: dict[str, list[Hit]] = {}
    for hit in hits:
        by_rule.setdefault(hit.rule, []).append(hit)
    kept = [hit for found in by_rule.values() for hit in _of_one_rule(found)]
    return sorted(kept, key=lambda hit: (hit.start, hit.end, hit.rule))


def _of_one_rule(hits: Sequence[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    reached, sureness = -1, 0.0  # how far the hits so far go, and how sure the one is that goes farthest
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, len(hit.views), -hit.score)):
        if hit.end > reached or hit.score > sureness:
            kept.append(hit)
        if hit.end >= reached:
            reached, sureness = hit.end, hit.score
    return kept
