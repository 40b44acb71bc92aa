"""Words as the quality rules count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.filters.repetition import (
    duplicate_ngram_characters,
    duplicates,
    longest_ngram_characters,
    repeated_cover,
    repeated_places,
    top_ngram,
)
from zaphod.data.filters.sentences import num_sentences
from zaphod.data.filters.tokens import split_chunk
from zaphod.data.filters.words import words_of


def split(text: str) -> list[str]:
    return [word for chunk in text.split() for word in split_chunk(chunk)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't say it's foo-bar, e.g. here.", "Do n't say it 's foo - bar , e.g. here ."),
        ("(see https://x.org/a_b?c=1, please)", "( see https://x.org/a_b?c=1 , please )"),
        ("cannot they'd've and/or 10km at 3pm", "can not they 'd 've and/or 10 km at 3 pm"),
        ("the 32-bit word... ends", "the 32 - bit word ... ends"),
        ("U.S. version 3.2.1 costs $5.00", "U.S. version 3.2.1 costs $ 5.00"),
        ("Smith's a/b --option=VALUE", "Smith 's a / b --option = VALUE"),
    ],
)
def test_english_is_cut_as_the_rules_expect(text, words):
    assert split(text) == words.split()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_nothing_is_lost_or_added(text):
    assert ["".join(split_chunk(chunk)) for chunk in text.split()] == text.split()
    assert all(split(text))


def test_a_run_without_spaces_stays_whole():
    assert split_chunk("a,b" * 500) == ("a,b" * 500,)


@pytest.mark.parametrize(
    ("line", "num"),
    [("", 0), ("One", 1), ("One. Two! Three?", 3), ("See e.g. 3.2 there.", 1), ('He said "no." Then left.', 2)],
)
def test_sentences_end_at_marks_that_stand_alone(line, num):
    assert num_sentences(line) == num


def test_the_next_rule_finds_the_words_that_the_one_before_has_cut():
    text = "Water and 42 engines"
    first = words_of(text)
    words_of("another text in between")
    assert words_of("".join(text)) is first


def test_the_words_of_a_long_text_are_let_go():
    first = words_of("a first text")
    words_of("water " * 1_000_000)
    assert words_of("a first text") is not first


def test_facts_of_words():
    words = words_of("Water, 42 …!")
    assert words.lengths_W.tolist() == [5, 1, 2, 1, 1]
    assert words.is_mark_W.tolist() == [False, True, False, True, True]
    assert words.has_letter_W.tolist() == [True, False, False, False, False]
    assert words.num_of(frozenset({"Water", "42", "stone"})) == 2


def plain_duplicate_characters(words: list[str], size: int) -> int:
    seen, total, place = set(), 0, 0
    while place + size <= len(words):
        run = tuple(words[place : place + size])
        if run in seen:
            total, place = total + len("".join(run)), place + size
        else:
            seen.add(run)
            place += 1
    return total


@given(st.lists(st.sampled_from("abcd"), max_size=60), st.integers(2, 6))
def test_repetition_is_counted_as_a_plain_loop_counts_it(letters, size):
    text = " ".join(letters)
    runs = [tuple(letters[i : i + size]) for i in range(len(letters) - size + 1)]
    expected = max((runs.count(run) for run in runs), default=0) * (2 * size - 1)
    num_times, num_characters = top_ngram(words_of(text), size)
    assert num_times * num_characters == expected
    assert num_characters <= longest_ngram_characters(words_of(text), size)
    assert top_ngram(words_of(text), size + 1)[0] <= num_times
    words = words_of(text)
    places = repeated_places(words, size)
    for longer in (size, size + 1, size + 4):
        assert duplicate_ngram_characters(words, longer, places) == plain_duplicate_characters(letters, longer)
        assert duplicate_ngram_characters(words, longer, places) <= repeated_cover(words, size, places)


def test_duplicates_count_what_stood_before():
    assert duplicates(["ab", "c", "ab", "ab"]) == (2, 4)
