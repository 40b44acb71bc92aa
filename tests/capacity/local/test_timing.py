"""Times of passes: which cause they have, and which limits they keep."""

from __future__ import annotations

import pytest
from tests.capacity.local.machines import machine

from zaphod.capacity.local.constants import NATIVE
from zaphod.capacity.local.timing import decode_step, pass_time, prefill_time
from zaphod.capacity.local.work import LocalModel, PassWork
from zaphod.core.errors import ConfigError
from zaphod.model.families import preset

MODEL = LocalModel(config=preset("granite-3.1-1b-a400m").config)


def test_what_is_read_costs_its_bytes_over_bandwidth() -> None:
    work = PassWork(num_tokens=0, weight_bytes=10e9, kv_bytes=0, operations=0)
    assert pass_time(machine(), MODEL, work).total_s == pytest.approx(NATIVE.memory_share * 1.0)


def test_a_machine_of_twice_the_bandwidth_halves_what_is_read_and_nothing_else() -> None:
    work = PassWork(num_tokens=4, weight_bytes=1e9, kv_bytes=1e6, operations=1e9)
    slow, fast = (pass_time(machine(bandwidths=((1e6, rate),)), MODEL, work) for rate in (10e9, 20e9))
    assert slow.weights_s == pytest.approx(2 * fast.weights_s)
    assert slow.kv_s == pytest.approx(2 * fast.kv_s)
    assert (slow.compute_s, slow.visits_s) == (fast.compute_s, fast.visits_s)


def test_a_model_in_the_caches_is_read_from_there() -> None:
    work = PassWork(num_tokens=1, weight_bytes=1e6, kv_bytes=0, operations=0)
    here, there = (
        pass_time(machine(cache_bytes=size), MODEL, work) for size in (MODEL.weight_bytes, MODEL.weight_bytes - 1)
    )
    assert here.weights_s < there.weights_s


def test_only_threads_that_are_several_wait_for_each_other() -> None:
    work = PassWork(num_tokens=1, weight_bytes=1e6, kv_bytes=0, operations=0)
    assert pass_time(machine(), MODEL, work).meetings_s == 0
    assert pass_time(machine(num_threads=2), MODEL, work).meetings_s > 0


def test_more_sequences_take_longer_but_not_each_for_itself() -> None:
    one, four = (decode_step(machine(), MODEL, batch=batch, context=64).value for batch in (1, 4))
    assert one < four < 4 * one


def test_a_longer_context_takes_longer() -> None:
    assert (
        decode_step(machine(), MODEL, batch=1, context=4000).value
        > decode_step(machine(), MODEL, batch=1, context=10).value
    )


def test_a_prompt_is_read_in_passes_of_512_tokens() -> None:
    short, long = (prefill_time(machine(), MODEL, prompt_tokens=tokens).value for tokens in (512, 1024))
    assert long > 2 * short  # the second pass looks back at the first


def test_every_time_has_an_interval_and_its_reasons() -> None:
    step = decode_step(machine(), MODEL, batch=1, context=64)
    assert step.low < step.value < step.high
    assert step.basis


@pytest.mark.parametrize("counts", [{"batch": 0, "context": 5}, {"batch": 1, "context": 0}])
def test_counts_below_one_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="1 or more"):
        decode_step(machine(), MODEL, **counts)
