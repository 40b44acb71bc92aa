from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.rules.nodes import width
from zaphod.safety.guard.rules.policy_file import read_policy
from zaphod.safety.guard.rules.program import MAX_PROGRAM, Encoded, Program, Sieve, Tail
from zaphod.safety.guard.rules.syntax import MAX_MATCH_CHARACTERS, PatternError, parse

EVIL = (
    "(?:a{1,30}){1,30}b",
    "(?:a|a){1,40}b",
    "(?:a|aa){1,40}c",
    "(?:a{0,20}b?){1,20}c",
    "(?:.{0,40}a){8}b",
    "(?:[a-z]{1,10} ){1,20}!",
    "x{0,200}x{0,200}y",
)
"""Patterns of the kinds that make backtracking engines hang, with ends."""


@pytest.mark.parametrize("pattern", EVIL)
def test_evil_patterns_find_the_same_as_others_do_and_come_to_an_end(pattern: str) -> None:
    program = Program(parse(pattern))
    program.check()
    evil = "a" * 20_000
    assert list(program.spans(Encoded(evil))) == []
    assert Sieve([program]).matching(Encoded(evil)) == []
    Tail([(parse(pattern), False)]).start(evil)


def test_every_shipped_pattern_is_bounded_in_program_and_match() -> None:
    for name in ("default", "strict", "observe"):
        for rule in read_policy(name).rules:
            for pattern in (*rule.patterns, *rule.exceptions):
                assert Program(parse(pattern)).size <= MAX_PROGRAM
                assert width(parse(pattern))[1] <= MAX_MATCH_CHARACTERS


def test_a_pattern_that_takes_too_much_is_refused() -> None:
    with pytest.raises(PatternError, match=r"instructions|RE2 refuses"):
        Program(parse(r"(?:\pL{900}){2}")).check()


@given(st.text(max_size=40), st.text(alphabet="aé\ud800🙂 \x00", max_size=20))
def test_characters_are_counted_whatever_they_take_in_bytes(before: str, behind: str) -> None:
    text = f"{before}ñö{behind}ñö"
    found = [match.span() for match in re.finditer("ñö", text)]
    assert list(Program(parse("ñö"), is_case_sensitive=True).spans(Encoded(text))) == found


@given(st.text(alphabet="abé", max_size=30), st.integers(0, 30))
def test_a_search_may_begin_anywhere(text: str, start: int) -> None:
    first = min(start, len(text))
    found = [(match.start() + first, match.end() + first) for match in re.finditer("a|é", text[first:])]
    assert list(Program(parse("a|é")).spans(Encoded(text), first)) == found


def test_one_pass_tells_which_patterns_match() -> None:
    sieve = Sieve([Program(parse(pattern)) for pattern in ("cat", "dog{1,300}", "bird")])
    assert sieve.matching(Encoded("a Bird and a cat")) == [0, 2]
    assert sieve.matching(Encoded("")) == []
    assert Sieve([]).matching(Encoded("cat")) == []


def test_many_patterns_are_told_apart_over_several_batches() -> None:
    words = [f"word{number}{'x' * 200}" for number in range(1000)]
    sieve = Sieve([Program(parse(word)) for word in words])
    assert sieve.matching(Encoded(f"{words[3]} {words[997]}")) == [3, 997]


def test_patterns_that_do_not_fit_are_an_error_and_not_a_text_without_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaphod.safety.guard.rules.program._SET_BYTES", 100_000)
    with pytest.raises(PatternError, match="refuses a set"):
        Sieve([Program(parse(f"a[ab]{{{number}}}c.{{0,90}}z")) for number in range(20, 24)])
