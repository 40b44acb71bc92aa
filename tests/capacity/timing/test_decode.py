from __future__ import annotations

import dataclasses

import pytest
from tests.capacity.timing.replicas import replica

from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.inference import kv_bytes_per_token
from zaphod.capacity.memory.precisions import weight_bytes
from zaphod.capacity.timing.decode import decode_parts, decode_step
from zaphod.core.errors import ConfigError

LLAMA = replica("llama-3.1-70b", "h100", Layout(tensor=4))
GROK = replica("grok-1", "h100", Layout(tensor=8), "fp8", "sglang")


@pytest.mark.parametrize(("batch", "measured_s"), [(8, 0.01657), (64, 0.02243)])
def test_llama_70b_on_four_h100_is_as_measured(batch: int, measured_s: float) -> None:
    # ML.ENERGY v3, vLLM: rows en-llama70b-bf16-h100x4-b8 and itl-llama70b-bf16-h100x4-b64.
    step = decode_step(LLAMA, batch=batch, context=500)
    assert step.low < measured_s < step.high
    assert step.value == pytest.approx(measured_s, rel=0.12)


def test_one_stream_reads_all_weights_but_the_embedding_and_its_own_cache() -> None:
    parts = decode_parts(LLAMA, batch=1, context=1000)
    weights = weight_bytes(LLAMA.shape, "bf16") - 2 * LLAMA.shape.embedding_parameters
    cache = 1000 * kv_bytes_per_token(LLAMA.shape, "bf16")
    assert 4 * parts.touched_bytes == pytest.approx(weights + cache, rel=0.001)


def test_operations_of_a_step_are_two_for_each_active_weight_and_token() -> None:
    parts = decode_parts(LLAMA, batch=32, context=0)
    assert 4 * parts.flops == pytest.approx(2 * 32 * LLAMA.shape.active_parameters, rel=0.01)


def test_eight_streams_of_grok_1_take_about_three_times_one() -> None:
    # docs/planning.md 2.6: 8, 24 and 30 ms at 1, 8 and 64 streams, a prediction that is expected to be within 30 %.
    steps = [decode_step(GROK, batch=batch, context=1500).value for batch in (1, 8, 64)]
    assert steps == [pytest.approx(expected, rel=0.3) for expected in (0.008, 0.024, 0.030)]


def test_no_step_is_faster_than_the_memory_allows() -> None:
    for each in (LLAMA, GROK, replica("llama-3-8b", "rtx-4090", engine="llama.cpp", precision="q4_k_m")):
        for batch in (1, 16, 256):
            parts = decode_parts(each, batch=batch, context=2000)
            assert parts.seconds > parts.touched_bytes / each.accelerator.bandwidth


def test_more_streams_and_longer_ones_take_longer() -> None:
    steps = [decode_parts(GROK, batch=batch, context=1000).seconds for batch in (1, 2, 8, 64, 1024)]
    assert steps == sorted(set(steps))
    assert decode_parts(GROK, batch=8, context=8000).seconds > decode_parts(GROK, batch=8, context=1000).seconds


def test_latent_attention_keeps_a_copy_on_every_device_of_tensor_parallelism() -> None:
    alone = replica("deepseek-v3", "h200", Layout(tensor=8), "fp8", "sglang")
    spread = dataclasses.replace(alone, layout=Layout(data=8, expert=8))
    step = [decode_parts(each, batch=64, context=4000).touched_bytes for each in (alone, spread)]
    without = [decode_parts(each, batch=64, context=0).touched_bytes for each in (alone, spread)]
    cache = 64 * 4000 * kv_bytes_per_token(alone.shape, "bf16")
    assert step[0] - without[0] == pytest.approx(cache)
    assert step[1] - without[1] == pytest.approx(cache / 8)


def test_a_window_bounds_what_is_read() -> None:
    windowed = replica("gpt-oss-120b", "h100", Layout(tensor=2), "mxfp4")
    reads = [decode_parts(windowed, batch=1, context=context).touched_bytes for context in (10_000, 20_000)]
    halves = windowed.shape.kv_values_at(20_000) - windowed.shape.kv_values_at(10_000)
    assert reads[1] - reads[0] == pytest.approx(halves * 2 / 2)
    assert halves == pytest.approx(10_000 * windowed.shape.kv_values_per_token() / 2)


def test_a_pipeline_serves_its_micro_batches_in_the_time_of_one() -> None:
    two = dataclasses.replace(LLAMA, layout=Layout(tensor=4, pipeline=2))
    assert decode_parts(two, batch=64, context=500).seconds == pytest.approx(
        decode_parts(LLAMA, batch=32, context=500).seconds, rel=0.01
    )


def test_what_was_not_measured_has_a_wider_interval() -> None:
    near, far = LLAMA, dataclasses.replace(LLAMA, precision="int4")
    widths = [step.high / step.value for step in (decode_step(each, batch=8, context=500) for each in (near, far))]
    assert widths[0] < widths[1]


@pytest.mark.parametrize(("batch", "context"), [(0, 100), (1, -1)])
def test_impossible_batches_are_refused(batch: int, context: int) -> None:
    with pytest.raises(ConfigError):
        decode_step(LLAMA, batch=batch, context=context)
