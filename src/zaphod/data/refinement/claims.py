"""Statements in English sentences: subject, relation, value, and where the value stands; knows no truth.

Only sentences that state one plain thing in the present, or an event with its date, are read; what is negated, hedged,
asked, reported or past is left alone. So much is missed, and what is found was really said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

IS_A = "is a"
_MAX_SENTENCE = 400

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.](?=[^\s])[^.!?\n]*)*[.!?]?")
_LEFT_ALONE = re.compile(
    r"\b(?:not|never|no longer|formerly|former|previously|until|once|used to|might|may|could|would|should|if|unless|"
    r"whether|perhaps|probably|allegedly|reportedly|claim(?:s|ed)?|said|says|believed?|myth|suppose[ds]?|imagine|assum\w+|"
    r"wrong(?:ly)?|false(?:ly)?|instead|rather|except|but|for example|e\.g|neither|nor|without|old)\b|n't\b|\?|[\"“”]",
    re.IGNORECASE,
)

_NAME = r"[^\W_][^,;:()\[\]{}<>|=]{0,80}?"
_RELATION = r"[^\W\d_][\w -]{1,48}?"
_VALUE = r"[^\s,;()\[\]{}<>|=](?:[^;()\[\]{}<>|=]{0,60}?[^\s,;()\[\]{}<>|=.!])?"
_END = r"(?=[.!]?$|;| \(|, (?:and|which|while|whereas)\b)"

# Each names a subject `s`, a value `v`, and a relation `r` (or is about being something).
_PATTERNS = [
    re.compile(
        rf"(?:the |its )?(?P<r>{_RELATION}) (?:of|for) (?P<s>{_NAME}) (?:is|are|equals) (?P<v>{_VALUE}){_END}", re.I
    ),
    re.compile(rf"(?P<s>{_NAME})['’]s? (?P<r>{_RELATION}) (?:is|are|equals) (?P<v>{_VALUE}){_END}", re.I),
    re.compile(rf"(?P<s>{_NAME}) has (?:an?|the) (?P<r>{_RELATION}) of (?P<v>{_VALUE}){_END}", re.I),
    re.compile(
        rf"(?P<s>{_NAME}) has (?:an?|the) (?P<r>{_RELATION}) (?-i:(?=[A-Z\d]|\S+[.!?]?$))(?P<v>{_VALUE}){_END}", re.I
    ),
    re.compile(rf"(?P<s>{_NAME}) uses (?P<v>{_VALUE}) as (?:its|the) (?P<r>{_RELATION}){_END}", re.I),
    re.compile(rf"(?P<v>{_VALUE}) is the (?P<r>{_RELATION}) (?:of|for) (?P<s>{_NAME}){_END}", re.I),
    re.compile(rf"(?P<s>{_NAME}) was (?:first )?(?P<r>[^\W\d_]{{3,20}}) (?:on|in) (?P<v>{_VALUE}){_END}", re.I),
]
_BEING = re.compile(rf"(?P<s>{_NAME}) is (?P<v>an? {_VALUE}){_END}", re.I)
_TALK = re.compile(r"(?:note that|today|in fact|officially|currently|here|also|as is known),? ", re.IGNORECASE)


class Claim(NamedTuple):
    """What a sentence states; `start` and `end` bound the value, `sentence_start` and `sentence_end` the sentence."""

    subject: str
    relation: str
    value: str
    start: int
    end: int
    sentence_start: int
    sentence_end: int


def extract_claims(text: str) -> Iterator[Claim]:
    """Every reading of every plain sentence; a sentence may be read in more than one way."""
    for sentence in _SENTENCE.finditer(text):
        if len(sentence[0]) <= _MAX_SENTENCE and _LEFT_ALONE.search(sentence[0]) is None:
            yield from _read(sentence[0], sentence.start())


def _read(sentence: str, offset: int) -> Iterator[Claim]:
    first = len(sentence) - len(sentence.lstrip(" \t-*•"))
    if talk := _TALK.match(sentence, first):
        first = talk.end()
    for pattern in _PATTERNS:
        if match := pattern.match(sentence, first):
            yield _claim(match, match["r"], offset, sentence, "v")
    if match := _BEING.match(sentence, first):
        yield _claim(match, IS_A, offset, sentence, "v")


def _claim(match: re.Match[str], relation: str, offset: int, sentence: str, value: str) -> Claim:
    return Claim(
        subject=match["s"],
        relation=relation,
        value=match[value],
        start=offset + match.start(value),
        end=offset + match.end(value),
        sentence_start=offset,
        sentence_end=offset + len(sentence),
    )
