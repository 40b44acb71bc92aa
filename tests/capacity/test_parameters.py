"""Counts against Grok-1's published tree and the closed formulas."""

import dataclasses
import math

import pytest

from zaphod.capacity.parameters import (
    PRECISIONS,
    active_weight_bytes,
    count_parameters,
    kv_bytes_per_token,
    kv_tokens_kept,
    weight_bytes,
)
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.shapes import parameter_shapes

GROK1 = ModelConfig(
    family="grok-1",
    vocab_size=131072,
    hidden_size=6144,
    num_layers=64,
    num_heads=48,
    num_kv_heads=8,
    head_dim=128,
    context_length=8192,
    moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2), expert_size=32768),
    norms="sandwich",
    tie_embeddings=True,
)


def test_grok1_has_the_parameters_of_the_official_tree():
    counts = count_parameters(GROK1)
    assert counts.total == 315_684_820_992
    assert counts.active == 83_756_587_008


def test_the_parts_of_grok1_are_those_of_its_layers():
    parts = {part.part: part.total for part in count_parameters(GROK1).parts}
    assert parts == {
        "embedding": 805_306_368,
        "attention": 64 * 88_080_384,
        "experts": 64 * 4_831_838_208,
        "routers": 64 * 49_152,
        "norms": 64 * 24_576 + 6144,
    }


@pytest.mark.parametrize("top_k", [1, 2, 4, 8])
def test_active_parameters_count_only_the_chosen_experts(top_k):
    router = dataclasses.replace(GROK1.moe.router, top_k=top_k)
    config = dataclasses.replace(GROK1, moe=dataclasses.replace(GROK1.moe, router=router))
    counts = count_parameters(config)
    assert counts.active == counts.total - (8 - top_k) * 64 * 603_979_776


def test_a_dense_model_is_all_active():
    config = dataclasses.replace(GROK1, moe=None, dense_size=1024)
    counts = count_parameters(config)
    assert counts.active == counts.total == sum(math.prod(shape) for shape in parameter_shapes(config).values())


def test_the_cache_of_grok1_takes_a_quarter_megabyte_a_token():
    assert kv_bytes_per_token(GROK1) == 262_144
    assert kv_bytes_per_token(GROK1, bytes_per_value=1) == 131_072


def test_a_sliding_window_bounds_the_tokens_kept():
    assert kv_tokens_kept(GROK1, 5000) == 5000
    assert kv_tokens_kept(dataclasses.replace(GROK1, sliding_window=4096), 5000) == 4096


def test_bytes_keep_norms_and_routers_in_float32():
    assert weight_bytes(GROK1, "float32") == 4 * 315_684_820_992
    small = 64 * (24_576 + 49_152) + 6144
    assert weight_bytes(GROK1, "bfloat16") == 2 * (315_684_820_992 - small) + 4 * small


def test_four_bits_keep_the_embedding_in_eight():
    small, embedding = 64 * (24_576 + 49_152) + 6144, 805_306_368
    matrices = 315_684_820_992 - small - embedding
    assert weight_bytes(GROK1, "int4") == matrices * 4.5 / 8 + embedding * 8.5 / 8 + 4 * small


def test_a_token_reads_its_active_weights():
    assert active_weight_bytes(GROK1, "q8_0") == 83_756_587_008 * 8.5 / 8


def test_an_unknown_precision_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="q4_0"):
        weight_bytes(GROK1, "int3")


def test_every_precision_says_where_its_size_comes_from():
    assert all(precision.source for precision in PRECISIONS.values())
