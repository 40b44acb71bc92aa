import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.tasks.second.grammar import Grammar, HeldOut, all_phrasings, parsed

FRAME = "(take|get[ (all|both)]) {object}[ now] <end>"
GRAMMAR = Grammar({"end": ("please", "for <who>"), "who": ("me", "us"), "v_do": ("do",)})


def test_brackets_choose_nest_and_are_left_out() -> None:
    said = {GRAMMAR.said(FRAME, random.Random(seed)) for seed in range(400)}
    assert {"take {object} please", "get both {object} now for us", "get {object} for me"} <= said
    assert all("(" not in text and "<" not in text and "  " not in text for text in said)


def test_every_choice_is_among_all_phrasings() -> None:
    frame = "(take|get[ (all|both)]) {object}[ now]"
    every = set(all_phrasings(frame))
    assert {GRAMMAR.said(frame, random.Random(seed)) for seed in range(300)} == every
    assert len(every) == 8


def test_a_verb_is_sometimes_a_word_that_means_nothing() -> None:
    said = [GRAMMAR.said("<v_do> it", random.Random(seed)) for seed in range(400)]
    assert 0 < sum(text != "do it" for text in said) < 60


def test_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        GRAMMAR.said("<nowhere>", random.Random(0))


@pytest.mark.parametrize("frame", ["(take", "take)", "[a|b", "a(b]", "a]"])
def test_brackets_that_do_not_match_are_refused(frame: str) -> None:
    with pytest.raises(ValueError, match=r"match|closed"):
        parsed(frame)


@given(st.text(alphabet="ab ()[]|<>{}", max_size=30))
def test_any_text_is_read_or_refused(frame: str) -> None:
    try:
        parsed(frame)
    except ValueError:
        return
    assert all(isinstance(way, str) for way in all_phrasings(frame.replace("<", "").replace(">", "")))


@pytest.mark.parametrize(
    ("sentence", "is_held_out"),
    [
        ("Robot, pass {object} {from} across {to}!", True),
        ("PASS {object} {from} across {to}", True),
        ("go there, then pass {second} {second_from} across {second_to}", True),
        ("pass {object} {from} {to}", False),
        ("compass {object} {from} across {to}", False),
    ],
)
def test_a_held_out_phrasing_is_found_whatever_stands_around_it(sentence: str, is_held_out: bool) -> None:
    assert HeldOut(["pass {object} {from} across {to}"]).is_in(sentence) is is_held_out
