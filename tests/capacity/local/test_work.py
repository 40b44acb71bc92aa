"""What a pass reads and computes, against counts that others published."""

from __future__ import annotations

import dataclasses

import pytest

from zaphod.capacity.local.work import LocalModel, pass_work
from zaphod.core.errors import ConfigError
from zaphod.engine.throughput import Work
from zaphod.model.families import preset
from zaphod.study.benchmarks.traffic import as_dense, traffic_of

GROK = preset("grok-1").config
MIXTRAL = preset("mixtral-8x7b").config


@pytest.mark.parametrize(("tokens", "share"), [(1, 0.25), (2, 0.44), (4, 0.68), (8, 0.90), (16, 0.99)])
def test_few_tokens_read_few_experts(tokens: int, share: float) -> None:
    """The shares that planning is held against: F7, Grok-1, whose experts are 309.2 B of its parameters."""
    model = LocalModel(config=GROK, precision="bfloat16")
    none = pass_work(model, batch=1, num_new=0, num_before=0, num_logits=0)
    some = pass_work(model, batch=1, num_new=tokens, num_before=0, num_logits=0)
    assert (some.weight_bytes - none.weight_bytes) / 2 / 309.2e9 == pytest.approx(share, abs=0.005)


def test_a_token_reads_the_active_weights() -> None:
    """12.75 B of 46.70 B, as Mixtral's authors count; the embedding is looked up, not read."""
    work = pass_work(LocalModel(config=MIXTRAL, precision="bfloat16"), batch=1, num_new=1, num_before=0, num_logits=1)
    assert work.weight_bytes / 2 == pytest.approx(12.75e9, rel=0.01)
    assert pass_work(
        LocalModel(config=MIXTRAL, precision="bfloat16"), batch=64, num_new=1, num_before=0, num_logits=64
    ).weight_bytes / 2 == pytest.approx(46.57e9, rel=0.01)


def test_eight_bits_take_eight_and_a_half() -> None:
    one, other = (
        pass_work(LocalModel(config=MIXTRAL, precision=name), batch=1, num_new=1, num_before=0, num_logits=1)
        for name in ("bfloat16", "int8")
    )
    assert other.weight_bytes / one.weight_bytes == pytest.approx(8.5 / 16, rel=1e-3)


def test_keys_and_values_are_those_of_each_sequence() -> None:
    """Grok-1: 256 KiB a token in 16 bits."""
    work = pass_work(LocalModel(config=GROK), batch=3, num_new=1, num_before=99, num_logits=3)
    assert work.kv_bytes == 3 * 100 * 262_144


def test_a_prompt_without_logits_leaves_the_head_alone() -> None:
    model = LocalModel(config=MIXTRAL, precision="bfloat16")
    first, last = (pass_work(model, batch=1, num_new=512, num_before=0, num_logits=number) for number in (0, 1))
    assert last.weight_bytes - first.weight_bytes == pytest.approx(2 * 32_000 * 4096)


def test_it_counts_as_the_benchmarks_count() -> None:
    """Of 4-byte weights nothing is multiplied twice, so the operations are the same, too."""
    config = dataclasses.replace(MIXTRAL, num_layers=2)
    work = pass_work(LocalModel(config=config, precision="float32"), batch=4, num_new=1, num_before=64, num_logits=4)
    counted = traffic_of(Work(generate=1, depth=64, batch=4), config, as_dense(config, 4))
    assert work.weight_bytes == pytest.approx(counted.read_bytes, rel=0.01)
    assert work.operations == pytest.approx(counted.operations, rel=0.01)


def test_a_precision_that_the_engine_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="int8"):
        LocalModel(config=GROK, precision="fp8")
