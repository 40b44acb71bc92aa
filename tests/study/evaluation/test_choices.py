"""Choices are put in OLMES's two forms and chosen by the highest score."""

import math

import pytest
from tests.study.evaluation.asked_models import Rule

from zaphod.study.evaluation.forms.choice import ChoiceForm, best, letter_of, right_mass
from zaphod.study.evaluation.problems import ChoiceProblem

PROBLEM = ChoiceProblem(key="1", stem="Which is a metal?", options=("ironwood", "tin"), right=(1,), group="some_words")


def test_letters_stand_behind_lettered_options():
    form = ChoiceForm(styles=("letter",), preface="About {group}.\n\n", shots=lambda problem: [PROBLEM])
    question = "Question: Which is a metal?\n A. ironwood\n B. tin\nAnswer:"
    assert form.context(PROBLEM, "letter") == f"About some words.\n\n{question} B\n\n{question}"


def test_in_the_cloze_form_the_option_follows_the_question():
    model = Rule()
    ChoiceForm(styles=("cloze",)).ask(model, [PROBLEM])
    context = "Question: Which is a metal?\nAnswer:"
    assert model.pairs == [(context, " ironwood"), (context, " tin")]


def test_normalised_scores_may_choose_another_option():
    model = Rule(score=lambda context, text: {" ironwood": -4.0, " tin": -3.0}.get(text, 0.0))
    (record,) = ChoiceForm(styles=("cloze",)).ask(model, [PROBLEM])
    assert record["chosen"] == {"cloze": 1, "cloze per character": 0, "cloze per byte": 0}
    assert record["values"] == {"cloze": 1.0, "cloze per character": 0.0, "cloze per byte": 0.0}


def test_bytes_and_characters_are_told_apart():
    problem = ChoiceProblem(key="1", stem="?", options=("éé", "abc"), right=(0,))
    model = Rule(score=lambda context, text: -3.0 if "b" in text else -2.1)
    (record,) = ChoiceForm(styles=("cloze",)).ask(model, [problem])
    assert (record["chosen"]["cloze per character"], record["chosen"]["cloze per byte"]) == (1, 0)


def test_the_first_of_equals_is_chosen():
    assert best([-1.0, -1.0]) == 0


def test_mass_is_the_share_of_true_answers():
    assert right_mass([math.log(0.2), math.log(0.1), math.log(0.1)], [0, 1]) == pytest.approx(0.75)
    assert right_mass([-4000.0, -4000.0], [0]) == pytest.approx(0.5)


def test_both_forms_of_several_problems_are_asked_at_once_and_kept_apart():
    problems = [ChoiceProblem(key=str(n), stem=str(n), options=("a", "b"), right=(n % 2,)) for n in range(3)]
    model = Rule(score=lambda context, text: float(text in (" A", " b")))
    records = ChoiceForm().ask(model, problems)
    assert [record["chosen"]["letter"] for record in records] == [0, 0, 0]
    assert [record["chosen"]["cloze"] for record in records] == [1, 1, 1]
    assert [record["values"]["letter"] for record in records] == [1.0, 0.0, 1.0]


def test_letters_go_on_past_z():
    assert [letter_of(index) for index in (0, 25, 26)] == ["A", "Z", "AA"]
