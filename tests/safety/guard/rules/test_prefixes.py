from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.readings import fold
from zaphod.safety.guard.rules.examples import example
from zaphod.safety.guard.rules.folding import compacted, folded
from zaphod.safety.guard.rules.policy import Rule
from zaphod.safety.guard.rules.policy_file import read_policy
from zaphod.safety.guard.rules.program import Encoded, Program, Tail
from zaphod.safety.guard.rules.syntax import parse

PATTERNS = (
    "abc",
    "a{2,4}b",
    "(?:ab|abc)d",
    "x(?:yz){0,2}!",
    "ab?c",
    r"\bno[tw]\b",
    "a b",
    "é{1,2}ü",
    "a.{0,5}z",
    "^x{3}",
)


def _starts(pattern: str, text: str) -> int | None:
    return Tail([(parse(pattern), False)]).start(text)


@given(st.sampled_from(PATTERNS), st.integers(0, 10_000), st.sampled_from(("", "\n", "so.\n", "é\n")))
def test_every_proper_prefix_of_a_match_is_waited_for(pattern: str, seed: int, before: str) -> None:
    text = example(parse(pattern), random.Random(seed))
    tail = Tail([(parse(pattern), False)])
    for end in range(1, len(text)):
        start = tail.start(before + text[:end])
        assert start is not None
        assert start <= len(before)


@given(st.sampled_from(PATTERNS), st.text(alphabet="abcdxyznotw! é\n", max_size=12))
def test_what_is_not_waited_for_can_become_no_match(pattern: str, text: str) -> None:
    """Whatever comes next, a match that begins before the end begins where the tail says, or later."""
    start = _starts(pattern, text)
    for seed in range(8):
        longer = text + example(parse(pattern), random.Random(seed))[seed % 3 :] + "!"
        for first, end in Program(parse(pattern)).spans(Encoded(longer)):
            if first < len(text) < end:
                assert start is not None
                assert start <= first


def test_only_what_may_go_on_is_waited_for() -> None:
    assert _starts("abc", "xab") == 1
    assert _starts("abc", "xabx") is None
    assert _starts("abc", "xabc") is None
    assert _starts("a{2,4}", "xaa") == 1
    assert _starts("a{2,4}", "aaaa") == 1  # not the first match, but three more may follow the second character
    assert _starts("abc", "") is None


def test_whether_a_word_ends_is_not_known_before_it_did() -> None:
    assert _starts(r"not\b", "it is not") == 6
    assert _starts("not", "it is not") is None


@pytest.mark.parametrize("group", ["raw", "folded", "compact"])
def test_every_shipped_rule_is_waited_for_in_every_reading(group: str) -> None:
    policy = read_policy("default")
    dice = random.Random(7)
    for rule in policy.rules:
        pattern = dice.choice(rule.patterns)
        node = parse(pattern) if group == "raw" else folded(parse(pattern), fold)
        shown = compacted(node) if group == "compact" else node
        if shown is None:
            continue
        text = "\n" + example(shown, dice)
        start = Tail([(shown, True)]).start(text[: dice.randint(2, len(text) - 1)])
        assert start is not None, rule.id
        assert start <= 1, rule.id


def test_plain_text_is_hardly_ever_held_up() -> None:
    text = (
        "The committee met on Tuesday and agreed that the bridge needs new paint, which Alice will buy in Leeds. " * 3
    )
    tail = Tail([(parse(pattern), False) for rule in _output_rules() for pattern in rule.patterns])
    held = [length - (tail.start(text[:length]) or length) for length in range(100, len(text), 7)]
    assert sum(held) / len(held) < 8


def _output_rules() -> list[Rule]:
    return [rule for rule in read_policy("default").rules if "output" in rule.stages]
