"""The sampler against transformers' processors, closed forms and its own promises about seeds."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from zaphod.core.errors import RequestError
from zaphod.engine.request import SamplingParams
from zaphod.engine.sampler import penalised, probabilities, sample, token_logprobs, uniform

LOGITS = np.random.default_rng(3).normal(size=50) * 3


def theirs(processor, logits=LOGITS, ids=((0,),)) -> np.ndarray:
    return processor(torch.tensor(ids), torch.tensor(logits[None]))[0].numpy()


def as_probabilities(scores) -> np.ndarray:
    return torch.tensor(scores).softmax(-1).numpy()


def test_repetition_penalty_equals_that_of_transformers():
    prompt, output = [3, 7, 7], [11, 20]
    ours = penalised(LOGITS, SamplingParams(repetition_penalty=1.7), prompt, output)
    np.testing.assert_allclose(ours, theirs(RepetitionPenaltyLogitsProcessor(1.7), ids=[prompt + output]))


@pytest.mark.parametrize("penalty", [0.01, 100.0])
@pytest.mark.parametrize("temperature", [5e-324, 100.0])
def test_a_token_is_drawn_at_the_ends_of_all_ranges(penalty, temperature):
    params = SamplingParams(temperature=temperature, top_p=5e-324, min_p=1.0, repetition_penalty=penalty)
    assert 0 <= sample(LOGITS, params, prompt=[3, 7], output=[11], seed=1).token_id < len(LOGITS)


@pytest.mark.parametrize(
    ("params", "processor"),
    [
        ({"temperature": 0.6}, TemperatureLogitsWarper(0.6)),
        ({"temperature": 1.0, "top_k": 7}, TopKLogitsWarper(7)),
        ({"temperature": 1.0, "top_p": 0.8}, TopPLogitsWarper(0.8)),
        ({"temperature": 1.0, "min_p": 0.05}, MinPLogitsWarper(0.05)),
    ],
)
def test_truncations_equal_those_of_transformers(params, processor):
    ours = probabilities(LOGITS, SamplingParams(**params))
    np.testing.assert_allclose(ours, as_probabilities(theirs(processor)), atol=1e-12)


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.1, 5),
    st.integers(1, 400),
    st.floats(0.01, 0.99),
    st.floats(0.001, 0.5),
)
def test_the_whole_chain_equals_that_of_transformers(seed, temperature, top_k, top_p, min_p):
    logits = np.random.default_rng(seed).normal(size=300) * 3
    params = SamplingParams(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    expected = logits
    for processor in (
        TemperatureLogitsWarper(temperature),
        TopKLogitsWarper(top_k),
        TopPLogitsWarper(top_p),
        MinPLogitsWarper(min_p),
    ):
        expected = theirs(processor, expected)
    np.testing.assert_allclose(probabilities(logits, params), as_probabilities(expected), atol=1e-12)


def test_of_equal_tokens_truncation_keeps_those_of_lower_id():
    equal = np.array([0.0, 2.0, 2.0, 2.0, 2.0])
    for params in (SamplingParams(temperature=1.0, top_k=2), SamplingParams(temperature=1.0, top_p=0.4)):
        assert probabilities(equal, params).nonzero()[0].tolist() == [1, 2]


def test_a_temperature_close_to_zero_is_greedy():
    params = SamplingParams(temperature=1e-310)
    assert probabilities(LOGITS, params).nonzero()[0].tolist() == [LOGITS.argmax()]


@pytest.mark.parametrize("number", [0.0, np.nextafter(1.0, 0.0)])
def test_the_extreme_draws_fall_on_possible_tokens(monkeypatch, number):
    monkeypatch.setattr("zaphod.engine.sampler.uniform", lambda seed, step: number)
    logits = np.array([-np.inf, 1.0, 1.0, 1.0, -np.inf], np.float32)
    token_id = sample(logits, SamplingParams(temperature=1.0), prompt=[0], output=[], seed=0).token_id
    assert token_id == (1 if number == 0 else 3)


def test_presence_and_frequency_follow_the_openai_formula():
    params = SamplingParams(presence_penalty=0.5, frequency_penalty=0.25)
    change = penalised(LOGITS, params, prompt=[4], output=[9, 9, 2]) - LOGITS
    assert (change[9], change[2], change[4]) == pytest.approx((-1.0, -0.75, 0.0))


def test_greedy_takes_the_lower_id_of_equals():
    assert sample(np.array([0.0, 5.0, 5.0], np.float32), SamplingParams(), prompt=[0], output=[], seed=0).token_id == 1


def test_a_bias_can_force_and_forbid_a_token():
    forced = SamplingParams(logit_bias={17: 1000.0})
    assert sample(LOGITS.astype(np.float32), forced, prompt=[0], output=[], seed=0).token_id == 17
    forbidden = SamplingParams(temperature=1.0, logit_bias={int(LOGITS.argmax()): -1000.0})
    drawn = {sample(LOGITS.astype(np.float32), forbidden, prompt=[0], output=[], seed=s).token_id for s in range(50)}
    assert int(LOGITS.argmax()) not in drawn


def test_draws_follow_the_distribution():
    """Chi-square over 20,000 fixed seeds: 5 categories, 99.9 % point of 4 degrees of freedom is 18.5."""
    logits = np.log(np.array([0.4, 0.3, 0.15, 0.1, 0.05])).astype(np.float32)
    params, draws = SamplingParams(temperature=1.0), 20_000
    counts = np.bincount(
        [sample(logits, params, prompt=[0], output=[], seed=seed).token_id for seed in range(draws)], minlength=5
    )
    expected = np.exp(logits) * draws
    assert ((counts - expected) ** 2 / expected).sum() < 18.5


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**31))
def test_a_draw_depends_on_seed_and_step_alone(seed, step):
    assert uniform(seed, step) == uniform(seed, step)
    assert uniform(seed, step) != uniform(seed, step + 1)
    assert 0 <= uniform(seed, step) < 1


@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=30),
    st.floats(0.05, 3),
    st.integers(1, 40),
    st.floats(0.01, 1),
    st.floats(0, 1),
)
def test_some_token_always_remains(logits, temperature, top_k, top_p, min_p):
    params = SamplingParams(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    shares = probabilities(np.array(logits), params)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[int(np.argmax(logits))] == shares.max() > 0


def test_logprobs_are_a_log_softmax():
    ours = token_logprobs(LOGITS, 5, 3)
    expected = torch.tensor(LOGITS).log_softmax(-1).numpy()
    assert ours.logprob == pytest.approx(expected[5])
    assert [token_id for token_id, _ in ours.top] == np.argsort(-expected)[:3].tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_not_numbers_are_refused(value):
    with pytest.raises(RequestError, match="not numbers"):
        sample(np.array([value, 1.0], np.float32), SamplingParams(), prompt=[0], output=[], seed=0)


def test_a_distribution_with_nothing_left_is_refused():
    nothing = np.full(3, -np.inf, np.float32)
    for temperature in (0.0, 1.0):
        with pytest.raises(RequestError, match="No token is allowed"):
            sample(nothing, SamplingParams(temperature=temperature), prompt=[0], output=[], seed=0)


@given(st.lists(st.floats(-50, 50, width=32) | st.just(-np.inf), min_size=2, max_size=30), st.data())
def test_greedy_takes_the_same_token_whether_or_not_its_probability_is_reported(logits, data):
    allowed = data.draw(st.none() | st.lists(st.booleans(), min_size=len(logits), max_size=len(logits)).map(np.array))
    outcomes = []
    for params in (SamplingParams(), SamplingParams(logprobs=0)):
        try:
            row = np.array(logits, np.float32)
            outcomes.append(sample(row, params, prompt=[0], output=[], seed=0, allowed_V=allowed).token_id)
        except RequestError as error:
            outcomes.append(error.found)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@given(seed=st.integers(0, 2**32 - 1))
def test_what_the_grammar_forbids_is_never_chosen(temperature, seed):
    rng = np.random.default_rng(seed)
    allowed = rng.random(50) < 0.2
    allowed[rng.integers(50)] = True
    params = SamplingParams(temperature=temperature, logit_bias={3: 100.0})
    chosen = sample(LOGITS.astype(np.float32), params, prompt=[0], output=[], seed=seed, allowed_V=allowed)
    assert allowed[chosen.token_id]


def test_the_grammar_comes_before_truncation_and_leaves_the_reported_probabilities_alone():
    allowed = np.zeros(50, np.bool_)
    allowed[LOGITS.argmin()] = True
    params = SamplingParams(temperature=1.0, top_k=1, top_p=0.1, min_p=0.5, logprobs=1)
    chosen = sample(LOGITS.astype(np.float32), params, prompt=[0], output=[], seed=0, allowed_V=allowed)
    assert chosen.token_id == LOGITS.argmin()
    assert chosen.logprobs.top[0][0] == LOGITS.argmax()


def test_a_grammar_that_allows_no_token_is_refused():
    for temperature in (0.0, 1.0):
        with pytest.raises(RequestError, match="grammar allows 0 tokens"):
            sample(
                LOGITS.astype(np.float32),
                SamplingParams(temperature=temperature),
                prompt=[0],
                output=[],
                seed=0,
                allowed_V=np.zeros(50, np.bool_),
            )


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.booleans())
def test_the_most_likely_of_a_large_vocabulary_are_those_of_a_full_sort(seed, top_k, with_equals):
    scores = np.random.default_rng(seed).normal(size=9000)
    scores = np.round(scores, 1) if with_equals else scores
    kept = probabilities(scores, SamplingParams(temperature=1.0, top_k=top_k)).nonzero()[0]
    assert kept.tolist() == sorted(np.argsort(-scores, kind="stable")[:top_k].tolist())


def test_the_logits_are_left_as_they_were():
    logits = LOGITS.astype(np.float32)
    params = SamplingParams(temperature=1.0, repetition_penalty=1.5, logit_bias={2: 5.0}, top_k=3)
    sample(logits, params, prompt=[1], output=[2], seed=0, allowed_V=np.arange(50) > 5)
    assert (logits == LOGITS.astype(np.float32)).all()
