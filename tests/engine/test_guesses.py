"""With guesses an answer takes fewer passes and is the same, whatever was guessed and however it ends."""

import pytest
from tests.engine.exact_runner import ExactRunner

from zaphod.engine import Engine, EngineConfig, Request, SamplingParams, Speculation
from zaphod.engine.speculation import DraftModel, PassTimes, PromptLookup, PromptLookupConfig
from zaphod.engine.torch_runner import TorchRunner
from zaphod.testing import tiny_model

PROMPT = (5, 9, 7, 3, 5, 9, 7, 8, 5, 9)


class Reader:
    """Guesses from a list of tokens: what the answer was, or something else."""

    def __init__(self, answer):
        self.answer, self.observed, self.is_released = answer, [], False

    def propose(self, tokens, limit):
        begin = len(tokens) - len(PROMPT)
        return list(self.answer[begin : begin + limit])

    def observe(self, num_proposed, num_accepted):
        self.observed.append((num_proposed, num_accepted))

    def pays(self):
        return True

    def release(self):
        self.is_released = True


def answer(speculation=None, runner=None, config=None, **sampling):
    """A completion and the engine that made it."""
    engine = Engine(
        runner or ExactRunner(num_blocks=20, block_size=4),
        config,
        eos_token_ids=sampling.pop("eos_token_ids", ()),
        speculation=speculation,
    )
    request = Request(
        request_id="a", prompt_token_ids=PROMPT, sampling=SamplingParams(**({"max_tokens": 24} | sampling))
    )
    return engine.generate([request])[0], engine


def reading(tokens, **options):
    reader = Reader(tokens)
    return reader, Speculation(times=PassTimes(), make_proposer=lambda: reader, **options)


def test_right_guesses_save_passes():
    plain, _ = answer()
    reader, speculation = reading(plain.token_ids, max_guesses=5)
    guessed, engine = answer(speculation)
    assert guessed == plain
    assert (engine.stats.num_steps, engine.stats.num_guessed_tokens, engine.stats.num_accepted_tokens) == (5, 19, 19)
    assert reader.is_released


def test_wrong_guesses_cost_rows_and_change_nothing():
    plain, _ = answer()
    reader, speculation = reading([token_id ^ 1 for token_id in plain.token_ids])
    guessed, engine = answer(speculation)
    assert guessed == plain
    assert engine.stats.num_accepted_tokens == 0
    assert {accepted for _, accepted in reader.observed} == {0}


def test_what_follows_a_wrong_guess_is_not_kept():
    plain, _ = answer()
    half_right = [t ^ 1 if n % 3 == 0 else t for n, t in enumerate(plain.token_ids)]
    guessed, engine = answer(reading(half_right)[1])
    assert guessed == plain
    assert 0 < engine.stats.num_accepted_tokens < engine.stats.num_guessed_tokens


def test_an_increment_of_several_tokens_brings_the_logprobs_of_each():
    plain, _ = answer(logprobs=1)
    engine = Engine(ExactRunner(num_blocks=20, block_size=4), speculation=reading(plain.token_ids)[1])
    sampling = SamplingParams(max_tokens=24, logprobs=1)
    increments = list(engine.stream(Request(request_id="a", prompt_token_ids=PROMPT, sampling=sampling)))
    assert max(len(increment.logprobs) for increment in increments) > 1
    assert tuple(each for increment in increments for each in increment.logprobs) == plain.logprobs


def test_what_was_drawn_is_drawn_with_guesses_too():
    runner = TorchRunner(tiny_model(seed=1), block_size=8)
    options = {"temperature": 0.8, "top_p": 0.9, "seed": 3, "logprobs": 2, "frequency_penalty": 0.3}
    plain, _ = answer(runner=runner, **options)
    guessed, engine = answer(reading(plain.token_ids)[1], runner, **options)
    assert guessed.token_ids == plain.token_ids
    assert len(guessed.logprobs) == len(plain.logprobs)
    assert engine.stats.num_accepted_tokens > 0


@pytest.mark.parametrize("place", [3, 4, 9])
def test_an_end_among_the_guesses_ends(place):
    plain, _ = answer()
    end = plain.token_ids[place]
    expected, _ = answer(eos_token_ids=(end,))
    guessed, _ = answer(reading(plain.token_ids)[1], eos_token_ids=(end,))
    assert guessed == expected
    assert guessed.finish_reason == "stop"


def test_guesses_take_no_slot_beyond_the_answer_and_no_token_beyond_the_pass():
    plain, _ = answer(max_tokens=100)
    runner = ExactRunner(num_blocks=5, block_size=4)
    guessed, _ = answer(reading(plain.token_ids)[1], runner, EngineConfig(max_batch_tokens=4), max_tokens=100)
    assert guessed.token_ids == plain.token_ids[:10]
    assert max(sum(lengths) for lengths in runner.passes) == 4


def test_nobody_guesses_while_a_prompt_is_read():
    reader, speculation = reading(answer()[0].token_ids)
    engine = Engine(ExactRunner(num_blocks=50, block_size=4), EngineConfig(max_batch_tokens=8), speculation=speculation)
    engine.add_request(Request(request_id="a", prompt_token_ids=PROMPT, sampling=SamplingParams(max_tokens=24)))
    engine.step()
    engine.step()
    engine.add_request(Request(request_id="b", prompt_token_ids=tuple(range(14))))
    engine.step()
    engine.step()
    assert reader.observed == []
    engine.step()
    assert reader.observed != []


def test_prompt_lookup_gives_the_tokens_of_the_network_alone():
    runner, times = TorchRunner(tiny_model(seed=0), block_size=8), PassTimes()
    plain, _ = answer(runner=runner, max_tokens=50)
    config = PromptLookupConfig(min_match=1)
    speculation = Speculation(times=times, make_proposer=lambda: PromptLookup(times, config))
    looked_up, engine = answer(speculation, runner, max_tokens=50)
    assert looked_up.token_ids == plain.token_ids
    assert times.seconds(1) is not None
    assert engine.stats.num_guessed_tokens > 0


def test_a_draft_model_gives_the_tokens_of_the_network_alone_and_its_blocks_back():
    runner, times = TorchRunner(tiny_model(seed=0), block_size=8), PassTimes()
    plain, _ = answer(runner=runner)
    draft = DraftModel(TorchRunner(tiny_model(seed=0), block_size=8), times, num_token_ids=259)
    guessed, engine = answer(Speculation(times=times, make_proposer=draft.sequence), runner)
    assert guessed.token_ids == plain.token_ids
    assert sorted(draft.free_blocks) == list(range(8))
    assert engine.stats.num_accepted_tokens > 0
