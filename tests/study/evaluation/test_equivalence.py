"""Answers that say the same are equal, others are not, and no answer keeps the judge busy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.study.evaluation.equivalence import are_equal

SAME = [
    ("\\frac{1}{2}", "0.5"),
    ("\\dfrac12", ".5"),
    ("(1,2)", "(1, 2.0)"),
    ("2\\sqrt{3}", "\\sqrt{12}"),
    ("x^2+2x+1", "(x+1)^2"),
    ("1,000", "1000"),
    ("\\text{Tuesday}", "Tuesday"),
    ("10\\%", "10"),
    ("x=5", "5"),
    ("5\\text{ cm}", "5"),
    ("\\pi/2", "\\frac{\\pi}{2}"),
    ("1,2,3", "1, 2, 3"),
    ("90^\\circ", "90"),
    ("-\\frac{2}{3}", "\\frac{-2}{3}"),
    ("\\sqrt[3]{8}", "2"),
    ("\\left(3, \\frac{\\pi}{2}\\right)", "(3,\\pi/2)"),
]
OTHER = [
    ("3", "4"),
    ("[1,2)", "(1,2)"),
    ("[1,2)", "[1,2]"),
    ("1,2", "1,2,3"),
    ("x", "y"),
    ("\\frac{1}{0}", "1"),
    ("(", ""),
    ("yes", "no"),
    ("9^{9^{9^9}}", "1"),
    ("-5", "5"),
    ("10", "1,0"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_another_spelling(one, other):
    assert are_equal(one, other)
    assert are_equal(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_differs(one, other):
    assert not are_equal(one, other)
    assert not are_equal(other, one)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789+-*/^(){}[]\\ ,.xy", max_size=30))
def test_any_text_equals_itself_and_is_judged(text):
    assert are_equal(text, text)
    are_equal(text, "7")


@pytest.mark.parametrize("bomb", ["(" * 150, "2^" * 60 + "2", "9" * 190 + "^50", "{" * 90 + "}" * 90, "x^{50}" * 30])
def test_expressions_that_are_too_large_are_not_equal(bomb):
    assert not are_equal(bomb, "7")
