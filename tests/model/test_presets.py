"""Presets against published counts and against the classes of transformers built with the same config.json."""

import math

import pytest
import torch
import transformers

from zaphod.capacity.parameters import count_parameters, kv_bytes_per_token
from zaphod.core.errors import ConfigError
from zaphod.model.families import FAMILIES, PRESETS, preset
from zaphod.model.files.huggingface_export import config_to_huggingface

RELEASED = ["mixtral-8x7b", "mixtral-8x22b", "olmoe-1b-7b", "qwen3-30b-a3b", "qwen3-235b-a22b"]
RELEASED += ["granite-3.1-1b-a400m", "granite-3.1-3b-a800m"]


def test_grok_counts_are_exact():
    grok_1, grok_2 = (count_parameters(preset(name).config) for name in ("grok-1", "grok-2"))
    assert (grok_1.total, grok_1.active) == (315_684_820_992, 83_756_587_008)
    assert grok_2.total == 269_515_497_472
    assert round(grok_2.active / 1e9, 1) == 114.9
    assert kv_bytes_per_token(preset("grok-1").config) == kv_bytes_per_token(preset("grok-2").config) == 262_144


@pytest.mark.parametrize(
    ("name", "total", "active"),
    [
        ("mixtral-8x7b", 46.70, 12.88),
        ("mixtral-8x22b", 140.6, 39.2),
        ("olmoe-1b-7b", 6.92, 1.28),
        ("qwen3-30b-a3b", 30.53, 3.35),
        ("qwen3-235b-a22b", 235.1, 22.2),
        ("granite-3.1-1b-a400m", 1.33, 0.43),
        ("granite-3.1-3b-a800m", 3.30, 0.88),
    ],
)
def test_counts_are_the_published_ones(name, total, active):
    counts = count_parameters(preset(name).config)
    assert counts.total / 1e9 == pytest.approx(total, rel=4e-3)
    assert counts.active / 1e9 == pytest.approx(active, rel=1.2e-2)


@pytest.mark.parametrize("name", RELEASED)
def test_counts_are_those_of_the_class_in_transformers(name):
    config_json = config_to_huggingface(preset(name).config)
    config = transformers.AutoConfig.for_model(**config_json)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    assert count_parameters(preset(name).config).total == sum(p.numel() for p in model.parameters())


def test_grok_2_theta_contains_the_extension_of_the_context():
    exponent = math.log(131072 / (2 * math.pi)) / math.log(8192 / (2 * math.pi))
    assert round(1e6**exponent) == preset("grok-2").config.rope_theta


def test_the_inferred_proposal_lies_within_the_ranges_of_its_source():
    counts = count_parameters(preset("grok-3-inferred").config)
    assert 1e12 < counts.total < 2e12
    assert 100e9 < counts.active < 200e9


def test_proposals_and_only_they_are_marked_and_say_what_they_are():
    proposals = [preset for preset in PRESETS.values() if preset.is_proposal]
    assert [p.name for p in proposals] == ["grok-3-proposed", "grok-3-inferred"]
    assert all("Not an xAI model" in p.note for p in proposals)


def test_every_preset_names_its_source_and_a_known_family():
    assert all(preset.source and preset.config.family in FAMILIES for preset in PRESETS.values())


def test_an_unknown_preset_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean grok-1"):
        preset("grok1")
