import dataclasses

from zaphod.model.compatibility import as_computed_by
from zaphod.model.families import preset


def test_llama_cpp_renormalises_grok_1_and_nothing_else() -> None:
    config = preset("grok-1").config
    theirs = as_computed_by(config, "llama.cpp")
    assert theirs.moe is not None
    assert theirs.moe.router.renormalise
    undone = dataclasses.replace(theirs.moe.router, renormalise=False)
    assert dataclasses.replace(theirs, moe=dataclasses.replace(theirs.moe, router=undone)) == config


def test_llama_cpp_computes_grok_2_with_other_mathematics() -> None:
    theirs = as_computed_by(preset("grok-2").config, "llama.cpp")
    assert theirs.moe is not None
    assert theirs.moe.router.logit_softcap is None
    assert theirs.attention_temperature_length is None
    assert theirs.activation == "gelu_tanh"
    assert theirs.yarn is not None
    assert (theirs.yarn.factor, theirs.yarn.original_context_length) == (16.0, 8192)


def test_other_families_are_left_alone() -> None:
    config = preset("mixtral-8x7b").config
    assert as_computed_by(config, "llama.cpp") == config
