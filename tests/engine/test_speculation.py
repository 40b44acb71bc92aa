"""Guesses never change an answer; the index finds what a scan finds; guessing stops where it does not pay."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.runner import Runner
from zaphod.engine.speculation import (
    DraftModel,
    PassTimes,
    Payoff,
    PromptLookup,
    PromptLookupConfig,
    Proposer,
    copied,
)
from zaphod.engine.torch_runner import TorchRunner
from zaphod.testing import tiny_model

PROMPT = [5, 9, 7, 3, 5, 9, 7, 8, 5, 9]


def runner_of(seed: int) -> TorchRunner:
    return TorchRunner(tiny_model(seed=seed), block_size=8, num_blocks=16)


def greedy(
    runner: Runner, prompt: list[int], num_tokens: int, proposer: Proposer | None = None
) -> tuple[list[int], int]:
    """The answer, and how many passes it took."""
    blocks = tuple(range(-(-(len(prompt) + num_tokens + 8) // runner.block_size)))
    tokens, num_cached, num_passes = list(prompt), 0, 0
    while len(tokens) < len(prompt) + num_tokens:
        guesses = [] if proposer is None else proposer.propose(tokens, 4)
        new = tokens[num_cached:] + guesses
        work = Scheduled(new, num_cached, blocks, num_logits=len(guesses) + 1)
        choices = runner.forward(assemble([work], runner.block_size)).argmax(axis=1).tolist()
        num_right = next((i for i, guess in enumerate(guesses) if guess != choices[i]), len(guesses))
        num_cached = len(tokens) + num_right
        tokens += choices[: num_right + 1]
        num_passes += 1
        if proposer is not None:
            proposer.observe(len(guesses), num_right)
    return tokens[len(prompt) :][:num_tokens], num_passes


def times(**seconds_of_rows: float) -> PassTimes:
    """`times(rows_1=1.0)`: a pass of one row takes a second."""
    known = PassTimes()
    for name, seconds in seconds_of_rows.items():
        known.observe(int(name.removeprefix("rows_")), seconds)
    return known


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    "make",
    [
        lambda: PromptLookup(PassTimes(), PromptLookupConfig(min_match=1)),
        lambda: DraftModel(runner_of(9), PassTimes(), num_token_ids=259).sequence(),
    ],
    ids=["prompt lookup", "another draft model"],
)
def test_greedy_answers_are_the_same_with_and_without_guesses(seed, make: Callable[[], Proposer]):
    plain, _ = greedy(runner_of(seed), PROMPT, 40)
    guessed, _ = greedy(runner_of(seed), PROMPT, 40, make())
    assert guessed == plain


def test_an_answer_that_repeats_itself_takes_fewer_passes():
    proposer = PromptLookup(PassTimes(), PromptLookupConfig(min_match=1))
    assert greedy(runner_of(1), PROMPT, 40, proposer)[1] < 38


def test_a_draft_that_is_the_model_itself_saves_four_passes_of_five():
    draft = DraftModel(runner_of(1), PassTimes(), num_token_ids=259)
    answer, num_passes = greedy(runner_of(1), PROMPT, 40, draft.sequence())
    assert (answer, num_passes) == (greedy(runner_of(1), PROMPT, 40)[0], 8)


def test_a_draft_gives_its_blocks_back_and_guesses_nothing_when_there_are_none():
    draft = DraftModel(runner_of(1), PassTimes(), num_token_ids=259)
    first, second = draft.sequence(), draft.sequence()
    num_blocks = len(draft.free_blocks)
    assert first.propose(PROMPT, 4)
    draft.free_blocks, held = [], draft.free_blocks
    assert second.propose(PROMPT, 4) == []
    draft.free_blocks = held
    first.release()
    assert len(draft.free_blocks) == num_blocks
    assert second.propose(PROMPT, 4)


def test_a_draft_stops_guessing_at_its_longest_sequence():
    draft = DraftModel(runner_of(1), PassTimes(), num_token_ids=259)
    max_len = draft.runner.max_len
    assert len(draft.sequence().propose([7] * (max_len - 1), 4)) == 2
    assert draft.sequence().propose([7] * (max_len + 1), 4) == []


def test_a_draft_guesses_only_ids_that_are_tokens():
    draft = DraftModel(runner_of(1), PassTimes(), num_token_ids=3)
    assert set(draft.sequence().propose(PROMPT, 4)) <= {0, 1, 2}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 3), st.integers(0, 3), st.integers(1, 6))
def test_the_index_finds_what_a_scan_of_the_whole_sequence_finds(tokens, min_match, more, limit):
    config = PromptLookupConfig(min_match=min_match, max_match=min_match + more)
    proposer = PromptLookup(PassTimes(), config)
    for end in range(1, len(tokens) + 1):
        place = scanned(tokens[:end], config)
        expected = [] if place is None else copied(tokens[:end], place, limit)
        proposed = proposer.propose(tokens[:end], limit)
        assert proposed in (expected, [])  # now and then a step goes without a guess on purpose
        if expected and end < 60:
            assert proposed


def scanned(tokens: list[int], config: PromptLookupConfig) -> int | None:
    for length in range(config.max_match, config.min_match - 1, -1):
        for end in range(len(tokens) - 1, length - 1, -1):
            if tokens[end - length : end] == tokens[len(tokens) - length :]:
                return end
    return None


def test_a_copy_that_reaches_the_end_goes_on_with_itself():
    assert copied([1, 2, 3, 1, 2, 3], 3, 7) == [1, 2, 3, 1, 2, 3, 1]


def test_the_newest_of_equal_matches_and_the_longest_of_all_wins():
    tokens = [1, 2, 3, 10, 2, 3, 11, 2, 3, 12, 1, 2, 3]
    assert PromptLookup(PassTimes()).propose(tokens, 1) == [10]
    assert PromptLookup(PassTimes(), PromptLookupConfig(max_match=2)).propose(tokens, 1) == [12]


def test_without_acceptance_guessing_stops_but_for_a_try_now_and_then():
    proposer = PromptLookup(times(rows_1=1.0, rows_9=2.0))
    assert proposer.pays()
    tried = []
    for step in range(400):
        guesses = proposer.propose([1, 2] * 10, 8)
        proposer.observe(len(guesses), 0)
        tried += [step] * bool(guesses)
    assert not proposer.pays()
    assert 0 < sum(step >= 50 for step in tried) <= 6


def test_guessing_starts_again_when_tries_succeed():
    payoff = Payoff(times(rows_1=1.0, rows_9=2.0))
    payoff.observe(100, 0)
    for _ in range(40):
        payoff.observe(1, 0)
    assert payoff.best_length(8) == 0
    lengths = [payoff.next_length(8) for _ in range(16)]
    assert lengths == [0] * 15 + [2]
    for _ in range(10):
        payoff.observe(2, 2)
    assert payoff.best_length(8) > 0


@pytest.mark.parametrize("length", [1, 2, 4, 8])
@pytest.mark.parametrize("right_of_ten", [1, 5, 9])
def test_the_gain_is_that_of_the_paper(length, right_of_ten):
    """Theorem 3.8 of arXiv 2211.17192: (1 - a^(k+1)) / ((1 - a)(kc + 1)), with passes that cost the same."""
    payoff = Payoff(times(rows_1=2.0, rows_9=2.0))
    for _ in range(200):
        payoff.observe(10, right_of_ten)
        payoff.observe_guess(1, 0.5)
    share, cost = payoff.acceptance, 0.25
    assert share == pytest.approx(right_of_ten / (right_of_ten + 1), abs=1e-6)
    expected = (1 - share ** (length + 1)) / ((1 - share) * (length * cost + 1))
    assert payoff.gain(length) == pytest.approx(expected)


def test_in_a_crowd_a_guess_must_pay_for_the_time_of_all():
    known = times(rows_1=1.0, rows_2=1.5, rows_16=8.0, rows_17=8.5)
    payoff = Payoff(known)
    payoff.observe(1, 1)
    alone = payoff.gain(1)
    known.num_sequences = 16
    assert payoff.gain(1) == pytest.approx((15 + 1 + payoff.acceptance) / 16 * 8.0 / 8.5)
    assert alone == pytest.approx((1 + payoff.acceptance) / 1.5)


def test_the_most_profitable_length_grows_with_acceptance():
    payoff = Payoff(times(rows_1=1.0, rows_9=2.6))
    lengths = []
    for _ in range(30):
        lengths.append(payoff.best_length(8))
        payoff.observe(8, 8)
    assert lengths[0] < lengths[-1] == 8


def test_a_pass_held_up_by_a_busy_machine_hardly_changes_what_passes_cost():
    known = times(rows_1=1.0)
    known.observe(1, 100.0)
    assert known.seconds(1) < 6
    known.observe(1, 0.9)
    assert known.seconds(1) == pytest.approx(0.9)


@given(st.dictionaries(st.integers(1, 40), st.floats(0.01, 10), min_size=1), st.integers(1, 50))
def test_times_between_measured_sizes_lie_on_a_line(measured, num_rows):
    known = PassTimes()
    for rows, seconds in measured.items():
        known.observe(rows, seconds)
    rows = sorted(measured)
    expected = np.interp(num_rows, rows, [measured[size] for size in rows])
    assert known.seconds(num_rows) == pytest.approx(expected)


def test_a_match_of_no_tokens_is_refused():
    with pytest.raises(ConfigError, match="min_match is 0"):
        PromptLookupConfig(min_match=0)
