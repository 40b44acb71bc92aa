from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.rules.examples import example
from zaphod.safety.guard.rules.nodes import width
from zaphod.safety.guard.rules.program import Encoded, Program
from zaphod.safety.guard.rules.syntax import PatternError, parse

GOOD = (
    "abc",
    "a|b|cd",
    "(?:ab){2,4}c?",
    r"\bignore (?:all |the ){0,3}rules\b",
    r"[a-z0-9_\-]{1,8}@[^@\s]{2,9}",
    r"\d{3}[ ]\D\w\W\s\S",
    r"\x41\x{1F600}\n\t\.",
    r"\p{Han}{1,3}\pL\PL",
    "x{2}?y{1,3}?z",
    "^note:|end$",
    r"\Astart|stop\z",
    "忽略.{0,8}指令",
    "[]a]b",
)
BAD = {
    "a*": "without an end",
    "a+": "without an end",
    "a{3,}": "without an end",
    "a(?=b)": "look-ahead",
    "a(?!b)": "look-ahead",
    "(?<=a)b": "look-behind",
    "(?P<x>a)": r"\(\?P",
    "(?>a)": "atomic",
    r"(a)\1": r"\\1",
    "(a": "never closed",
    "a)": "closes nothing",
    "[a": "ends inside",
    "[b-a]": "range b-a",
    "[[a]]": "'\\['",
    r"[a-\d]": "ends with a set",
    "a{2,1}": "2,1",
    "a{1001}": "1001",
    "a{x}": "{x}",
    "a{3": "ends inside",
    "?a": "repeats nothing",
    "a{2}{3}": "repeats a repetition",
    r"\b{2}a": "repeats an edge",
    r"a\bb": "in its middle",
    "(?:^a|b)c": "in its middle",
    r"\q": r"\\q",
    r"\xZZ": "xZZ",
    r"\p{Klingon}": "Klingon",
    "a\\": "ends inside",
    "a?": "nothing",
    "": "nothing",
    "(?:a{100}){100}": "10,000",
    "(?&name)": "words",
    "(?:" * 50 + "a" + ")" * 50: "nested",
    "a" * 30_000: "30,000",
}


@pytest.mark.parametrize("pattern", GOOD)
def test_what_is_understood_matches_its_own_examples(pattern: str) -> None:
    node = parse(pattern)
    program = Program(node)
    for seed in range(20):
        text = example(node, random.Random(seed))
        assert next(program.spans(Encoded(text)))[0] == 0
        assert width(node)[0] <= len(text) <= width(node)[1]


@pytest.mark.parametrize(("pattern", "reason"), BAD.items(), ids=[str(number) for number in range(len(BAD))])
def test_what_is_not_understood_is_refused_with_a_reason(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=reason) as refused:
        parse(pattern)
    assert all((refused.value.found, refused.value.wanted, refused.value.remedy))


@given(st.text(alphabet="ab|()[]{}?*+^$\\.-,0123 \né中dpbx:&", max_size=30))
def test_any_text_is_a_pattern_that_runs_or_is_refused(pattern: str) -> None:
    try:
        node = parse(pattern)
    except PatternError:
        return
    Program(node).check()


def test_a_space_stands_for_whatever_parts_words() -> None:
    program = Program(parse("ignore it"))
    for text in ("ignore it", "IGNORE\n\t it", "ignore, it", "ignore-it", "ignore_it", "ignore«it"):
        assert list(program.spans(Encoded(text))) == [(0, len(text))]
    assert not list(program.spans(Encoded("ignoreit")))
    assert not list(program.spans(Encoded("ignore" + " " * 7 + "it")))


def test_words_end_where_letters_of_any_script_end() -> None:
    program = Program(parse(r"\bвсё\b|\bnote\b"))
    assert list(program.spans(Encoded("всё, note «всё» всёх notes свсё"))) == [(0, 3), (5, 9), (11, 14)]


def test_neighbouring_matches_share_the_character_between_them() -> None:
    assert list(Program(parse(r"\bой\b")).spans(Encoded("ой ой ой"))) == [(0, 2), (3, 5), (6, 8)]
