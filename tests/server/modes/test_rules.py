import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.server.modes.rules import MAX_GAP_WORDS, Rule, Rules, normalised


def meets(pattern: str, text: str, *, fragments: tuple[str, ...] = ()) -> bool:
    patterns = [pattern] if pattern else []
    return Rules([Rule(name="r", title="r", patterns=patterns, fragments=fragments)]).first(text) is not None


def test_a_word_is_met_whole() -> None:
    assert meets("dose", "What dose?")
    assert not meets("dose", "A doser dozes.")


def test_a_star_stands_for_any_end() -> None:
    assert meets("robot*", "robotics")
    assert meets("robot*", "a robot")
    assert not meets("robot*", "a microrobot")


def test_words_of_a_row_stand_side_by_side() -> None:
    assert meets("gas leak*", "two gas leaks")
    assert not meets("gas leak*", "gas that leaks")
    assert not meets("gas leak*", "leak gas")


def test_a_gap_holds_so_many_words_and_no_more() -> None:
    assert meets("how much .. take", f"how much {'so ' * MAX_GAP_WORDS}take")
    assert not meets("how much .. take", f"how much {'so ' * (MAX_GAP_WORDS + 1)}take")


def test_a_row_can_begin_again() -> None:
    assert meets("gas leak", "gas gas leak")
    assert meets("a b a c", "a b a b a c")


def test_one_word_is_not_two_parts_of_a_row() -> None:
    assert not meets("hat* hats", "hats")
    assert meets("hat* hats", "hats hats")


def test_a_start_is_where_a_sentence_or_a_part_of_one_begins() -> None:
    assert meets("^ can i", "Can I?")
    assert meets("^ can i", "Well, can I?")
    assert meets("^ can i", "He left.\nCan I?")
    assert not meets("^ can i", "How can I?")


def test_fragments_are_found_inside_of_words() -> None:
    assert meets("", "我想自杀了", fragments=("自杀",))
    assert not meets("", "自己杀", fragments=("自杀",))


def test_hindi_words_keep_their_vowels() -> None:
    assert meets("दवा*", "मुझे दवाई चाहिए")
    assert not meets("दवा*", "दिवस")


def test_accents_case_width_and_invisible_letters_are_no_difference() -> None:
    assert normalised("ÜBER\u00adweisung") == normalised("uberweisung") == "uberweisung"
    assert normalised("Ｄｏｓｅ\u200b") == "dose"


def test_the_rule_that_was_met_is_told() -> None:
    rules = Rules([Rule(name=name, title=name, patterns=[name]) for name in ("one", "two")])
    met = rules.first("number two")
    assert met is not None
    assert met.name == "two"


def test_no_rules_are_met_by_nothing() -> None:
    assert Rules([]).first("anything") is None


@pytest.mark.parametrize("pattern", ["", "  ", "*", "..", ".. dose", "dose ..", "ro*", "a-b", "**", "rob*ot"])
def test_a_pattern_that_would_meet_everything_or_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="The rule 'r' has the pattern"):
        Rules([Rule(name="r", title="r", patterns=[pattern])])


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_its_plain_form_is_stable(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
    assert not meets("dose", text) or "dose" in normalised(text)


@pytest.mark.parametrize("word", ["how much ", "a", "robo", "é", "( "])
def test_work_grows_no_faster_than_the_text(word: str) -> None:
    rules = Rules([Rule(name="r", title="r", patterns=["how much .. take", "robot*", "^ a b", "a a a b"])])
    assert steps(rules, word * 4000) < 2.6 * steps(rules, word * 2000)


def steps(rules: Rules, text: str) -> int:
    """How many lines of Python run while the text is read."""
    count = 0

    def count_line(*_: object) -> object:
        nonlocal count
        count += 1
        return count_line

    before = sys.gettrace()
    sys.settrace(count_line)  # type: ignore[arg-type]
    try:
        rules.first(text)
    finally:
        sys.settrace(before)
    return count
