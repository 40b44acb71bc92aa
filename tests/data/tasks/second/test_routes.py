import json
from itertools import islice

from zaphod.data.tasks.second import Definitions, RoutePairs, Routes
from zaphod.data.tasks.second.definitions import NOT_THERE
from zaphod.data.tasks.second.routes import LIVE, OPENING
from zaphod.data.tasks.second.wordings import route_wordings


def test_the_answer_begins_with_the_decision_and_agrees_with_itself() -> None:
    for example in islice(Routes().examples("train", 1), 400):
        answer = json.loads(example.answer)
        assert example.answer.startswith(OPENING)
        assert answer["live"] == (answer["use"] in LIVE) == example.meta["live"]
        assert example.context == (("route", ""),)


def test_nothing_is_asked_both_ways() -> None:
    assert not set(route_wordings.SEARCH) & set(route_wordings.KNOWLEDGE)


def test_of_each_pair_one_question_needs_live_data() -> None:
    labels = [e.meta["live"] for e in islice(RoutePairs().examples("wordings_2", 1), 40)]
    assert labels == [True, False] * 20


def test_what_is_put_aside_in_training_does_not_count() -> None:
    known = [e for e in islice(Routes().examples("train", 1), 3000) if e.meta["use"] == "knowledge"]
    assert sum(" now" in e.prompt or "today" in e.prompt for e in known) > 30


def test_half_an_answer_is_wrong() -> None:
    example = next(e for e in Routes().examples("train", 1) if e.meta["use"] == "search")
    assert not Routes().judge(example, '{"live":true,"use":"weather"}').correct
    assert not Routes().judge(example, '{"live":false,"use":"search"}').correct


def test_a_definition_is_in_the_text_or_is_said_not_to_be() -> None:
    examples = list(islice(Definitions().examples("train", 1), 300))
    for example in examples:
        entries = dict(line.split(": ", 1) for line in example.context[-1].text.splitlines())
        assert example.answer == NOT_THERE or example.answer in entries.values()
    assert 30 < sum(example.answer == NOT_THERE for example in examples) < 150
