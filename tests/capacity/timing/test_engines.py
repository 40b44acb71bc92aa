from __future__ import annotations

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator, accelerators
from zaphod.capacity.timing.engines import calibration, engine_name, kind_of
from zaphod.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("vLLM 0.10.0 ROCm", "vllm"),
        ("SGLang 0.5.9 (InferenceX)", "sglang"),
        ("TensorRT-LLM 1.0, request rate inf", "tensorrt-llm"),
        ("TRTLLM", "tensorrt-llm"),
        ("gpt-fast + torch.compile", "gpt-fast"),
        ("llama.cpp", "llama.cpp"),
        ("Ollama", "llama.cpp"),
        ("DeepSeek production, PD split", "deepseek"),
    ],
)
def test_free_text_names_an_engine(text: str, name: str) -> None:
    assert engine_name(text) == name


def test_an_unknown_engine_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ConfigError, match="sglang"):
        engine_name("an abacus")


def test_shares_of_peaks_are_shares() -> None:
    for row in calibration().engines:
        shares = (row.weight_efficiency, row.expert_efficiency, row.kv_efficiency, row.compute_efficiency)
        assert all(0 < share <= 1 for share in (*shares, row.link_efficiency)), row
        assert row.fitted_on


def test_every_accelerator_has_constants_for_every_engine() -> None:
    names = {row.engine for row in calibration().engines}
    for device in accelerators().values():
        for name in names:
            constants, error = calibration().constants_for(name, device)
            assert (error == 0) == (constants.engine == name and constants.vendor == kind_of(device))


@pytest.mark.parametrize(
    ("name", "kind"), [("h100", "nvidia"), ("mi300x", "amd"), ("epyc-9654", "processor"), ("m2-ultra", "apple")]
)
def test_processors_are_told_from_accelerators_of_the_same_vendor(name: str, kind: str) -> None:
    assert kind_of(accelerator(name)) == kind
