"""Rows of measured tables: what they leave open is chosen, and what cannot be answered is refused."""

from __future__ import annotations

import dataclasses

import pytest

from zaphod.capacity.estimate import Estimate, RefusedError
from zaphod.capacity.validation.points import Point
from zaphod.capacity.validation.score import predict
from zaphod.capacity.validation.training import duration, flops_rate, rate, rate_per_device, setting_of, step_seconds
from zaphod.core.errors import ConfigError

NEMO = "https://github.com/NVIDIA/exemplar-performance/blob/1f6d9f4"


def row(**cells: object) -> Point:
    """A row of a measured table; cells that are not given are empty."""
    needed = {"id": "row", "category": "train", "metric": "step_time", "unit": "s", "measured": None}
    return Point(**{**needed, **cells})  # type: ignore[arg-type]


GROK = row(
    model="grok-1",
    hardware="H100-SXM-80GB",
    n_gpus=512,
    precision="bf16",
    tp=4,
    pp=8,
    cp=2,
    ep=8,
    dp=8,
    vpp=8,
    batch=1024,
    seq_len=8192,
    measured=15.933,
    framework="NeMo 25.04 (release 25.05.04)",
    date="2025-09-04",
    source_url=NEMO,
)
LLAMA = dataclasses.replace(GROK, model="Llama-3.1-405B", tp=8, ep=None, dp=4, batch=256, measured=19.81)
DEEPSEEK = dataclasses.replace(
    GROK, model="DeepSeek-V3", tp=2, cp=1, ep=64, dp=32, vpp=1, batch=4096, seq_len=4096, measured=48.948
)
GB200 = row(
    model="grok-1",
    hardware="GB200",
    n_gpus=128,
    precision="fp8",
    tp=4,
    pp=1,
    cp=1,
    ep=8,
    dp=32,
    vpp=1,
    batch=256,
    seq_len=8192,
    measured=5.298,
    framework="NeMo 25.04",
    date="2025-09-04",
    notes="ETP 4; MFU 32.9% of 4900 TF",
)
MPT = row(
    model="MPT-70B",
    hardware="H100-SXM-80GB",
    n_gpus=512,
    precision="bf16",
    tp=1,
    pp=1,
    dp=512,
    batch=4096,
    seq_len=2048,
    metric="tokens_per_s_per_gpu",
    unit="tok/s/GPU",
    measured=1007,
    framework="llm-foundry FSDP FULL_SHARD, activation checkpointing",
    date="2023",
)
LIMITED = row(
    model="Llama-3.1-8B",
    hardware="H100-96GB-HBM2e-500W",
    n_gpus=8,
    precision="bf16",
    tp=1,
    pp=1,
    dp=8,
    batch=16,
    seq_len=8192,
    metric="tokens_per_s_per_gpu",
    unit="tok/s/GPU",
    measured=6667,
    framework="torchtitan 2024-12 + compile",
    date="2024-12",
    notes="selective activation checkpointing",
)
BRIDGE = row(
    model="Llama-3-70B",
    hardware="H100-SXM-80GB",
    n_gpus=64,
    precision="fp8",
    tp=4,
    pp=8,
    cp=1,
    dp=2,
    vpp=5,
    batch=256,
    seq_len=8192,
    metric="tokens_per_s_per_gpu",
    unit="tok/s/GPU",
    measured=1639,
    framework="Megatron-Bridge 26.02.01",
    date="2026-02",
)
QWEN = dataclasses.replace(
    BRIDGE,
    model="Qwen3-30B-A3B",
    n_gpus=16,
    tp=1,
    pp=1,
    cp=None,
    ep=16,
    dp=None,
    vpp=None,
    batch=1024,
    seq_len=4096,
    measured=8960,
    framework="Megatron-Bridge 26.04.01",
    date="2026-04",
)
PROGRAMME = row(
    category="train_run",
    model="Llama-3.1-405B",
    hardware="H100-SXM-80GB",
    precision="bf16",
    seq_len=8192,
    tokens_total=15.6e12,
    metric="gpu_hours",
    unit="GPU-h",
    measured=30.84e6,
    framework="Meta internal, up to 16k GPUs",
    date="2024-07",
)
PRETRAINING = row(
    category="train_run",
    model="DeepSeek-V3",
    hardware="H800",
    n_gpus=2048,
    precision="fp8",
    pp=16,
    ep=64,
    seq_len=4096,
    tokens_total=14.8e12,
    metric="gpu_hours",
    unit="GPU-h",
    measured=2.664e6,
    framework="DeepSeek internal (DualPipe)",
    date="2024-12",
)
STEPS = [GROK, LLAMA, DEEPSEEK, GB200, MPT, LIMITED, BRIDGE, QWEN]


@pytest.mark.parametrize("point", STEPS, ids=lambda point: f"{point.model} {point.hardware}")
def test_a_measured_step_lies_within_a_tenth(point: Point) -> None:
    """The rows that the constants were fitted on; benchmarks.planner_training shows them with their model left out."""
    outcome = predict(point)
    assert outcome.error is not None, outcome.refused_because
    assert abs(outcome.error) <= 0.1
    assert outcome.covered


@pytest.mark.parametrize("point", [PROGRAMME, PRETRAINING], ids=lambda point: point.model)
def test_the_device_hours_of_a_whole_run_lie_in_the_interval(point: Point) -> None:
    outcome = predict(point)
    assert outcome.covered, outcome


def test_older_software_is_held_by_the_interval_and_not_by_the_figure() -> None:
    """20.83 s with NeMo 24.11, 15.93 s with NeMo 25.04."""
    new, old = step_seconds(GROK), step_seconds(dataclasses.replace(GROK, date="2024-12", framework="NeMo 24.11"))
    assert new.value == old.value
    assert old.low <= 20.83 <= old.high


def _relative_width(estimate: Estimate) -> float:
    return estimate.high / estimate.low


@pytest.mark.parametrize("empty", [("batch",), ("tp", "pp", "dp", "cp", "ep", "vpp"), ("seq_len",)])
def test_an_empty_cell_widens_the_interval(empty: tuple[str, ...]) -> None:
    sparse = dataclasses.replace(GROK, **dict.fromkeys(empty))
    assert _relative_width(rate(sparse)) > _relative_width(rate(GROK))
    assert any("assumed" in each for each in rate(sparse).basis)


@pytest.mark.parametrize("cell", ["batch", "seq_len"])
def test_a_step_of_an_unknown_number_of_tokens_is_refused(cell: str) -> None:
    with pytest.raises(RefusedError, match="in proportion"):
        step_seconds(dataclasses.replace(GROK, **{cell: None}))


@pytest.mark.parametrize(("cell", "degree"), [("tp", 4), ("pp", 8), ("cp", 2), ("dp", 8)])
def test_one_empty_degree_follows_from_the_others(cell: str, degree: int) -> None:
    layout = setting_of(dataclasses.replace(GROK, **{cell: None})).layout
    found = {"tp": layout.tensor, "pp": layout.pipeline, "cp": layout.context, "dp": layout.data}
    if cell != "dp":
        assert found[cell] == degree
    assert layout.num_devices == 512


def test_a_batch_smaller_than_the_copies_is_that_of_each() -> None:
    """Tables of FSDP often have the local batch."""
    setting = setting_of(dataclasses.replace(LIMITED, batch=2))
    assert setting.job.global_batch == 16
    assert setting.assumed == ("16 sequences in a step",)


def test_the_expert_group_of_a_row_without_one_is_chosen() -> None:
    assert setting_of(dataclasses.replace(GROK, ep=None)).layout.expert > 1


def test_notes_say_what_columns_cannot() -> None:
    setting = setting_of(GB200)
    assert setting.job.expert_tensor == 4
    assert setting_of(LIMITED).job.recompute == "selective"
    assert setting_of(MPT).job.recompute == "full"
    assert setting_of(dataclasses.replace(GROK, notes="GBS 1024 MBS 2 GA 64")).job.micro_batch == 2


def test_the_number_of_devices_follows_from_the_degrees() -> None:
    assert setting_of(dataclasses.replace(GROK, n_gpus=None)).layout.num_devices == 512


def test_devices_that_the_degrees_do_not_make_are_refused() -> None:
    with pytest.raises(ConfigError, match="No layout"):
        setting_of(dataclasses.replace(GROK, n_gpus=500))


def test_a_step_on_an_unknown_number_of_devices_is_refused() -> None:
    with pytest.raises(RefusedError, match="n_gpus"):
        setting_of(dataclasses.replace(PROGRAMME, tokens_total=None))


def test_a_run_of_unknown_length_is_refused() -> None:
    with pytest.raises(RefusedError, match="tokens"):
        duration(dataclasses.replace(PRETRAINING, tokens_total=None))


@pytest.mark.parametrize(
    ("cell", "value"), [("model", "no-such-model"), ("hardware", "no-such-device"), ("precision", "nvfp4")]
)
def test_what_is_unknown_is_refused_with_its_name(cell: str, value: str) -> None:
    outcome = predict(dataclasses.replace(GROK, **{cell: value}))
    assert outcome.predicted is None
    assert value in outcome.refused_because


def test_figures_of_one_row_agree() -> None:
    step, one, all_of_them = step_seconds(GROK).value, rate_per_device(GROK).value, rate(GROK).value
    assert all_of_them == pytest.approx(512 * one) == pytest.approx(1024 * 8192 / step)


def test_sequences_are_counted_where_the_unit_says_so() -> None:
    per_device = rate(dataclasses.replace(GROK, unit="samples/s/GPU"))
    assert per_device.value == pytest.approx(1024 / 512 / step_seconds(GROK).value)


def test_bridge_counts_causal_attention_and_palm_all_of_it() -> None:
    causal = flops_rate(BRIDGE).value
    full = flops_rate(dataclasses.replace(BRIDGE, framework="PaLM")).value
    assert 1.05 < full / causal < 1.1
