"""The embedding of a prompt is the mean of its hidden states, whatever runs beside it and however it is read."""

import dataclasses

import numpy as np
import pytest
import torch
from tests.engine.exact_runner import ExactRunner
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny

from zaphod.compute.kernels import dispatch
from zaphod.core.errors import RequestError
from zaphod.engine import Engine, EngineConfig, Request, SamplingParams, Speculation
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.embedding import Embedding
from zaphod.engine.sequence import TokenSequence
from zaphod.engine.speculation import PassTimes, PromptLookup
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.attention import WholeSequences
from zaphod.model.loading import DTYPES, load_transformer
from zaphod.testing import tiny_model

needs_kernels = pytest.mark.skipif(not dispatch.native_is_available(), reason=f"native kernels: {dispatch.why_not()}")

PROMPT = tuple(range(3, 23))


def embedding(name, prompt=PROMPT, **whose):
    return Request(request_id=name, prompt_token_ids=prompt, embeds=True, **whose)


def answer(name, prompt=PROMPT, **whose):
    sampling = SamplingParams(max_tokens=24)
    return Request(request_id=name, prompt_token_ids=prompt, sampling=sampling, **whose)


def exact(num_blocks=20, max_batch_tokens=512, **options):
    runner = ExactRunner(num_blocks=num_blocks, block_size=4)
    return runner, Engine(runner, EngineConfig(max_batch_tokens=max_batch_tokens), **options)


def run(engine):
    """Completions by the ids of their requests."""
    completions = {}
    while engine.num_unfinished:
        completions |= {each.request_id: each.completion for each in engine.step() if each.completion}
    return completions


def mean_state(model, prompt):
    """The definition: the final norm of the residual stream behind the last layer, averaged."""
    seen = []
    model.norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(torch.tensor(prompt), torch.arange(len(prompt)), WholeSequences(1))
    x_TD = seen[0].double()
    normed_TD = x_TD / (x_TD.square().mean(-1, keepdim=True) + model.config.rms_norm_epsilon).sqrt()
    return (normed_TD * model.norm.weight.double()).mean(0).numpy()


@pytest.mark.parametrize("changes", [{}, {"norms": "sandwich"}, {"tie_embeddings": False, "num_layers": 1}])
def test_it_is_the_mean_of_what_the_head_multiplies(changes):
    model = tiny_model(seed=3, **changes)
    (completion,) = Engine(TorchRunner(model)).generate([embedding("a")])
    np.testing.assert_allclose(completion.embedding_D, mean_state(model, PROMPT), rtol=1e-4, atol=1e-5)
    assert (completion.token_ids, completion.text, completion.finish_reason) == ((), "", "stop")


@pytest.mark.parametrize("max_batch_tokens", [1, 3, 19, 20, 512])
@pytest.mark.parametrize("length", [1, 2, 20])
def test_however_a_prompt_is_cut_its_embedding_is_the_same(max_batch_tokens, length):
    runner, engine = exact(max_batch_tokens=max_batch_tokens)
    (completion,) = engine.generate([embedding("a", PROMPT[:length])])
    assert completion.embedding_D == runner.embedding(PROMPT[:length])
    assert max(sum(lengths) for lengths in runner.passes) <= max_batch_tokens


def test_answers_and_embeddings_run_together():
    runner, engine = exact(num_blocks=60, max_batch_tokens=9)
    for request in (
        answer("x"),
        embedding("a"),
        embedding("b", PROMPT[:7]),
        answer("y", PROMPT[:5]),
        embedding("c", (9,)),
    ):
        engine.add_request(request)
    completions = run(engine)
    assert [completions[name].token_ids for name in "xy"] == [
        runner.continuation(prompt, 24) for prompt in (PROMPT, PROMPT[:5])
    ]
    assert [completions[name].embedding_D for name in "abc"] == [
        runner.embedding(prompt) for prompt in (PROMPT, PROMPT[:7], (9,))
    ]


def test_an_answer_gets_its_token_in_every_pass_that_reads_what_is_embedded():
    _, engine = exact(max_batch_tokens=4)
    engine.add_request(answer("x", PROMPT[:2]))
    engine.step()
    engine.add_request(embedding("a"))
    assert [[len(each.token_ids) for each in engine.step()] for _ in range(6)] == [[1]] * 6


def test_what_was_read_before_giving_way_does_not_count_twice():
    """The cache holds one of two; the one that embeds came last and gives way in the middle of its prompt."""
    runner, engine = exact(num_blocks=9, max_batch_tokens=5)
    engine.add_request(answer("x", PROMPT[:11]))
    for _ in range(4):
        engine.step()
    engine.add_request(embedding("a"))
    completions = run(engine)
    assert engine.stats.num_preemptions == 1
    assert completions["a"].embedding_D == runner.embedding(PROMPT)


def test_no_block_of_the_prefix_cache_is_taken_for_a_hidden_state():
    runner, engine = exact()
    engine.generate([answer("x")])
    before = engine.stats
    (completion,) = engine.generate([embedding("a")])
    assert completion.embedding_D == runner.embedding(PROMPT)
    assert completion.num_cached_tokens == 0
    assert engine.stats.num_queried_tokens == before.num_queried_tokens
    assert engine.stats.num_prompt_tokens - before.num_prompt_tokens == len(PROMPT)


def test_what_was_embedded_drives_no_prefix_out():
    _, engine = exact(num_blocks=12)
    engine.generate([answer("x", PROMPT[:9])])
    for number in range(9):
        engine.generate([embedding("a", tuple(range(number, number + 20)))])
    assert engine.generate([answer("x", PROMPT[:9])])[0].num_cached_tokens == 8


def test_an_adapter_applies():
    runner, engine = exact()
    (completion,) = engine.generate([embedding("a", adapter="pirate")])
    assert completion.embedding_D == runner.embedding(PROMPT, adapter_id=6)


def test_nobody_guesses_what_follows_what_is_embedded():
    runner, times = ExactRunner(num_blocks=20, block_size=4), PassTimes()
    speculation = Speculation(times=times, make_proposer=lambda: PromptLookup(times))
    engine = Engine(runner, speculation=speculation)
    assert engine.generate([embedding("a", (7,))])[0].embedding_D == runner.embedding((7,))
    assert runner.passes == [[1]]


@pytest.mark.parametrize(("length", "is_possible"), [(80, True), (81, False)])
def test_what_is_embedded_may_fill_the_cache(length, is_possible):
    runner, engine = exact()
    prompt = tuple(number % 50 for number in range(length))
    if is_possible:
        assert engine.generate([embedding("a", prompt)])[0].embedding_D == runner.embedding(prompt)
    else:
        with pytest.raises(RequestError, match=r"The cache holds 80 tokens\."):
            engine.add_request(embedding("a", prompt))


def test_what_is_embedded_may_fill_the_context():
    engine = Engine(TorchRunner(tiny_model(), num_blocks=3))
    assert engine.generate([embedding("a", tuple(range(64)))])[0].embedding_D is not None
    with pytest.raises(RequestError, match=r"loaded for 64 tokens\."):
        engine.add_request(embedding("a", tuple(range(65))))


def test_small_states_count_beside_a_large_one():
    """Sums in float32 would lose the ones."""
    states_TD = np.array([[2.0**24], [1], [1], [1]], np.float32)
    summed = Embedding(embedding("a", (1, 2, 3, 4)), TokenSequence("a", (1, 2, 3, 4), embeds=True))
    assert summed.add(states_TD[:3], 0) is None
    assert summed.add(states_TD[3:], 3).completion.embedding_D == (np.float32((2**24 + 3) / 4),)


def test_a_cancelled_embedding_is_none():
    _, engine = exact(max_batch_tokens=4)
    engine.add_request(embedding("a"))
    engine.step()
    completion = engine.cancel("a")
    assert (completion.finish_reason, completion.embedding_D) == ("cancelled", None)
    assert engine.stats.num_used_blocks == engine.num_unfinished == 0


def test_hidden_states_that_are_no_numbers_end_their_request_alone():
    model = tiny_model()
    model.embedding.weight[7] = torch.inf
    engine = Engine(TorchRunner(model, num_blocks=4))
    for request in (embedding("bad", (6, 7)), embedding("good", (1, 2))):
        engine.add_request(request)
    bad, good = engine.step()
    assert "hidden states that are not numbers" in bad.error.found
    assert good.completion.embedding_D is not None
    assert engine.num_unfinished == 0


def test_a_request_that_embeds_has_no_tokens_to_report_experts_of():
    with pytest.raises(RequestError, match="both asked for"):
        dataclasses.replace(embedding("a"), reports_experts=True)


def both(tmp_path, family, num_blocks=8, **changes):
    from zaphod.engine.native_runner import NativeRunner
    from zaphod.model.native import load_native

    with open_tiny(tmp_path, family, **changes) as weights:
        torch_runner = TorchRunner(load_transformer(weights, DTYPES["float32"]), num_blocks=8)
        native = load_native(weights, precision="float32")
    return torch_runner, NativeRunner(native, num_blocks=num_blocks, cache_dtype="float32", num_threads=2)


@needs_kernels
@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
def test_native_hidden_states_are_those_of_pytorch(family, tmp_path):
    torch_runner, native = both(tmp_path, family)
    shares = [
        Scheduled(range(20), 0, (0,), num_logits=2),
        Scheduled(range(33), 0, (1, 2), num_logits=0, wants_states=True),
        Scheduled(range(5), 0, (3,)),
        Scheduled((7,), 0, (4,), num_logits=1, wants_states=True),
    ]
    for runner in (torch_runner, native):
        runner.forward(assemble(shares, 32))
    want_SD = torch_runner.hidden_states()
    assert native.hidden_states().shape == want_SD.shape == (34, 64)
    assert np.abs(native.hidden_states() - want_SD).max() <= 1e-4 * np.abs(want_SD).max()


@needs_kernels
def test_hidden_states_leave_the_logits_as_they_are_and_are_gone_after_the_next_pass(tmp_path):
    for runner in both(tmp_path, "grok-1"):
        plain = Scheduled(range(20), 0, (0,), num_logits=20)
        want_RV = runner.forward(assemble([plain], 32)).copy()
        assert len(runner.hidden_states()) == 0
        asked = dataclasses.replace(plain, wants_states=True)
        assert np.array_equal(runner.forward(assemble([asked], 32)), want_RV)
        assert len(runner.hidden_states()) == 20
        runner.forward(assemble([plain], 32))
        assert len(runner.hidden_states()) == 0


@needs_kernels
@pytest.mark.parametrize(("longest", "max_batch_tokens"), [(90, 1), (90, 7), (1300, 700), (1300, 1500)])
def test_no_bit_of_a_native_embedding_depends_on_company_or_cuts(longest, max_batch_tokens, tmp_path):
    _, native = both(tmp_path, "mixtral", num_blocks=60, context_length=2048)
    prompts = [tuple(n * n % 39 for n in range(length)) for length in (longest, 33, 1)]
    requests = [embedding(str(number), prompt) for number, prompt in enumerate(prompts)]
    alone = [Engine(native, EngineConfig(max_batch_tokens=4096)).generate([request])[0] for request in requests]
    answers = [answer(f"answer to {number}", prompt[:30]) for number, prompt in enumerate(prompts)]
    together = Engine(native, EngineConfig(max_batch_tokens=max_batch_tokens)).generate([*answers, *requests])
    assert together[len(answers) :] == alone
