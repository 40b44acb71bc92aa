"""Which experts computed the choice of a token is told to those who ask, and is what the network did."""

import dataclasses

import numpy as np
import pytest
import torch
from tests.engine.exact_runner import ExactRunner
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny, tiny_config

from zaphod.compute.kernels import dispatch
from zaphod.engine import Engine, EngineConfig, Request, SamplingParams, Speculation
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.speculation import PassTimes
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.attention import WholeSequences
from zaphod.model.config import RouterConfig
from zaphod.model.loading import DTYPES, load_transformer
from zaphod.testing import tiny_model

needs_kernels = pytest.mark.skipif(not dispatch.native_is_available(), reason=f"native kernels: {dispatch.why_not()}")

PROMPT = (5, 9, 7, 3, 5, 9, 7, 8, 5, 9)


def asking(name="a", prompt=PROMPT, **sampling):
    sampling = SamplingParams(**({"max_tokens": 24} | sampling))
    return Request(request_id=name, prompt_token_ids=prompt, sampling=sampling, reports_experts=True)


def told(increments):
    """Experts of all tokens of an answer."""
    return tuple(experts for increment in increments for experts in increment.experts_NLK)


def test_experts_are_those_of_the_position_from_which_a_token_was_chosen():
    model = tiny_model(seed=4)
    increments = list(Engine(TorchRunner(model)).stream(asking(max_tokens=6)))
    tokens = [*PROMPT, *increments[-1].completion.token_ids]
    routing = []
    model(torch.tensor(tokens), torch.arange(len(tokens)), WholeSequences(1), routing=routing)
    ids_TLK = torch.stack([layer.expert_ids_TK for layer in routing], 1).tolist()
    assert [list(map(list, layers)) for layers in told(increments)] == ids_TLK[len(PROMPT) - 1 : -1]


def test_nothing_is_told_to_those_who_did_not_ask():
    runner = ExactRunner(num_blocks=40, block_size=4)
    engine = Engine(runner)
    engine.add_request(asking("a"))
    engine.add_request(dataclasses.replace(asking("b"), reports_experts=False))
    seen = {"a": (), "b": ()}
    while engine.num_unfinished:
        for increment in engine.step():
            seen[increment.request_id] += increment.experts_NLK
            tokens = increment.completion and increment.completion.token_ids
    assert seen == {"a": runner.choices(PROMPT, tokens), "b": ()}


def test_a_pass_is_asked_for_experts_only_where_somebody_wants_them():
    class Recorder(ExactRunner):
        asked = ()

        def forward(self, batch):
            self.asked += (batch.reports_experts,)
            return super().forward(batch)

    runner = Recorder(num_blocks=40, block_size=4)
    engine = Engine(runner)
    engine.add_request(asking("a", max_tokens=2))
    engine.add_request(dataclasses.replace(asking("b", max_tokens=4), reports_experts=False))
    while engine.num_unfinished:
        engine.step()
    assert runner.asked == (True, True, False, False)


class Knowing:
    """Knows what follows, and is wrong at every fourth token."""

    def __init__(self, runner):
        self.runner = runner

    def propose(self, tokens, limit):
        known = self.runner.continuation(tuple(tokens), limit)
        return [token_id ^ ((len(tokens) + place) % 4 == 0) for place, token_id in enumerate(known)]

    def observe(self, num_proposed, num_accepted):
        pass

    def pays(self):
        return True

    def release(self):
        pass


@pytest.mark.parametrize("max_batch_tokens", [3, 512])
def test_tokens_that_were_guessed_are_told_of_as_if_they_had_not_been(max_batch_tokens):
    runner = ExactRunner(num_blocks=40, block_size=4)
    speculation = Speculation(times=PassTimes(), make_proposer=lambda: Knowing(runner))
    engine = Engine(runner, EngineConfig(max_batch_tokens=max_batch_tokens), speculation=speculation)
    increments = list(engine.stream(asking()))
    assert 0 < engine.stats.num_accepted_tokens < engine.stats.num_guessed_tokens
    assert [len(i.experts_NLK) for i in increments] == [len(i.token_ids) for i in increments]
    assert told(increments) == runner.choices(PROMPT, runner.continuation(PROMPT, 24))


def test_a_token_that_ends_the_answer_is_not_told_of():
    runner = ExactRunner(num_blocks=40, block_size=4)
    plain = runner.continuation(PROMPT, 6)
    increments = list(Engine(runner, eos_token_ids=plain[5:]).stream(asking()))
    assert told(increments) == runner.choices(PROMPT, plain[: plain.index(plain[5])])


def test_only_layers_that_have_experts_are_told_of():
    for changes, num_layers in (({"dense_layers": (1,), "dense_size": 32}, 2), ({"moe": None, "dense_size": 32}, 0)):
        (increment,) = Engine(TorchRunner(tiny_model(**changes))).stream(asking(max_tokens=1))
        (layers,) = increment.experts_NLK
        assert len(layers) == num_layers


ROUTERS = {
    "bias": RouterConfig(num_experts=4, top_k=3, score="sigmoid", selection_bias=True),
    "groups": RouterConfig(num_experts=4, top_k=2, num_groups=2, num_groups_kept=1),
    "all": RouterConfig(num_experts=4, top_k=4, softmax_after_top_k=True),
}


def biased_moe(router):
    return dataclasses.replace(tiny_config("mixtral").moe, router=router)


def both(tmp_path, family, **changes):
    from zaphod.engine.native_runner import NativeRunner
    from zaphod.model.native import load_native

    with open_tiny(tmp_path, family, **changes) as weights:
        torch_runner = TorchRunner(load_transformer(weights, DTYPES["float32"]), num_blocks=40)
        native = load_native(weights, precision="float32")
    return torch_runner, NativeRunner(native, num_blocks=40, cache_dtype="float32", num_threads=2)


def experts_of(runner, shares):
    runner.forward(assemble(shares, 32, reports_experts=True))
    return runner.experts()


@needs_kernels
@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
def test_native_experts_are_those_of_pytorch(family, tmp_path):
    shares = [
        Scheduled(range(20), 0, (0,), num_logits=0),
        Scheduled(range(40), 0, (1, 2), num_logits=40),
        Scheduled((7,), 0, (3,)),
    ]
    want_RLK, got_RLK = (experts_of(runner, shares) for runner in both(tmp_path, family))
    assert want_RLK.shape == (41, 2, 2)
    assert np.array_equal(got_RLK, want_RLK)


@needs_kernels
@pytest.mark.parametrize("router", ROUTERS)
def test_experts_come_in_the_order_of_falling_weight(router, tmp_path):
    torch_runner, native = both(tmp_path, "mixtral", moe=biased_moe(ROUTERS[router]))
    shares = [Scheduled(range(30), 0, (0,), num_logits=30)]
    routing = []
    torch_runner.model(torch.arange(30), torch.arange(30), WholeSequences(1), routing=routing)
    for layer, ids_TK in zip(routing, experts_of(torch_runner, shares).swapaxes(0, 1).tolist(), strict=True):
        for ids, chosen, weights in zip(ids_TK, layer.expert_ids_TK.tolist(), layer.weights_TK.tolist(), strict=True):
            # Sigmoids of large logits are equal: then the one that was chosen first comes first.
            assert ids == sorted(chosen, key=lambda expert: -weights[chosen.index(expert)])
    assert np.array_equal(experts_of(native, shares), experts_of(torch_runner, shares))


@needs_kernels
@pytest.mark.parametrize("changes", [{"dense_layers": (0,), "dense_size": 40}, {"moe": None, "dense_size": 40}])
def test_native_layers_without_experts_are_left_out(changes, tmp_path):
    shares = [Scheduled(range(30), 0, (0,), num_logits=7)]
    want_RLK, got_RLK = (experts_of(runner, shares) for runner in both(tmp_path, "mixtral", **changes))
    assert got_RLK.shape[:2] == want_RLK.shape[:2] == (7, 0 if "moe" in changes else 1)
    assert np.array_equal(got_RLK.reshape(7, -1), want_RLK.reshape(7, -1))


@needs_kernels
def test_rows_of_a_batch_that_is_computed_in_parts_are_told_of_in_their_order(tmp_path):
    torch_runner, native = both(tmp_path, "grok-1", context_length=1200)
    tokens = [number * number % 39 for number in range(1100)]
    shares = [Scheduled(tokens, 0, tuple(range(35)), num_logits=900), Scheduled((7,), 0, (39,))]
    got_RLK = experts_of(native, shares)
    assert np.array_equal(experts_of(native, [shares[1]]), got_RLK[900:])
    agreeing = (got_RLK == experts_of(torch_runner, shares)).all(axis=(1, 2))
    assert agreeing.mean() > 0.99


@needs_kernels
def test_telling_changes_no_logits_and_is_over_after_the_pass(tmp_path):
    for runner in both(tmp_path, "grok-1"):
        share = Scheduled(range(20), 0, (0,), num_logits=20)
        want_RV = runner.forward(assemble([share], 32)).copy()
        assert len(runner.experts()) == 0
        assert np.array_equal(runner.forward(assemble([share], 32, reports_experts=True)), want_RV)
        assert len(runner.experts()) == 20
        runner.forward(assemble([share], 32))
        assert len(runner.experts()) == 0
