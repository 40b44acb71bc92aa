"""Every byte has a place before anything is read, or the model is refused with numbers."""

import dataclasses

import pytest
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny

from zaphod.compute.kernels import dispatch
from zaphod.core.errors import CapacityError
from zaphod.engine.memory_plan import MemoryNeeds, memory_needs, plan_memory
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model

MB = 1_000_000

NEEDS = MemoryNeeds(
    context_length=8192,
    resident_bytes=100 * MB,
    expert_bytes=1600 * MB,
    num_experts=160,
    slot_bytes=10 * MB,
    experts_per_token=40,
    block_bytes=1 * MB,
    scratch_bytes=20 * MB,
    can_stream=True,
    mapped_bytes=0,
    smaller_bytes={"int8": 900 * MB, "int4": 500 * MB},
    overhead_bytes=30 * MB,
)


def test_a_model_that_fits_is_held_whole_with_half_of_the_rest_for_keys_and_values():
    plan = plan_memory(NEEDS, limit_bytes=2000 * MB)
    assert (plan.verdict, plan.resident_bytes, plan.num_slots) == ("fits", 1700 * MB, 0)
    assert plan.num_blocks == 125
    assert plan.context_tokens == 4000


def test_no_more_keys_and_values_are_kept_than_the_model_can_use():
    assert plan_memory(NEEDS, limit_bytes=9000 * MB).context_tokens == 8192


def test_weights_used_in_place_are_counted_as_mapped():
    plan = plan_memory(dataclasses.replace(NEEDS, mapped_bytes=1690 * MB), limit_bytes=2000 * MB)
    assert (plan.resident_bytes, plan.mapped_bytes) == (10 * MB, 1690 * MB)


def test_a_model_that_does_not_fit_keeps_its_experts_on_disk():
    plan = plan_memory(NEEDS, limit_bytes=400 * MB, context_tokens=320)
    assert (plan.verdict, plan.num_slots, plan.streamed_bytes) == ("streams", 24, 1600 * MB)
    assert plan.cached_share == 24 / 160


@pytest.mark.parametrize("limit_mb", range(178, 3000, 97))
def test_a_plan_never_takes_more_than_there_is(limit_mb):
    assert plan_memory(NEEDS, limit_bytes=limit_mb * MB).total_bytes <= limit_mb * MB


def test_a_stated_cache_is_kept_to():
    plan = plan_memory(NEEDS, limit_bytes=9000 * MB, expert_cache_bytes=55 * MB)
    assert (plan.verdict, plan.num_slots, plan.expert_cache_bytes) == ("streams", 5, 50 * MB)


def test_a_file_whose_experts_cannot_stay_on_disk_is_refused_with_what_would_help():
    with pytest.raises(CapacityError) as refused:
        plan_memory(dataclasses.replace(NEEDS, can_stream=False), limit_bytes=600 * MB)
    assert "1.76 GB" in refused.value.found
    assert "600.0 MB" in refused.value.found
    assert "int4" in refused.value.remedy
    assert "zaphod convert" in refused.value.remedy


def test_a_context_that_is_too_long_is_refused_with_the_longest_that_fits():
    with pytest.raises(CapacityError, match="at most 960 tokens"):
        plan_memory(NEEDS, limit_bytes=200 * MB, context_tokens=8192)
    assert plan_memory(NEEDS, limit_bytes=200 * MB, context_tokens=960).total_bytes <= 200 * MB


def test_a_stated_cache_that_is_too_large_is_refused_with_one_that_fits():
    with pytest.raises(CapacityError, match=r"from 20.0 MB to 150.0 MB"):
        plan_memory(NEEDS, limit_bytes=310 * MB, context_tokens=320, expert_cache_bytes=500 * MB)


def test_too_little_for_any_useful_context_is_refused_unless_it_is_asked_for():
    with pytest.raises(CapacityError, match="at most 224 tokens"):
        plan_memory(NEEDS, limit_bytes=177 * MB)
    assert plan_memory(NEEDS, limit_bytes=177 * MB, context_tokens=224).context_tokens == 224


def test_where_nothing_helps_a_larger_machine_is_named():
    with pytest.raises(CapacityError, match="machine with"):
        plan_memory(NEEDS, limit_bytes=50 * MB)


@pytest.mark.skipif(not dispatch.native_is_available(), reason="native kernels are missing")
@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
def test_needs_are_what_the_runner_takes(family, tmp_path):
    from zaphod.engine.native_runner import NativeRunner, cache_bytes
    from zaphod.model.native import load_native

    with open_tiny(tmp_path, family) as weights:
        needs = memory_needs(weights, num_threads=2)
        runner = NativeRunner(load_native(weights), num_blocks=3, num_threads=2)
        assert needs.block_bytes * 3 == cache_bytes(weights.config, 96)
    assert runner.weight_bytes <= needs.weight_bytes <= 1.1 * runner.weight_bytes
    assert runner.scratch_bytes <= needs.scratch_bytes <= 1.5 * runner.scratch_bytes + 64 * 4096
    assert needs.experts_per_token == 4
    assert needs.num_experts == 8
    assert not needs.can_stream


@pytest.mark.skipif(not dispatch.native_is_available(), reason="native kernels are missing")
def test_experts_of_a_packed_file_can_stay_there(tmp_path):
    from zaphod.engine.streaming import StreamingRunner
    from zaphod.model.native import load_native

    with open_tiny(tmp_path / "source", "grok-1") as source:
        convert(source, "packed", tmp_path / "packed", "q8_0")
    with open_model(tmp_path / "packed") as weights:
        needs = memory_needs(weights)
        runner = StreamingRunner(load_native(weights), expert_cache_bytes=5 * needs.slot_bytes, num_blocks=1)
    assert needs.can_stream
    assert 0 < needs.mapped_bytes <= needs.weight_bytes
    assert runner.num_slots >= 5
    assert (runner.num_experts, runner.experts_per_token) == (needs.num_experts, needs.experts_per_token)
