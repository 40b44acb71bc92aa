"""A model in memory: how likely texts are, what it writes, and what does not fit."""

import pytest
import torch
from tests.study.evaluation.asked_models import tiny_loaded

from zaphod.core.errors import RequestError
from zaphod.study.evaluation.models.asked import Prompt
from zaphod.study.evaluation.models.in_memory import EngineModel, files_digest
from zaphod.testing import tiny_model

LONG = "a long beginning of more letters than this model can hold at any one time, " * 3


@pytest.fixture(scope="module")
def loaded():
    return tiny_loaded()


@pytest.fixture
def model(loaded):
    return EngineModel(loaded)


def whole_logprob(text, num_scored):
    ids = list(text.encode())
    with torch.inference_mode():
        logits_TV = tiny_model(seed=3, context_length=96).forward_sequences(torch.tensor([ids]))[0].double()
    logprobs_TV = torch.log_softmax(logits_TV[:, :259], -1)
    places = range(len(ids) - num_scored, len(ids))
    return sum(float(logprobs_TV[place - 1, ids[place]]) for place in places)


def test_a_likelihood_is_that_of_the_continuations_tokens(model):
    (found,) = model.likelihoods([("one two", " three")])
    assert found.num_tokens == 6
    assert found.logprob == pytest.approx(whole_logprob("one two three", 6), abs=1e-3)


def test_blanks_at_the_contexts_end_belong_to_the_continuation(model):
    behind, before = model.likelihoods([("one two ", "three"), ("one two", " three")])
    assert behind == before


def test_choices_of_many_questions_are_as_likely_alone_as_together(model):
    pairs = [(f"Question {n}: which?", f" {word}") for n in range(20) for word in ("iron", "wood", "tin")]
    together = model.likelihoods(pairs)
    alone = [model.likelihoods([pair])[0] for pair in pairs[:9]]
    assert [one.logprob for one in together[:9]] == pytest.approx([one.logprob for one in alone], abs=1e-4)


def test_a_question_is_computed_once_for_all_its_choices(loaded):
    before = loaded.engine.stats.num_prompt_tokens
    context = "a question of forty letters, or some more"
    EngineModel(loaded).likelihoods([(context, " a"), (context, " b"), (context, " c")])
    assert loaded.engine.stats.num_prompt_tokens - before < 1.5 * len(context)


def test_what_does_not_fit_is_cut_from_the_left_and_told(model):
    cut, short = model.likelihoods([(LONG, " end"), ("one", " end")])
    assert (cut.is_cut, short.is_cut) == (True, False)
    assert cut.logprob == pytest.approx(model.likelihoods([(LONG[-92:], " end")])[0].logprob)


def test_a_text_with_nothing_before_it_follows_the_token_that_begins_or_ends(model):
    (found,) = model.likelihoods([("", "one")])
    assert found.num_tokens == 3


def test_a_continuation_without_tokens_is_refused(model):
    with pytest.raises(RequestError, match="adds no token"):
        model.likelihoods([("one", "")])


def test_greedy_texts_are_greedy(model):
    (written,) = model.write([Prompt(text="one two", max_tokens=3)])
    (token,) = EngineModel(tiny_loaded()).write([Prompt(text="one two", max_tokens=3)])
    assert written == token


def test_prompts_that_do_not_fit_are_cut_and_answers_end_at_their_length(model):
    (written,) = model.write([Prompt(text=LONG, max_tokens=5)])
    assert (written.is_cut, written.is_ended) == (True, False)


def test_a_seed_repeats_what_is_drawn(model):
    prompts = [Prompt(text="one", max_tokens=8, temperature=1.0, seed=seed) for seed in (1, 1, 2)]
    first, again, other = model.write(prompts)
    assert first == again != other


def test_a_digest_is_of_names_and_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    first = files_digest(tmp_path)
    (tmp_path / "a").write_bytes(b"y")
    second = files_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, files_digest(tmp_path)}) == 3
    assert first[1] == "whole files"
    assert files_digest(tmp_path / "b")[1] == "whole files"
