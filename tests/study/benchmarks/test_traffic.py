"""Bytes and operations of a run, against counts made another way."""

import pytest

from zaphod.capacity.parameters import count_parameters, kv_bytes_per_token
from zaphod.engine.throughput import Work
from zaphod.study.benchmarks.random_files import random_config
from zaphod.study.benchmarks.traffic import as_dense, distinct_experts, traffic_of

GROK, QWEN = random_config("grok", "0.3B"), random_config("qwen3moe", "0.3B")


def test_one_token_reads_its_active_parameters():
    read = traffic_of(Work(generate=1), GROK, as_dense(GROK, 2)).read_bytes
    assert read == pytest.approx(2 * count_parameters(GROK).active)


def test_an_embedding_that_is_no_head_is_read_row_by_row():
    read = traffic_of(Work(generate=1), QWEN, as_dense(QWEN, 2)).read_bytes
    embedding = QWEN.vocab_size * QWEN.hidden_size
    assert read == pytest.approx(2 * (count_parameters(QWEN).active - embedding + QWEN.hidden_size))


def test_depth_adds_the_keys_and_values_of_the_tokens_before():
    shallow, deep = (traffic_of(Work(generate=1, depth=depth), GROK, as_dense(GROK, 2)) for depth in (0, 1000))
    assert deep.read_bytes - shallow.read_bytes == 1000 * kv_bytes_per_token(GROK)


def test_several_sequences_share_weights_but_visit_more_experts():
    one, sixteen = (traffic_of(Work(generate=1, batch=batch), GROK, as_dense(GROK, 2)) for batch in (1, 16))
    assert one.read_bytes < sixteen.read_bytes < 2 * count_parameters(GROK).total
    assert sixteen.operations == pytest.approx(16 * one.operations)


def test_one_token_visits_its_top_k_and_many_visit_all():
    assert distinct_experts(QWEN, 1) == pytest.approx(8)
    assert distinct_experts(QWEN, 2) == pytest.approx(16 - 8 * 8 / 128)
    assert distinct_experts(QWEN, 512) == pytest.approx(128)


def test_a_prompt_computes_two_operations_a_parameter_and_token_and_the_head_once():
    head = GROK.vocab_size * GROK.hidden_size
    operations = traffic_of(Work(prompt=10), GROK, as_dense(GROK, 2)).operations
    attention = 4 * GROK.num_layers * GROK.num_heads * GROK.head_dim * sum(range(1, 11))
    norms = 2 * 10 * (4 * GROK.num_layers + 1) * GROK.hidden_size
    assert operations == pytest.approx(20 * (count_parameters(GROK).active - head) + 2 * head + attention, abs=norms)
