"""Counts the sentences of a line of English; knows words and marks, no rule.

A sentence ends at a full stop, a question mark or an exclamation mark that stands as a word of its own, so not at the
one of `e.g.` or `3.2`; quotes and brackets behind it still belong to it.
"""

from __future__ import annotations

from zaphod.data.filters.marks import PUNCTUATION, SENTENCE_MARKS
from zaphod.data.filters.tokens import split_chunk


def num_sentences(line: str) -> int:
    """How many sentences a line has; 0 for an empty one."""
    total, has_ended, is_empty = 0, False, True
    for chunk in line.split():
        is_empty = False
        for word in split_chunk(chunk):
            if word in SENTENCE_MARKS:
                has_ended = True
            elif has_ended and not PUNCTUATION.issuperset(word):
                total, has_ended = total + 1, False
    return total + (not is_empty)
