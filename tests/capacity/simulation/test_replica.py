"""The step simulation against queueing theory, and its scheduler's rules on cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from zaphod.capacity.simulation.arrivals import gamma_times
from zaphod.capacity.simulation.lengths import Lengths, lognormal
from zaphod.capacity.simulation.queueing import little, md1, mm1, mm1_sojourn_quantile, mm1k, mmc
from zaphod.capacity.simulation.replica import simulate_replicas
from zaphod.capacity.simulation.requests import Served, Sessions
from zaphod.capacity.simulation.serving import LinearCost, Serving
from zaphod.core.errors import ConfigError

SERVICE_STEPS = 100


def serving(**changes: object) -> Serving:
    rest: dict[str, object] = {"cost": LinearCost(fixed_s=1.0), "kv_tokens": 1 << 20, "max_sequences": 8}
    return Serving(**(rest | {"max_batched_tokens": 64} | changes))  # type: ignore[arg-type]


def one_at_a_time(slots: int = 1) -> Serving:
    """Each sequence gets one token a step; a step is so short that time is nearly continuous."""
    return serving(cost=LinearCost(fixed_s=1 / SERVICE_STEPS), max_sequences=slots)


def geometric() -> Lengths:
    """Answers whose length has no memory, of a second on average."""
    output = np.random.default_rng(0).geometric(1 / SERVICE_STEPS, 1 << 17)
    return Lengths(prompt=np.ones_like(output), output=output)


def pairs(*rows: tuple[int, int]) -> Lengths:
    prompt, output = np.array(rows).T
    return Lengths(prompt=prompt, output=output)


def run(engine: Serving, lengths: Lengths, rate: float, duration_s: float, **options: object) -> Served:
    arrivals = gamma_times(np.random.default_rng(7), rate, duration_s)
    return simulate_replicas(engine, lengths, arrivals, **options)  # type: ignore[arg-type]


def test_one_sequence_at_a_time_with_answers_without_memory_is_mm1() -> None:
    served, exact = run(one_at_a_time(), geometric(), 0.6, 60_000), mm1(0.6, 1.0)
    # 36,000 customers whose sojourns are alike for some ten of them: 3 % is two and a half standard errors.
    assert served.e2e_s.mean() == pytest.approx(exact.sojourn_s, rel=0.05)
    assert np.quantile(served.e2e_s, 0.95) == pytest.approx(mm1_sojourn_quantile(0.6, 1.0, 0.95), rel=0.06)
    assert served.busy_s[0] / 60_000 == pytest.approx(exact.utilisation, rel=0.03)


def test_one_sequence_at_a_time_with_answers_of_one_length_is_md1() -> None:
    served, exact = run(one_at_a_time(), pairs((1, SERVICE_STEPS)), 0.7, 40_000), md1(0.7, 1.0)
    assert served.e2e_s.mean() == pytest.approx(exact.sojourn_s, rel=0.03)
    # The first token of a request that waits for nobody comes after one step.
    assert served.ttft_s.mean() - 1 / SERVICE_STEPS == pytest.approx(exact.wait_s, rel=0.05)


def test_four_sequences_at_a_time_are_four_servers() -> None:
    served, exact = run(one_at_a_time(4), geometric(), 3.0, 15_000), mmc(3.0, 1.0, 4)
    assert served.e2e_s.mean() == pytest.approx(exact.sojourn_s, rel=0.05)


def test_steps_that_slow_down_with_the_batch_are_a_queue_with_rates_by_state() -> None:
    engine = serving(cost=LinearCost(fixed_s=0.002, sequence_s=0.0005), max_sequences=16)
    served = run(engine, geometric(), 3.0, 8_000)
    rates = [min(n, 16) / (SERVICE_STEPS * (0.002 + 0.0005 * min(n, 16))) for n in range(1, 600)]
    assert served.e2e_s.mean() == pytest.approx(mm1k(3.0, rates).sojourn_s, rel=0.06)


@pytest.mark.parametrize("router", ["random", "two_choices", "least_loaded"])
def test_littles_law_holds_whatever_the_scheduler_does(router: str) -> None:
    engine = serving(cost=LinearCost(fixed_s=0.01, sequence_s=0.001, prefill_token_s=0.0002), max_batched_tokens=128)
    served = run(engine, lognormal(60, 40), 20.0, 1000, num_replicas=3, router=router)
    clock = np.linspace(100, 900, 4001)
    there = np.searchsorted(served.arrival_s, clock) - np.searchsorted(np.sort(served.end_s), clock)
    middle = served.between(100, 900)
    assert there.mean() == pytest.approx(little(len(middle.arrival_s) / 800, middle.e2e_s.mean()), rel=0.02)


def test_a_prompt_longer_than_a_step_is_read_in_pieces() -> None:
    served = simulate_replicas(serving(), pairs((150, 2)), np.array([0.0]))
    assert served.ttft_s[0] == 3  # 64 + 64 + 22
    assert served.e2e_s[0] == 4


def test_sequences_that_decode_come_first_and_prompts_take_what_is_left() -> None:
    engine = serving(max_batched_tokens=10, max_sequences=8)
    served = simulate_replicas(engine, pairs((10, 50)), np.array([0.0, 0.5]))
    assert served.ttft_s[0] == 1
    # One token of each step is the first request's: 9 of 10 prompt tokens in the second step, 1 in the third.
    assert served.first_s[1] == 3


def test_a_request_that_comes_in_the_middle_of_a_step_waits_for_its_end() -> None:
    served = simulate_replicas(serving(), pairs((1, 5)), np.array([0.0, 1.25]))
    assert served.first_s[1] == 3


def test_no_more_sequences_than_allowed_are_served_at_once() -> None:
    served = simulate_replicas(serving(max_sequences=2), pairs((1, 4)), np.array([0.0, 0.5, 0.6]))
    assert served.end_s.tolist() == [4, 5, 8]


def test_without_blocks_for_its_prompt_a_request_waits() -> None:
    engine = serving(kv_tokens=96, block_tokens=16)
    served = simulate_replicas(engine, pairs((48, 3)), np.zeros(2))
    assert served.first_s.tolist() == [1, 4]


def test_when_blocks_run_out_the_last_request_gives_its_own_back_and_loses_no_token() -> None:
    engine = serving(kv_tokens=128, block_tokens=16)
    served = simulate_replicas(engine, pairs((32, 60)), np.zeros(2))
    assert served.num_preempted == 1
    # Step 33 has no ninth block. The second has 32 tokens by then; they and its prompt are read again in step 60,
    # which makes the 33rd, and 27 more steps follow.
    assert served.end_s.tolist() == [60, 88]
    assert served.first_s.tolist() == [1, 2]


def test_blocks_are_never_lost() -> None:
    engine = serving(cost=LinearCost(fixed_s=0.01), kv_tokens=512, max_sequences=16)
    served = run(engine, pairs((40, 30), (90, 60), (20, 5)), 5.0, 400)
    assert served.num_preempted > 10
    again = run(engine, pairs((400, 80)), 0.2, 50)  # needs nearly all of them
    assert not np.isnan(served.end_s).any()
    assert not np.isnan(again.end_s).any()


def test_a_common_beginning_is_not_computed_again() -> None:
    served = simulate_replicas(serving(), pairs((128, 1)), np.array([0.0]), cached_share=0.5)
    assert served.ttft_s[0] == 1


def test_a_sessions_next_turn_finds_its_history_where_it_was_served() -> None:
    turns = Sessions(count=1, history_share=0.5)
    served = simulate_replicas(serving(), pairs((128, 4)), np.array([0.0, 50.0]), sessions=turns)
    assert served.ttft_s.tolist() == [2, 1]


def test_history_that_was_evicted_is_computed_again() -> None:
    turns = Sessions(count=50, history_share=0.9)
    rare = run(serving(kv_tokens=4096), pairs((512, 4)), 0.02, 40_000, sessions=turns).ttft_s.mean()
    kept = run(serving(kv_tokens=1 << 20), pairs((512, 4)), 0.02, 40_000, sessions=turns).ttft_s.mean()
    none = run(serving(kv_tokens=1 << 20), pairs((512, 4)), 0.02, 40_000).ttft_s.mean()
    assert kept < 0.3 * none
    assert rare > 0.8 * none


def test_a_request_that_never_fits_is_refused() -> None:
    with pytest.raises(ConfigError, match="holds 96"):
        simulate_replicas(serving(kv_tokens=96), pairs((128, 1)), np.zeros(1))


def test_the_same_seed_gives_the_same_result() -> None:
    first, second = (run(serving(), lognormal(30, 20), 0.05, 3000, num_replicas=2, seed=5) for _ in range(2))
    assert first.end_s.tolist() == second.end_s.tolist()
