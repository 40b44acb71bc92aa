from __future__ import annotations

import dataclasses

import pytest
from tests.capacity.timing.replicas import replica

from zaphod.capacity.layout import Layout
from zaphod.capacity.timing.prefill import prefill_time
from zaphod.core.errors import ConfigError

LLAMA = replica("llama-3.1-70b", "h100", Layout(tensor=4))


def test_prompts_of_deepseek_v3_on_mi300x_are_as_measured() -> None:
    # https://github.com/sgl-project/sglang/pull/4053: 64 prompts of 2048 tokens in 8.126 s.
    server = replica("deepseek-v3", "mi300x", Layout(tensor=8), "fp8", "sglang")
    assert prefill_time(server, prompt_tokens=2048, batch=64).value == pytest.approx(8.126, rel=0.2)


def test_a_thousand_tokens_of_grok_1_take_less_than_a_tenth_of_what_the_seeds_claim() -> None:
    # docs/planning.md, claim 30: 0.05 to 0.09 s on 4 H100, not 10 to 20 s.
    server = replica("grok-1", "h100", Layout(tensor=4), "int8", "sglang")
    assert 0.03 < prefill_time(server, prompt_tokens=1000).value < 0.25


def test_no_prompt_is_read_faster_than_the_peak_allows() -> None:
    for length in (100, 1000, 30_000):
        flops = LLAMA.shape.forward_flops(length, length / 2) - 2 * (length - 1) * LLAMA.shape.embedding_parameters
        assert prefill_time(LLAMA, prompt_tokens=length).value > flops / (4 * LLAMA.accelerator.peak("bf16"))


def test_what_is_cached_is_not_read_again() -> None:
    whole, half = (prefill_time(LLAMA, prompt_tokens=8000, cached_tokens=cached).value for cached in (0, 4000))
    assert 0.5 * whole < half < 0.7 * whole


def test_attention_makes_long_prompts_dearer_than_their_length() -> None:
    short, long = (prefill_time(LLAMA, prompt_tokens=length).value / length for length in (16_000, 64_000))
    assert long > 1.2 * short


def test_a_pipeline_reads_pieces_of_a_prompt_side_by_side() -> None:
    stages = dataclasses.replace(LLAMA, layout=Layout(tensor=4, pipeline=4))
    one, four = (prefill_time(each, prompt_tokens=65_536).value for each in (LLAMA, stages))
    # 8 pieces pass 4 stages in 11 steps of a quarter each.
    assert four == pytest.approx(one * 11 / 8 / 4, rel=0.02)


@pytest.mark.parametrize(("prompt", "batch", "cached"), [(0, 1, 0), (10, 0, 0), (10, 1, 10), (10, 1, -1)])
def test_impossible_prompts_are_refused(prompt: int, batch: int, cached: int) -> None:
    with pytest.raises(ConfigError):
        prefill_time(LLAMA, prompt_tokens=prompt, batch=batch, cached_tokens=cached)
