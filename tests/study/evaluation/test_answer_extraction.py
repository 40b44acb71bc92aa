"""Answers are found in what models write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.study.evaluation.extraction import (
    fenced_code,
    final_answer,
    first_letter,
    function_body,
    last_boxed,
    last_number,
    marked_number,
)


@pytest.mark.parametrize(
    ("text", "marked", "last"),
    [
        ("so\n#### 1,080", "1080", "1080"),
        ("#### $70.50.", "70.5", "70.5"),
        ("it is 3. #### -4", "-4", "-4"),
        ("it is $3.", None, "3"),
        ("between 2 and 7.0 apples", None, "7"),
        ("none", None, None),
        ("#### 007", "7", "7"),
        ("#### -0", "0", "0"),
        ("#### .5", "0.5", "0.5"),
    ],
)
def test_numbers(text, marked, last):
    assert (marked_number(text), last_number(text)) == (marked, last)


@pytest.mark.parametrize(
    ("text", "boxed"),
    [
        ("$\\boxed{\\frac{1}{2}}$", "\\frac{1}{2}"),
        ("\\boxed{1} and \\boxed{2}", "2"),
        ("\\boxed{1} and \\boxed{2", "1"),
        ("\\fbox{x}", "x"),
        ("\\boxed 7$", "7"),
        ("nothing", None),
    ],
)
def test_boxes(text, boxed):
    assert last_boxed(text) == boxed


def test_an_answer_may_be_announced_or_stand_between_dollars():
    assert final_answer("The answer is $5$. Good.") == "5"
    assert final_answer("So $x=2$ and $y=3$") == "y=3"
    assert final_answer("I do not know") is None


def test_a_letter_stands_alone():
    assert first_letter("(B) because", 4) == 1
    assert first_letter("BAD answer: C", 4) == 2
    assert first_letter("Z", 4) is None


def test_a_function_ends_where_a_line_stands_outside_it():
    assert function_body("    return 1\n\ndef other():\n    pass") == "    return 1\n"
    assert fenced_code("Sure:\n```python\nx = 1\n```\nDone") == "x = 1\n"
    assert fenced_code("x = 1") is None


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    for read in (marked_number, last_number, last_boxed, final_answer, function_body, fenced_code):
        read(text)
