"""Requests together and alone, ends and cancellations, on a tiny random model."""

import dataclasses
import re
from itertools import zip_longest

import pytest
import torch

from zaphod.core.errors import ConfigError, RequestError, TokenizerError, WeightsError
from zaphod.engine import Engine, EngineConfig, Request, SamplingParams, Speculation
from zaphod.engine.grammar import GrammarCompiler, GrammarSpec
from zaphod.engine.speculation import PassTimes, PromptLookup
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.attention import WholeSequences
from zaphod.testing import ByteTokenizer, tiny_model


class ByteStream:
    """One character a token, so that tests can name stop texts."""

    def __init__(self, prompt):
        self.prompt = prompt

    def push(self, token_id):
        return chr(0x100 + token_id)

    def finish(self):
        return ""


@pytest.fixture(scope="module")
def model():
    return tiny_model(seed=5)


def engine(model, num_sequences=8, **options):
    return Engine(TorchRunner(model, block_size=8, num_blocks=8 * num_sequences), text_stream=ByteStream, **options)


def prompts(count):
    generator = torch.Generator().manual_seed(count)
    lengths = torch.randint(1, 20, (count,), generator=generator).tolist()
    return [tuple(torch.randint(0, 256, (length,), generator=generator).tolist()) for length in lengths]


def requests(count, **sampling):
    sampling = {"max_tokens": 12} | sampling
    return [
        Request(request_id=str(number), prompt_token_ids=prompt, sampling=SamplingParams(**sampling))
        for number, prompt in enumerate(prompts(count))
    ]


def test_greedy_tokens_equal_a_forward_pass_without_a_cache(model):
    request = requests(3)[2]
    tokens = list(request.prompt_token_ids)
    for _ in range(12):
        positions = torch.arange(len(tokens))
        tokens.append(int(model(torch.tensor(tokens), positions, WholeSequences(1))[-1].argmax()))
    (completion,) = engine(model).generate([request])
    assert list(request.prompt_token_ids + completion.token_ids) == tokens


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.9, "seed": 11}])
@pytest.mark.parametrize("options", [{}, {"num_sequences": 3}, {"config": EngineConfig(max_batch_tokens=5)}])
def test_tokens_do_not_depend_on_company(model, sampling, options):
    alone = [engine(model).generate([request])[0].token_ids for request in requests(8, **sampling)]
    together = [completion.token_ids for completion in engine(model, **options).generate(requests(8, **sampling))]
    assert together == alone


class Recorder(TorchRunner):
    """Keeps the number of new tokens of each sequence of each pass."""

    def forward(self, batch):
        self.passes = [*getattr(self, "passes", []), tuple(batch.query_lens_B)]
        return super().forward(batch)


def test_a_pass_keeps_to_its_limit_and_serves_those_that_produce_first(model):
    recorder = Recorder(model, num_blocks=6)
    limited = Engine(recorder, EngineConfig(max_batch_tokens=4))
    for name, length in (("long", 9), ("short", 2), ("middle", 3)):
        sampling = SamplingParams(max_tokens=5)
        limited.add_request(Request(request_id=name, prompt_token_ids=tuple(range(length)), sampling=sampling))
    while limited.num_unfinished:
        limited.step()
    assert recorder.passes[:5] == [(4,), (4,), (1, 2, 1), (1, 1, 2), (1, 1, 1)]
    assert max(sum(lengths) for lengths in recorder.passes) <= 4


@pytest.mark.parametrize("changes", [{"attention_softcap": 30.0}, {"sliding_window": 4}, {"qk_norm": "per_head"}])
def test_switches_keep_cached_and_uncached_tokens_equal(changes):
    model = tiny_model(seed=6, **changes)
    by_the_token = engine(model, config=EngineConfig(max_batch_tokens=1)).generate(requests(4))
    assert by_the_token == engine(model).generate(requests(4))


def test_streamed_increments_add_up_to_the_completion(model):
    (request,) = requests(1)
    increments = list(engine(model).stream(request))
    completion = increments[-1].completion
    assert tuple(t for increment in increments for t in increment.token_ids) == completion.token_ids
    assert "".join(increment.text for increment in increments) == completion.text


def test_streamed_text_is_that_of_all_tokens_at_once(model):
    """Random bytes are mostly broken characters, some of them across tokens."""
    tokenizer = ByteTokenizer()
    speaking = Engine(TorchRunner(model), text_stream=lambda prompt: tokenizer.stream(after=prompt))
    request = Request(
        request_id="a", prompt_token_ids=tuple(tokenizer.encode("é")[:1]), sampling=SamplingParams(max_tokens=60)
    )
    increments = list(speaking.stream(request))
    expected = tokenizer.decode(increments[-1].completion.token_ids, after=request.prompt_token_ids)
    assert "".join(increment.text for increment in increments) == increments[-1].completion.text == expected


def test_what_only_began_a_stop_text_belongs_to_an_answer_that_ends_otherwise(model):
    (free,) = engine(model).generate(requests(1))
    (completion,) = engine(model).generate(requests(1, stop=(free.text[-2:] + "never",)))
    assert (completion.text, completion.finish_reason) == (free.text, "length")


def test_an_answer_ends_before_its_stop_text(model):
    (free,) = engine(model).generate(requests(1))
    stop = free.text[4:6]
    (completion,) = engine(model).generate(requests(1, stop=(stop,)))
    assert completion.text == free.text[: free.text.find(stop)]
    assert (completion.finish_reason, completion.stop_reason) == ("stop", stop)


def test_end_tokens_end_unless_they_are_ignored(model):
    (free,) = engine(model).generate(requests(1))
    end = free.token_ids[3]
    (ended,) = engine(model, eos_token_ids=(end,)).generate(requests(1))
    assert ended.token_ids == free.token_ids[: free.token_ids.index(end)]
    assert (ended.finish_reason, ended.stop_reason) == ("stop", end)
    (ignored,) = engine(model, eos_token_ids=(end,)).generate(requests(1, ignore_eos=True))
    assert ignored.token_ids == free.token_ids


def test_an_answer_ends_at_the_context(model):
    prompt = tuple(range(60))
    request = Request(request_id="long", prompt_token_ids=prompt, sampling=SamplingParams(max_tokens=50))
    (completion,) = engine(model).generate([request])
    assert (len(completion.token_ids), completion.finish_reason) == (4, "length")


def test_a_cancelled_request_frees_its_place_for_the_next(model):
    crowded = engine(model, config=EngineConfig(max_num_sequences=1))
    first, second = requests(2)
    crowded.add_request(first)
    crowded.add_request(second)
    crowded.step()
    assert crowded.cancel(first.request_id).finish_reason == "cancelled"
    assert crowded.cancel(first.request_id) is None
    for _ in range(12):
        (increment,) = crowded.step()
    assert increment.completion == engine(model).generate([second])[0]
    assert crowded.num_unfinished == 0


def test_a_waiting_request_can_be_cancelled(model):
    crowded = engine(model, config=EngineConfig(max_num_sequences=1))
    for request in requests(2):
        crowded.add_request(request)
    crowded.step()
    assert crowded.cancel("1").token_ids == ()
    assert crowded.num_unfinished == 1


def test_leaving_a_stream_frees_its_place(model):
    single = engine(model, num_sequences=1)
    for _ in single.stream(requests(1)[0]):
        break
    assert single.num_unfinished == 0


class Unspeakable(ByteStream):
    """Knows no text for what follows a prompt of one token."""

    def push(self, token_id):
        if len(self.prompt) == 1:
            raise TokenizerError("no text")
        return super().push(token_id)


def test_one_request_that_fails_leaves_the_others_alone(model):
    both = Engine(TorchRunner(model, num_blocks=4), text_stream=Unspeakable)
    good = Request(request_id="good", prompt_token_ids=(1, 2), sampling=SamplingParams(max_tokens=2))
    both.add_request(Request(request_id="bad", prompt_token_ids=(1,)))
    both.add_request(good)
    assert [(i.request_id, str(i.error)) for i in both.step()] == [("bad", "no text"), ("good", "None")]
    assert both.step()[0].completion == engine(model).generate([good])[0]
    assert both.num_unfinished == 0


def test_a_failing_batch_is_cancelled_whole(model):
    failing = Engine(TorchRunner(model, num_blocks=4), text_stream=Unspeakable)
    good, bad = (Request(request_id=str(n), prompt_token_ids=tuple(range(n))) for n in (2, 1))
    with pytest.raises(TokenizerError, match="no text"):
        failing.generate([good, bad])
    assert failing.num_unfinished == 0


def test_a_batch_that_repeats_an_id_leaves_nothing_behind(model):
    idle = engine(model)
    with pytest.raises(RequestError, match="already here"):
        idle.generate(requests(1) * 2)
    assert idle.num_unfinished == 0


def test_a_prompt_that_the_tokenizer_does_not_know_takes_no_place(model):
    def unknown(prompt):
        raise TokenizerError("token 9 is not in the vocabulary")

    strict = Engine(TorchRunner(model), text_stream=unknown)
    with pytest.raises(TokenizerError, match="token 9"):
        strict.add_request(requests(1)[0])
    assert strict.num_unfinished == 0


def test_streams_side_by_side_lose_nothing(model):
    shared, (first, second) = engine(model), requests(2)
    streams = [shared.stream(first), shared.stream(second)]
    tokens = {first.request_id: (), second.request_id: ()}
    for pair in zip_longest(*streams):
        for increment in filter(None, pair):
            tokens[increment.request_id] += increment.token_ids
    assert list(tokens.values()) == [completion.token_ids for completion in engine(model).generate([first, second])]


def test_generating_beside_a_stream_loses_nothing(model):
    shared, (first, second) = engine(model), requests(2)
    stream = shared.stream(first)
    begun = next(stream)
    (beside,) = shared.generate([second])
    completions = [increment.completion for increment in (begun, *stream)]
    assert [completions[-1], beside] == engine(model).generate([first, second])


def test_nothing_comes_from_a_cancelled_request(model):
    shared, (first, second) = engine(model), requests(2)
    shared.add_request(first)
    shared.generate([dataclasses.replace(second, sampling=SamplingParams(max_tokens=2))])
    shared.cancel(first.request_id)
    assert shared.step() == []


def test_a_stream_ends_when_its_request_is_cancelled_inside_the_loop(model):
    busy, (request,) = engine(model), requests(1)
    for count, _ in enumerate(busy.stream(request), start=1):
        if count == 3:
            assert len(busy.cancel(request.request_id).token_ids) == 3
    assert count == 3


def test_a_pass_of_no_tokens_is_refused():
    with pytest.raises(ConfigError, match="max_batch_tokens is 0"):
        EngineConfig(max_batch_tokens=0)


def test_logprobs_are_of_the_raw_logits(model):
    (plain,) = engine(model).generate(requests(1, logprobs=3))
    (warm,) = engine(model).generate(requests(1, logprobs=3, temperature=5.0, top_k=1))
    assert warm.logprobs == plain.logprobs
    assert plain.logprobs[0].top[0] == (plain.token_ids[0], plain.logprobs[0].logprob)


@pytest.mark.parametrize("num_top", [0, 2])
def test_increments_bring_the_logprobs_of_their_tokens(model, num_top):
    increments = list(engine(model).stream(requests(1, logprobs=num_top)[0]))
    assert [[each.token_id for each in i.logprobs] for i in increments] == [list(i.token_ids) for i in increments]
    assert tuple(each for i in increments for each in i.logprobs) == increments[-1].completion.logprobs


def test_increments_bring_no_logprobs_that_nobody_asked_for(model):
    assert {increment.logprobs for increment in engine(model).stream(requests(1)[0])} == {()}


def test_a_completion_tells_how_much_of_its_prompt_was_there_already(model):
    sharing = engine(model)
    prompt = tuple(range(20))
    again = [Request(request_id=str(n), prompt_token_ids=prompt, sampling=SamplingParams(max_tokens=9)) for n in (0, 1)]
    assert [sharing.generate([request])[0].num_cached_tokens for request in again] == [0, 16]
    assert sharing.stats.num_prompt_tokens == 20 + 4


def test_what_was_cached_is_that_of_the_first_admission(model):
    """The second gives way and finds its own blocks later; that does not count as cached for it."""
    crowded = Engine(TorchRunner(model, block_size=8, num_blocks=6))
    for name in ("first", "second"):
        sampling = SamplingParams(max_tokens=20)
        prompt = (*name.encode(), *range(11))
        crowded.add_request(Request(request_id=name, prompt_token_ids=prompt, sampling=sampling))
    completions = [i.completion for _ in range(60) for i in crowded.step() if i.completion]
    assert crowded.stats.num_preemptions == 1
    assert [completion.num_cached_tokens for completion in completions] == [0, 0]


def test_tokens_of_prompts_are_counted_when_they_are_computed(model):
    reading = engine(model, config=EngineConfig(max_batch_tokens=8))
    reading.add_request(Request(request_id="a", prompt_token_ids=tuple(range(20))))
    counts = []
    for _ in range(5):
        reading.step()
        counts.append(reading.stats.num_prompt_tokens)
    assert counts == [8, 16, 20, 20, 20]


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (Request(request_id="a", prompt_token_ids=tuple(range(64))), "64 tokens"),
        (Request(request_id="a", prompt_token_ids=(260,)), "prompt holds token 260"),
        (requests(1, logit_bias={9999: 1.0})[0], "logit_bias holds token 9999"),
        (requests(1, stop_token_ids=(9999,))[0], "stop_token_ids holds token 9999"),
    ],
)
def test_a_request_that_can_never_run_is_refused(model, request_, complaint):
    with pytest.raises(RequestError, match=complaint):
        engine(model).add_request(request_)


def test_ids_beyond_the_vocabulary_are_never_produced(model):
    narrow = Engine(TorchRunner(model), num_token_ids=3)
    request = Request(request_id="a", prompt_token_ids=(1,), sampling=SamplingParams(temperature=50.0, seed=1))
    assert max(narrow.generate([request])[0].token_ids) <= 2


def test_stop_texts_need_a_tokenizer(model):
    with pytest.raises(RequestError, match="tokenizer"):
        Engine(TorchRunner(model)).add_request(requests(1, stop=("x",))[0])


def test_two_requests_of_one_id_are_refused(model):
    busy = engine(model)
    busy.add_request(requests(1)[0])
    with pytest.raises(RequestError, match="already here"):
        busy.add_request(requests(1)[0])


def test_a_pass_that_fails_loses_nothing(model):
    class Faltering(TorchRunner):
        """Fails at every other pass, after it has written to the cache."""

        num_passes = 0

        def forward(self, batch):
            logits = super().forward(batch)
            self.num_passes += 1
            if self.num_passes % 2:
                raise MemoryError
            return logits

    faltering = Engine(Faltering(model, block_size=8, num_blocks=64), EngineConfig(max_batch_tokens=6))
    for request in requests(4):
        faltering.add_request(request)
    completions = {}
    while faltering.num_unfinished:
        try:
            increments = faltering.step()
        except MemoryError:
            continue
        completions |= {i.request_id: i.completion.token_ids for i in increments if i.completion}
    assert [completions[str(n)] for n in range(4)] == [c.token_ids for c in engine(model).generate(requests(4))]


def speaking(model, **options):
    """An engine that follows grammars over bytes."""
    tokenizer = ByteTokenizer()
    return Engine(
        TorchRunner(model),
        eos_token_ids=tokenizer.eos_token_ids,
        text_stream=lambda prompt: tokenizer.stream(skip_special=True, after=prompt),
        grammars=GrammarCompiler(tokenizer, model.config.vocab_size),
        **options,
    )


def in_grammar(kind, text, **sampling):
    sampling = SamplingParams(grammar=GrammarSpec(kind, text), **sampling)
    return Request(request_id="a", prompt_token_ids=(65, 66), sampling=sampling)


@pytest.mark.parametrize("sampling", [{}, {"temperature": 2.0, "seed": 4}])
def test_an_answer_keeps_to_its_grammar_and_ends_where_it_ends(model, sampling):
    (completion,) = speaking(model).generate([in_grammar("regex", "[a-f]{3}-(yes|no)", **sampling)])
    assert re.fullmatch("[a-f]{3}-(yes|no)", completion.text)
    assert completion.finish_reason == "stop"


def test_guesses_keep_to_the_grammar_too(model):
    request = in_grammar("regex", "(ab|ac|ad){3,9}!", max_tokens=40)
    (plain,) = speaking(model).generate([request])
    times = PassTimes()
    guessing = speaking(model, speculation=Speculation(times=times, make_proposer=lambda: PromptLookup(times)))
    assert guessing.generate([request]) == [plain]


def test_a_grammar_needs_a_tokenizer(model):
    idle = engine(model)
    with pytest.raises(RequestError, match="A grammar was given"):
        idle.add_request(in_grammar("regex", "a+"))
    assert idle.num_unfinished == 0


def test_a_malformed_grammar_takes_no_place(model):
    idle = speaking(model)
    with pytest.raises(RequestError, match="regex cannot be used"):
        idle.add_request(in_grammar("regex", "(a"))
    assert idle.num_unfinished == 0


def test_an_adapter_that_is_not_there_takes_no_place(model):
    idle = engine(model)
    with pytest.raises(RequestError, match="'pirate'"):
        idle.add_request(dataclasses.replace(requests(1)[0], adapter="pirate"))
    assert idle.num_unfinished == 0


class Unreadable(TorchRunner):
    """Cannot read its weights in one of its passes."""

    fails_in = 3

    def forward(self, batch):
        self.fails_in -= 1
        if self.fails_in == 0:
            raise WeightsError("An expert cannot be read.")
        return super().forward(batch)


def test_a_pass_whose_weights_cannot_be_read_ends_its_requests_and_no_others(model):
    running = Engine(Unreadable(model, block_size=8, num_blocks=64), text_stream=ByteStream)
    first, second, later = requests(3)
    for request in (first, second):
        running.add_request(request)
    increments = [increment for _ in range(3) for increment in running.step()]
    assert {increment.request_id for increment in increments if isinstance(increment.error, WeightsError)} == {"0", "1"}
    assert running.num_unfinished == running.stats.num_used_blocks == 0
    assert running.generate([later]) == engine(model).generate([later])
