from __future__ import annotations

import pytest
from tests.capacity.timing.replicas import replica

from zaphod.capacity.layout import Layout
from zaphod.capacity.timing.closed_loop import Loop, closed_loop
from zaphod.capacity.timing.decode import decode_step
from zaphod.core.errors import CapacityError, ConfigError

LLAMA = replica("llama-3.1-70b", "h100", Layout(tensor=2), "fp8")
DEEPSEEK = replica("deepseek-r1", "h200", Layout(tensor=8), "fp8", "sglang")


def loop(concurrency: int, prompt: int = 1024, output: int = 1024) -> Loop:
    return closed_loop(LLAMA, concurrency=concurrency, prompt_tokens=prompt, output_tokens=output)


@pytest.mark.parametrize(
    ("concurrency", "measured_ms"), [(4, 17.41), (8, 18.22), (16, 19.74), (32, 23.54), (64, 28.77)]
)
def test_gaps_of_llama_70b_are_as_measured(concurrency: int, measured_ms: float) -> None:
    # Row tpot-llama70b-fp8-h100x2-c16 and its notes.
    assert 1e3 * loop(concurrency).itl_s.value == pytest.approx(measured_ms, rel=0.12)


@pytest.mark.parametrize(("concurrency", "measured_ms"), [(4, 10.29), (8, 12.47), (16, 16.63), (32, 23.31)])
def test_gaps_of_deepseek_r1_are_as_measured(concurrency: int, measured_ms: float) -> None:
    # Row tpot-dsr1-fp8-h200x8-c16 and its notes.
    found = closed_loop(DEEPSEEK, concurrency=concurrency, prompt_tokens=1024, output_tokens=1024)
    assert 1e3 * found.itl_s.value == pytest.approx(measured_ms, rel=0.12)


@pytest.mark.parametrize("concurrency", [1, 7, 100, 5000])
def test_littles_law_holds(concurrency: int) -> None:
    found = loop(concurrency)
    assert found.requests_per_s.value * found.e2e_s.value == pytest.approx(concurrency, rel=1e-3)


def test_a_single_stream_has_the_gaps_of_a_bare_step() -> None:
    step = decode_step(LLAMA, batch=1, context=1024 + 512)
    assert loop(1).itl_s.value == pytest.approx(step.value)
    assert loop(1).running < 1.001


def test_more_requests_give_more_tokens_and_longer_gaps() -> None:
    found = [loop(concurrency) for concurrency in (1, 4, 16, 64)]
    rates = [each.output_tokens_per_s.value for each in found]
    gaps = [each.itl_s.value for each in found]
    assert rates == sorted(set(rates))
    assert gaps == sorted(set(gaps))


def test_requests_beyond_the_memory_wait_and_add_no_tokens() -> None:
    full, over = loop(2000), loop(4000)
    assert over.output_tokens_per_s.value == pytest.approx(full.output_tokens_per_s.value, rel=1e-3)
    assert over.ttft_s.value > full.ttft_s.value + 10
    assert over.running == pytest.approx(full.running)


def test_cached_prompts_shorten_first_tokens() -> None:
    whole, cached = (
        closed_loop(LLAMA, concurrency=32, prompt_tokens=4000, output_tokens=200, cached_share=share)
        for share in (0.0, 0.9)
    )
    assert cached.ttft_s.value < 0.5 * whole.ttft_s.value
    assert cached.output_tokens_per_s.value > whole.output_tokens_per_s.value


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(CapacityError):
        closed_loop(replica("grok-1", "h100"), concurrency=1, prompt_tokens=10, output_tokens=10)


@pytest.mark.parametrize(("concurrency", "prompt", "output"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_impossible_loads_are_refused(concurrency: int, prompt: int, output: int) -> None:
    with pytest.raises(ConfigError):
        loop(concurrency, prompt, output)
