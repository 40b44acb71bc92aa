"""Prompts follow from a seed and a number, have the lengths asked for, and share no more than they should."""

import pytest

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.serving.prompts import Calibration, Shape, source_of

WORDS = Calibration(tokens_per_word=2.0, fixed_tokens=4.0)


def tokens(text):
    return 2 * len(text.split()) + 4


def made(count=50, words=WORDS, **shape):
    source = source_of(Shape(**shape), words)
    return [source(index) for index in range(count)]


def test_the_same_seed_asks_the_same_and_another_one_something_else():
    assert made(seed=1) == made(seed=1)
    assert not {prompt.text for prompt in made(seed=1)} & {prompt.text for prompt in made(seed=2)}


def test_a_prompt_has_the_wanted_tokens_and_none_comes_twice():
    prompts = made(input_tokens=100, output_tokens=7)
    assert {(tokens(prompt.text), prompt.max_tokens) for prompt in prompts} == {(100, 7)}
    assert len({prompt.text[:20] for prompt in prompts}) == 50


def test_lengths_vary_over_the_whole_range_and_not_beyond():
    prompts = made(2000, input_tokens=100, output_tokens=10, range_ratio=0.5)
    assert {prompt.max_tokens for prompt in prompts} == set(range(5, 16))
    assert {tokens(prompt.text) // 2 for prompt in prompts} == set(range(25, 76))


def test_a_shared_beginning_is_shared_and_the_rest_is_not():
    prompts = made(dataset="shared-prefix", input_tokens=100, prefix_tokens=60, num_prefixes=3)
    num_letters = 6 * WORDS.num_words(60)
    assert len({prompt.text[:num_letters] for prompt in prompts}) == 3
    assert len({prompt.text[num_letters:] for prompt in prompts}) == 50
    assert {tokens(prompt.text) for prompt in prompts} == {100}


@pytest.mark.parametrize("dataset", ["random", "tasks"])
def test_warm_up_asks_nothing_that_is_measured(dataset):
    source = source_of(Shape(dataset=dataset), WORDS)
    assert not {source(-index).text for index in range(1, 20)} & {source(index).text for index in range(20)}


def test_tasks_take_turns():
    arithmetic, tool_call, plan = made(3, dataset="tasks", output_tokens=9)
    assert len({arithmetic.text, tool_call.text, plan.text}) == 3
    assert plan.max_tokens == 9
    assert made(3, dataset="tasks") == made(3, dataset="tasks")


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataset": "sharegpt"},
        {"input_tokens": 0},
        {"output_tokens": 0},
        {"range_ratio": 1.0},
        {"dataset": "shared-prefix", "input_tokens": 10, "prefix_tokens": 10},
        {"dataset": "shared-prefix", "num_prefixes": 0},
    ],
)
def test_impossible_shapes_are_refused(wrong):
    with pytest.raises(ConfigError):
        Shape(**wrong)
