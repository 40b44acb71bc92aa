"""Options are checked where they are made; a mistake names the option and its value."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import RequestError
from zaphod.engine import Request, SamplingParams

NUMBERS = {
    "temperature": (0.0, 100.0),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repetition_penalty": (0.01, 100.0),
    "presence_penalty": (-100.0, 100.0),
    "frequency_penalty": (-100.0, 100.0),
}
WHOLE_NUMBERS = {"max_tokens": 1, "top_k": 1, "logprobs": 0, "seed": 0}


@pytest.mark.parametrize("name", NUMBERS)
@given(data=st.data())
def test_a_number_inside_its_range_is_kept(name, data):
    low, high = NUMBERS[name]
    value = data.draw(st.floats(low, high, exclude_min=name == "top_p"))
    assert getattr(SamplingParams(**{name: value}), name) == value


@pytest.mark.parametrize("name", NUMBERS)
@given(data=st.data())
def test_a_number_outside_its_range_is_refused_by_name(name, data):
    low, high = NUMBERS[name]
    value = data.draw(st.floats(max_value=low, exclude_max=True) | st.floats(min_value=high, exclude_min=True))
    with pytest.raises(RequestError, match=name):
        SamplingParams(**{name: value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, None, "1"])
def test_what_is_not_a_finite_number_is_refused_by_name(name, value):
    with pytest.raises(RequestError, match=name):
        SamplingParams(**{name: value})


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
@given(data=st.data())
def test_a_whole_number_below_its_least_value_is_refused_by_name(name, data):
    value = data.draw(st.integers(max_value=WHOLE_NUMBERS[name] - 1))
    with pytest.raises(RequestError, match=f"{name} is {value}"):
        SamplingParams(**{name: value})


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
@pytest.mark.parametrize("value", [1.5, True, "3", math.nan])
def test_what_is_not_a_whole_number_is_refused_by_name(name, value):
    with pytest.raises(RequestError, match=name):
        SamplingParams(**{name: value})


def test_zero_is_refused_where_nothing_would_be_left():
    with pytest.raises(RequestError, match="above 0"):
        SamplingParams(top_p=0.0)


def test_a_repetition_penalty_that_would_make_scores_infinite_is_refused():
    with pytest.raises(RequestError, match=r"from 0\.01"):
        SamplingParams(repetition_penalty=5e-324)


@pytest.mark.parametrize("stop", ["end", ("",), ("a", ""), (5,), [None]])
def test_stop_texts_are_a_list_of_texts_none_of_them_empty(stop):
    with pytest.raises(RequestError, match="stop is"):
        SamplingParams(stop=stop)


@pytest.mark.parametrize("bias", [{-1: 1.0}, {3: math.nan}, {3: math.inf}, {3: 1e9}, {"3": 1.0}, {True: 1.0}])
def test_a_bias_needs_a_token_id_and_a_finite_number(bias):
    with pytest.raises(RequestError, match="logit_bias"):
        SamplingParams(logit_bias=bias)


def test_a_negative_stop_token_is_refused():
    with pytest.raises(RequestError, match="stop token id is -2"):
        SamplingParams(stop_token_ids=(5, -2))


def test_options_cannot_change_after_they_were_checked():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SamplingParams().temperature = math.nan


@pytest.mark.parametrize("prompt", [(), (-1,), (1.5,), ("a",)])
def test_a_prompt_is_a_sequence_of_token_ids_and_not_empty(prompt):
    with pytest.raises(RequestError, match="prompt"):
        Request(request_id="a", prompt_token_ids=prompt)


def test_a_mistake_says_what_was_found_wanted_and_to_be_done():
    with pytest.raises(RequestError) as caught:
        SamplingParams(top_p=1.5)
    assert "1.5" in caught.value.found
    assert caught.value.wanted
    assert caught.value.remedy
