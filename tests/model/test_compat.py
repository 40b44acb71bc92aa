"""llama.cpp's variant of the mathematics; its logits are tested with Grok-2's."""

import dataclasses

import pytest

from zaphod.core.errors import ConfigError
from zaphod.model.compat import as_llama_cpp
from zaphod.model.config import YarnConfig
from zaphod.model.families import preset


def test_grok_1_only_divides_its_expert_weights_by_their_sum():
    config = preset("grok-1").config
    router = dataclasses.replace(config.moe.router, renormalise=True)
    assert as_llama_cpp(config) == dataclasses.replace(config, moe=dataclasses.replace(config.moe, router=router))


def test_grok_2_differs_in_five_ways():
    config = as_llama_cpp(preset("grok-2").config)
    assert config.moe.router.renormalise
    assert config.moe.router.logit_softcap is None
    assert config.attention_temperature_length is None
    assert config.activation == "gelu_tanh"
    assert config.yarn == YarnConfig(factor=16.0, original_context_length=8192, beta_fast=8.0, beta_slow=1.0)


@pytest.mark.parametrize("name", ["mixtral-8x7b", "olmoe-1b-7b", "granite-3.1-1b-a400m"])
def test_other_families_are_computed_alike(name):
    assert as_llama_cpp(preset(name).config) == preset(name).config


def test_a_grok_2_with_yarn_of_its_own_is_refused():
    yarn = YarnConfig(factor=2.0, original_context_length=8192)
    with pytest.raises(ConfigError, match="YaRN"):
        as_llama_cpp(dataclasses.replace(preset("grok-2").config, yarn=yarn))
