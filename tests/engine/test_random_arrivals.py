"""Whatever arrives, is cancelled or gives way: no block leaks, all requests end, and tokens are those of one alone."""

import functools
import tempfile
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.engine.exact_runner import ExactRunner
from tests.support.tiny_models import open_tiny

from zaphod.compute.kernels import dispatch
from zaphod.engine import Engine, EngineConfig, Request, SamplingParams, Speculation
from zaphod.engine.speculation import PassTimes, PromptLookup, PromptLookupConfig
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.attention import WholeSequences
from zaphod.testing import tiny_model

BEGINNINGS = (
    (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8),
    (3, 1, 4, 1, 5, 9, 2, 7, 1, 8, 2, 8),
    (2, 7, 1, 8, 2, 8, 1, 8, 2, 8),
)
PROMPTS = st.builds(
    lambda beginning, length, ends: beginning[:length] + ends,
    st.sampled_from(BEGINNINGS),
    st.integers(1, 12),
    st.sampled_from(((), (40,), (41, 42))),
)
ADAPTERS = st.sampled_from((None, None, "pirate"))


class Arrivals(RuleBasedStateMachine):
    """Drives an engine whose cache is so small that answers push each other out."""

    block_size, num_blocks = 3, 9
    prompt_repeats = 1
    sampling = MappingProxyType({})
    config = EngineConfig(max_batch_tokens=7, max_num_sequences=5)

    def __init__(self):
        super().__init__()
        self.runner = self.make_runner()
        self.engine = Engine(self.runner, self.config, speculation=self.make_speculation())
        self.requests, self.tokens, self.experts, self.completions = {}, {}, {}, {}

    def make_runner(self):
        return ExactRunner(num_blocks=self.num_blocks, block_size=self.block_size)

    def make_speculation(self):
        return None

    def expected(self, request):
        adapter_id = -1 if request.adapter is None else self.runner.adapter_id(request.adapter)
        return self.runner.continuation(request.prompt_token_ids, request.sampling.max_tokens, adapter_id)

    def expected_embedding(self, request):
        adapter_id = -1 if request.adapter is None else self.runner.adapter_id(request.adapter)
        return self.runner.embedding(request.prompt_token_ids, adapter_id)

    def expected_experts(self, request, tokens):
        adapter_id = -1 if request.adapter is None else self.runner.adapter_id(request.adapter)
        return self.runner.choices(request.prompt_token_ids, tokens, adapter_id)

    @rule(
        prompt=PROMPTS,
        max_tokens=st.integers(1, 16),
        wanted=st.sampled_from(({}, {}, {"reports_experts": True}, {"embeds": True})),
        whose=st.fixed_dictionaries({"queue": st.sampled_from("ab"), "tenant": st.sampled_from(("", "x"))}),
        adapter=ADAPTERS,
    )
    def arrive(self, prompt, max_tokens, wanted, whose, adapter):
        name, sampling = str(len(self.requests)), SamplingParams(max_tokens=max_tokens, **self.sampling)
        prompt *= self.prompt_repeats
        adapter = adapter if isinstance(self.runner, ExactRunner) else None
        request = Request(
            request_id=name, prompt_token_ids=prompt, sampling=sampling, adapter=adapter, **whose, **wanted
        )
        self.engine.add_request(request)
        self.requests[name], self.tokens[name], self.experts[name] = request, (), ()

    @precondition(lambda self: self.engine.num_unfinished)
    @rule(data=st.data())
    def cancel(self, data):
        name = data.draw(st.sampled_from(sorted(self.requests.keys() - self.completions.keys())))
        self.completions[name] = self.engine.cancel(name)
        assert self.completions[name].token_ids == self.tokens[name]

    @rule(count=st.integers(1, 8))
    def step(self, count):
        for _ in range(count):
            self.step_once()

    def step_once(self):
        answering = {s.request_id: s.num_preemptions for s in self.engine.scheduler.running if s.num_unseen == 1}
        increments = self.engine.step()
        for increment in increments:
            assert increment.error is None
            self.tokens[increment.request_id] += increment.token_ids
            self.experts[increment.request_id] += increment.experts_NLK
            if increment.completion is not None:
                self.completions[increment.request_id] = increment.completion
        # Every answer gets its next token, whatever prompt is read meanwhile, unless it gives way.
        advanced = {increment.request_id for increment in increments}
        stayed = {
            s.request_id for s in self.engine.scheduler.running if s.num_preemptions == answering.get(s.request_id)
        }
        assert stayed <= advanced

    @invariant()
    def every_block_counts_those_who_hold_it(self):
        pool, tables = self.engine.scheduler.allocator.pool, [s.blocks for s in self.engine.scheduler.running]
        users = [sum(block in table for table in tables) for block in range(self.num_blocks)]
        assert [pool.num_users(block) for block in range(self.num_blocks)] == users
        assert pool.num_unused == users.count(0)

    @invariant()
    def limits_are_kept_and_nobody_is_lost(self):
        stats = self.engine.stats
        assert stats.num_running + stats.num_waiting == len(self.requests) - len(self.completions)
        assert stats.num_running <= self.config.max_num_sequences
        assert self.engine.num_unfinished == 0 or stats.num_running or stats.num_waiting

    @invariant()
    def tokens_are_those_of_one_alone(self):
        for name, completion in self.completions.items():
            if self.requests[name].embeds:
                continue
            expected = self.expected(self.requests[name])
            assert completion.token_ids == self.tokens[name] == expected[: len(completion.token_ids)]
            assert completion.finish_reason == "cancelled" or len(completion.token_ids) == min(
                len(expected), self.num_blocks * self.block_size - len(self.requests[name].prompt_token_ids)
            )

    @invariant()
    def embeddings_are_those_of_one_alone(self):
        for name, completion in self.completions.items():
            if completion.finish_reason == "cancelled" or not self.requests[name].embeds:
                assert completion.embedding_D is None
            else:
                assert completion.token_ids == ()
                assert completion.embedding_D == self.expected_embedding(self.requests[name])

    @invariant()
    def experts_are_those_of_one_alone(self):
        for name, experts in self.experts.items():
            if name in self.completions and self.requests[name].reports_experts:
                assert experts == self.expected_experts(self.requests[name], self.completions[name].token_ids)
            elif not self.requests[name].reports_experts:
                assert experts == ()

    def teardown(self):
        tokens_left = sum(len(r.prompt_token_ids) + r.sampling.max_tokens for r in self.requests.values())
        for _ in range(2 * tokens_left + 1):
            if self.engine.num_unfinished:
                self.step_once()
        assert self.engine.num_unfinished == 0
        assert self.engine.stats.num_used_blocks == 0
        assert len(self.engine.scheduler.queues) == 0
        self.every_block_counts_those_who_hold_it()
        self.tokens_are_those_of_one_alone()
        self.embeddings_are_those_of_one_alone()
        self.experts_are_those_of_one_alone()


class Gambler:
    """Knows the exact runner's answers, and is wrong at every fourth token."""

    def __init__(self, runner):
        self.runner = runner

    def propose(self, tokens, limit):
        guesses = self.runner.continuation(tuple(tokens), limit)
        return [(g + 1) % 50 if (len(tokens) + n) % 4 == 0 else g for n, g in enumerate(guesses)]

    def observe(self, num_proposed, num_accepted):
        assert 0 <= num_accepted <= num_proposed

    def pays(self):
        return True

    def release(self):
        pass


class ArrivalsWithGuesses(Arrivals):
    """The same with several tokens a pass, some of which are accepted."""

    def make_speculation(self):
        return Speculation(times=PassTimes(), make_proposer=lambda: Gambler(self.runner), max_guesses=5)


class ArrivalsAtANetwork(Arrivals):
    """The same with a network in float32, where tokens come from floating-point sums."""

    block_size, num_blocks = 4, 8

    @staticmethod
    @functools.cache
    def model():
        return tiny_model(seed=5, num_layers=2)

    @staticmethod
    @functools.cache
    def alone(prompt):
        tokens = list(prompt)
        for _ in range(16):
            tokens.append(int(ArrivalsAtANetwork.model().forward_sequences(torch.tensor([tokens]))[0, -1].argmax()))
        return tuple(tokens[len(prompt) :])

    @staticmethod
    @functools.cache
    def mean_state(prompt):
        states = []
        tokens = torch.tensor(prompt)
        ArrivalsAtANetwork.model()(tokens, torch.arange(len(prompt)), WholeSequences(1), states=states)
        return pytest.approx(states[0].mean(0).tolist(), rel=1e-4, abs=1e-4)

    @staticmethod
    @functools.cache
    def choices(tokens):
        routing = []
        ArrivalsAtANetwork.model()(torch.tensor(tokens), torch.arange(len(tokens)), WholeSequences(1), routing=routing)
        ids_TLK = torch.stack([layer.expert_ids_TK for layer in routing], 1).tolist()
        return tuple(tuple(map(tuple, layers)) for layers in ids_TLK)

    def make_runner(self):
        return TorchRunner(self.model(), block_size=self.block_size, num_blocks=self.num_blocks)

    def expected(self, request):
        return self.alone(request.prompt_token_ids)[: request.sampling.max_tokens]

    def expected_embedding(self, request):
        return self.mean_state(request.prompt_token_ids)

    def expected_experts(self, request, tokens):
        return self.choices(request.prompt_token_ids + tokens)[len(request.prompt_token_ids) - 1 : -1] if tokens else ()


class Timeless(PassTimes):
    """Hears of no clock, so that the same arrivals lead to the same guesses."""

    def observe(self, num_rows, seconds):
        pass


class ArrivalsAtTheNativeRunner(Arrivals):
    """The same with compiled kernels, whose results are to the bit those of one alone: drawn tokens and logprobs too.

    Prompts are repeated, so that they fill blocks of 32 tokens.
    """

    block_size, num_blocks, prompt_repeats = 32, 5, 7
    sampling = MappingProxyType({"temperature": 0.7, "seed": 3, "logprobs": 1})
    config = EngineConfig(max_batch_tokens=50, max_num_sequences=4)

    def make_runner(self):
        return native_runner(self.num_blocks)

    def make_speculation(self):
        times = Timeless()
        config = PromptLookupConfig(min_match=1)
        return Speculation(times=times, make_proposer=lambda: PromptLookup(times, config))

    @staticmethod
    @functools.cache
    def alone(prompt):
        sampling = SamplingParams(max_tokens=16, **ArrivalsAtTheNativeRunner.sampling)
        engine = Engine(native_runner(8), EngineConfig(shares_prefixes=False))
        return engine.generate([Request(request_id="alone", prompt_token_ids=prompt, sampling=sampling)])[0]

    @staticmethod
    @functools.cache
    def mean_state(prompt):
        engine = Engine(native_runner(8), EngineConfig(shares_prefixes=False))
        return engine.generate([Request(request_id="alone", prompt_token_ids=prompt, embeds=True)])[0].embedding_D

    @staticmethod
    @functools.cache
    def choices(prompt):
        sampling = SamplingParams(max_tokens=16, **ArrivalsAtTheNativeRunner.sampling)
        request = Request(request_id="alone", prompt_token_ids=prompt, sampling=sampling, reports_experts=True)
        engine = Engine(native_runner(8), EngineConfig(shares_prefixes=False))
        return tuple(experts for increment in engine.stream(request) for experts in increment.experts_NLK)

    def expected(self, request):
        return self.alone(request.prompt_token_ids).token_ids[: request.sampling.max_tokens]

    def expected_embedding(self, request):
        return self.mean_state(request.prompt_token_ids)

    def expected_experts(self, request, tokens):
        return self.choices(request.prompt_token_ids)[: len(tokens)]

    @invariant()
    def logprobs_are_those_of_one_alone(self):
        for name, completion in self.completions.items():
            if self.requests[name].embeds:
                continue
            expected = self.alone(self.requests[name].prompt_token_ids).logprobs
            assert completion.logprobs == expected[: len(completion.token_ids)]

    def teardown(self):
        super().teardown()
        self.logprobs_are_those_of_one_alone()


@functools.cache
def native_weights():
    from zaphod.model.native import load_native

    with (
        tempfile.TemporaryDirectory() as folder,
        open_tiny(Path(folder), "grok-1", vocab_size=50, context_length=160) as weights,
    ):
        return load_native(weights, precision="float32")


def native_runner(num_blocks):
    from zaphod.engine.native_runner import NativeRunner

    return NativeRunner(native_weights(), num_blocks=num_blocks, max_len=160)


def explore(machine, max_examples):
    limits = settings(max_examples=max_examples, stateful_step_count=30, deadline=None, report_multiple_bugs=False)
    run_state_machine_as_test(machine, settings=limits)


def test_arrivals_at_an_exact_runner():
    explore(Arrivals, 200)


def test_arrivals_while_tokens_are_guessed():
    explore(ArrivalsWithGuesses, 200)


def test_arrivals_at_a_network():
    explore(ArrivalsAtANetwork, 25)


@pytest.mark.skipif(not dispatch.native_is_available(), reason="the native kernels are not built")
def test_arrivals_at_the_native_runner():
    explore(ArrivalsAtTheNativeRunner, 100)
