import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.tasks import Example
from zaphod.data.tasks.second.sums import Sums, worked_chain
from zaphod.data.tasks.second.vocabulary import in_words

CHAIN = """\
48 + 37
8+7+0=15 4+3+1=08
= 85
85 - 5
8:0> 5-5-0=00 8-0-0=08
= 80"""


def test_several_operations_are_worked_out_one_after_the_other() -> None:
    assert worked_chain(48, [("+", 37), ("-", 5)]) == CHAIN


@pytest.mark.parametrize(
    "wrong", [CHAIN.replace("= 80", "= 81"), CHAIN.replace("=15", "=14"), CHAIN + "\n= 80", "= 80", CHAIN[:-5]]
)
def test_each_line_and_step_must_be_right(wrong: str) -> None:
    example = Example(task="sums", prompt="", answer=CHAIN)
    assert Sums().judge(example, CHAIN).correct
    assert not Sums().judge(example, wrong).correct


def test_the_digits_of_an_addition_may_stand_in_either_order() -> None:
    example = Example(task="sums", prompt="", answer=CHAIN)
    assert Sums().judge(example, CHAIN.replace("8+7+0", "7+8+0")).correct
    assert not Sums().judge(example, CHAIN.replace("8-0-0=08", "0-8-0=08")).correct


def test_no_result_has_more_than_five_digits() -> None:
    for example in islice(Sums().examples("train", 1), 500):
        assert all(len(number) <= 5 for number in re.findall(r"= -?(\d+)", example.answer))


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (13, "thirteen"), (40, "forty"), (99, "ninety-nine"), (105, "one hundred and five")]
    + [
        (7300, "seven thousand three hundred"),
        (2044, "two thousand and forty-four"),
        (9999, "nine thousand nine hundred and ninety-nine"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


@given(st.integers(0, 9998))
def test_different_numbers_have_different_words(number: int) -> None:
    assert in_words(number) != in_words(number + 1)
