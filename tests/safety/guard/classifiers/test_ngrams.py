"""Places of n-grams: the same ones everywhere, and spread over the table."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.classifiers.ngrams import LENGTHS, TABLE_SIZE, code_points, hashed_ngrams


def places(text):
    return [found.tolist() for found in hashed_ngrams(code_points(text))]


def test_an_n_gram_has_its_place_wherever_it_stands():
    inside, alone = places("xxhello"), places("hello")
    for length in LENGTHS:
        assert inside[LENGTHS.index(length)][2:] == alone[LENGTHS.index(length)]


def test_the_hash_is_what_it_was_when_the_models_were_trained():
    assert places("hello") == [[198323, 261530, 113580], [199877, 171368], [133788]]


def test_each_length_has_as_many_n_grams_as_fit():
    assert [len(found) for found in places("abcdefg")] == [5, 4, 3]


def test_n_grams_spread_over_the_table():
    dice = np.random.default_rng(0)
    text = "".join(chr(97 + letter) for letter in dice.integers(26, size=40_000))
    found = np.unique(hashed_ngrams(code_points(text))[2])
    expected = TABLE_SIZE * (1 - np.exp(-39_996 / TABLE_SIZE))
    assert abs(len(found) - expected) < 0.01 * expected


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_has_places_inside_the_table(text):
    for length, found in zip(LENGTHS, places(text), strict=True):
        assert len(found) == max(len(text) - length + 1, 0)
        assert all(0 <= place < TABLE_SIZE for place in found)
