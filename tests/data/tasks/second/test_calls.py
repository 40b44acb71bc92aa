import json
import random
import re
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.tasks.out_of_scope import HONEST_ANSWER
from zaphod.data.tasks.second import Calls, Results
from zaphod.data.tasks.second.tools import KNOWN, disguised, made_tool

TASK = Calls()


def test_a_tool_is_told_in_one_line() -> None:
    assert str(KNOWN["get_weather"]) == "get_weather(city:text, day:text=today) Weather forecast of a city."
    assert str(KNOWN["play_music"]) == "play_music(title?:text, artist?:text, style?:text) Plays a song."


def test_calls_name_a_tool_of_the_prompt_and_only_its_parameters() -> None:
    for example in islice(TASK.examples("train", 1), 500):
        if example.answer != HONEST_ANSWER:
            answer = json.loads(example.answer)
            name = answer.get("tool") or answer["for"]
            (told,) = [c.text for c in example.context if c.text.startswith(f"{name}(")]
            parameters = re.findall(r"[(,] ?([^():,?]+)\??:", told)
            assert set(answer.get("arguments", {answer.get("ask"): ""})) <= set(parameters), example


def test_values_come_from_the_question() -> None:
    for example in islice(TASK.examples("combinations", 1), 300):
        if example.answer.startswith('{"tool"'):
            for value in json.loads(example.answer)["arguments"].values():
                is_there = str(value).lower() in example.prompt.lower()
                assert is_there or isinstance(value, int) or value == "today" or re.search(r"[*/+-]", value), example


def test_where_no_tool_fits_none_is_called() -> None:
    unfit = [e for e in islice(TASK.examples("wordings_2", 1), 400) if e.answer == HONEST_ANSWER]
    assert unfit
    assert not TASK.judge(unfit[0], '{"tool":"any","arguments":{}}').correct


def test_a_wrong_argument_and_a_tool_too_many_are_wrong() -> None:
    example = next(e for e in TASK.examples("train", 1) if '"arguments":{"' in e.answer)
    answer = json.loads(example.answer)
    assert not TASK.judge(example, json.dumps(answer | {"arguments": {}})).correct
    assert not TASK.judge(example, example.answer + example.answer).correct


@given(st.integers(0, 10**6))
def test_a_disguise_keeps_parameters_apart(seed: int) -> None:
    rng = random.Random(seed)
    tool = rng.choice(list(KNOWN.values()))
    other, renamed = disguised(tool, rng)
    assert sorted(renamed.values()) == sorted(p.name for p in other.parameters)
    assert len(set(renamed.values())) == len(tool.parameters)
    assert {renamed[p.name]: p.type for p in tool.parameters} == {p.name: p.type for p in other.parameters}


@given(st.integers(0, 10**6))
def test_a_made_tool_has_parameters_of_different_names(seed: int) -> None:
    names = [p.name for p in made_tool(random.Random(seed)).signature.parameters]
    assert len(set(names)) == len(names) <= 3


def test_a_result_is_told_as_it_is() -> None:
    for example in islice(Results().examples("train", 1), 50):
        assert example.context[-1] == ("result", example.answer)
