"""How likely a prompt's own tokens are is told to those who ask, however the prompt was read."""

import dataclasses

import numpy as np
import pytest
import torch

from zaphod.core.errors import RequestError
from zaphod.engine import Engine, EngineConfig, Request, SamplingParams
from zaphod.engine.scheduler import MAX_SCORED_ROWS
from zaphod.engine.torch_runner import TorchRunner
from zaphod.testing import tiny_model

PROMPT = (5, 9, 7, 3, 5, 9, 7, 8, 5, 9, 40, 41, 2, 2, 7, 31, 30, 29, 28, 5)


def asking(scored_from=1, name="a", prompt=PROMPT, **changes):
    sampling = SamplingParams(max_tokens=1, logprobs=1)
    return Request(request_id=name, prompt_token_ids=prompt, sampling=sampling, scored_from=scored_from, **changes)


def true_logprobs(model, prompt):
    with torch.inference_mode():
        logits_TV = model.forward_sequences(torch.tensor([prompt]))[0].double()
    logprobs_TV = torch.log_softmax(logits_TV, -1)
    return [float(logprobs_TV[position - 1, prompt[position]]) for position in range(1, len(prompt))]


def logprobs(completion):
    return [token.logprob for token in completion.prompt_logprobs]


@pytest.fixture(scope="module")
def model():
    return tiny_model(seed=4)


def engine_of(model, **limits):
    return Engine(TorchRunner(model, max_len=64, block_size=4, num_blocks=40), EngineConfig(**limits))


def test_each_token_after_the_first_is_scored_by_the_position_before_it(model):
    (completion,) = engine_of(model).generate([asking()])
    np.testing.assert_allclose(logprobs(completion), true_logprobs(model, PROMPT), atol=1e-4)
    assert [token.token_id for token in completion.prompt_logprobs] == list(PROMPT[1:])


@pytest.mark.parametrize("max_batch_tokens", [1, 3, 7, 19])
def test_scores_do_not_depend_on_how_the_prompt_is_cut(model, max_batch_tokens):
    (completion,) = engine_of(model, max_batch_tokens=max_batch_tokens).generate([asking(4)])
    np.testing.assert_allclose(logprobs(completion), true_logprobs(model, PROMPT)[3:], atol=1e-4)


def test_a_prefix_in_the_cache_is_used_only_as_far_as_nothing_in_it_is_scored(model):
    engine = engine_of(model)
    engine.generate([asking(name="warm")])
    early, late = engine.generate([asking(1, "early"), asking(18, "late")])
    assert (early.num_cached_tokens, late.num_cached_tokens) == (0, 16)
    np.testing.assert_allclose(logprobs(early)[17:], logprobs(late), atol=1e-4)


def test_the_answer_is_the_same_with_and_without_scores(model):
    plain = dataclasses.replace(asking(name="b"), scored_from=None)
    scored, unscored = engine_of(model).generate([asking(), plain])
    assert scored.token_ids == unscored.token_ids
    assert unscored.prompt_logprobs == ()


def test_who_gives_way_while_the_prompt_is_read_is_told_each_score_once(model):
    engine = engine_of(model, max_batch_tokens=6)
    engine.add_request(asking())
    engine.step()
    engine.scheduler._preempt(engine.scheduler.running[0])
    increments = []
    while engine.num_unfinished:
        increments += engine.step()
    np.testing.assert_allclose(
        [token.logprob for token in increments[-1].prompt_logprobs], true_logprobs(model, PROMPT), atol=1e-4
    )


def test_a_long_prompt_gets_a_bounded_number_of_logits_a_pass():
    sizes = []

    class Watching(TorchRunner):
        def forward(self, batch):
            sizes.append(len(batch.logit_rows_R))
            return super().forward(batch)

    prompt = tuple(range(1, 201))
    runner = Watching(tiny_model(context_length=256), max_len=256, num_blocks=32)
    (completion,) = Engine(runner).generate([asking(prompt=prompt)])
    assert max(sizes) == MAX_SCORED_ROWS
    assert len(completion.prompt_logprobs) == 199


@pytest.mark.parametrize("position", [0, -1, 21, True])
def test_a_position_outside_the_prompt_is_refused(position):
    with pytest.raises(RequestError, match="scored_from"):
        asking(position)


def test_a_request_that_embeds_scores_nothing():
    with pytest.raises(RequestError, match="embeds"):
        asking(embeds=True)
