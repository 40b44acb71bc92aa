from __future__ import annotations

import dataclasses
import json
import math
import statistics
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.estimate import RefusedError, exactly
from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.reading import read_shape, shape_of_config
from zaphod.capacity.shapes.shape import Experts
from zaphod.capacity.timing.training import (
    bubble_share,
    flops_per_device,
    hfu,
    mfu,
    num_micro_batches,
    step_parts,
    step_time,
    tokens_per_s_per_device,
    training_flops,
)
from zaphod.capacity.timing.training_cpu import STACK, measured_machine
from zaphod.capacity.timing.training_job import TrainingJob
from zaphod.capacity.timing.training_work import rows_per_expert, work
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig

H100 = accelerator("h100")
GROK, LLAMA, DEEPSEEK, QWEN = map(read_shape, ("grok-1", "Llama-3.1-405B", "DeepSeek-V3", "Qwen3-30B-A3B"))
# The network of benchmarks.training_speed.
MINIATURE = ModelConfig(
    family="zaphod",
    vocab_size=4096,
    hidden_size=256,
    num_layers=6,
    num_heads=4,
    num_kv_heads=4,
    head_dim=64,
    context_length=512,
    moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2, renormalise=True), expert_size=512),
    activation="silu",
    tie_embeddings=True,
)
GROK_LAYOUT = Layout(tensor=4, pipeline=8, context=2, expert=8, data=8, virtual=8)
GROK_JOB = TrainingJob(global_batch=1024, sequence_length=8192)


def test_operations_of_a_sequence_of_grok_are_those_that_nvidia_published() -> None:
    assert 8192 * training_flops(GROK, 8192) == pytest.approx(4.274e15, rel=0.002)


def test_operations_of_llama_in_either_convention_are_those_of_its_published_utilisation() -> None:
    """NVIDIA prints 55.34 % of 989.4 TFLOP/s for a step of 19.81 s, attention counted in full and the lookup, too."""
    layout = Layout(tensor=8, pipeline=8, context=2, data=4, virtual=8)
    job = TrainingJob(global_batch=256, sequence_length=8192)
    step = exactly(19.81, "s")
    assert mfu(LLAMA, H100, step, layout, job, "full").value == pytest.approx(0.5534, rel=0.01)
    assert mfu(LLAMA, H100, step, layout, job).value == pytest.approx(0.528, rel=0.01)


def test_a_rate_in_megatron_bridge_counts_causal_attention() -> None:
    """1,639 tokens/s/GPU beside 736 TFLOP/s/GPU; 8,960 beside 206."""
    for name, rate, tflops, sequence in (("Llama-3-70B", 1639, 736, 8192), ("Qwen3-30B-A3B", 8960, 206, 4096)):
        assert rate * training_flops(read_shape(name), sequence) == pytest.approx(tflops * 1e12, rel=0.005)


def test_a_full_attention_costs_twice_a_causal_one_beside_the_parameters() -> None:
    parameters = 6 * LLAMA.active_parameters
    causal, full = (training_flops(LLAMA, 8192, each) - parameters for each in ("causal", "full"))
    assert full == pytest.approx(2 * causal)
    assert causal == pytest.approx(6 * 126 * 128 * 128 * 8192)


@pytest.mark.parametrize("shape", [GROK, LLAMA, DEEPSEEK, QWEN], ids=lambda shape: shape.name)
@pytest.mark.parametrize(
    "layout",
    [Layout(), Layout(tensor=4, data=2, expert=8), Layout(pipeline=4), Layout(tensor=2, context=2, data=4, expert=8)],
    ids=str,
)
def test_the_products_of_all_devices_are_those_of_the_model(shape, layout: Layout) -> None:  # type: ignore[no-untyped-def]
    """F3's 2 N operations a token, routers aside, however the work is cut."""
    if not shape.num_sparse_layers:
        layout = dataclasses.replace(layout, expert=1)
    job = TrainingJob(global_batch=8, sequence_length=4096)
    device = work(shape, layout, job)
    # A micro-batch passes all stages and is one of `data` at once: tensor, context and pipeline share it.
    flops = sum(each.flops for each in device.products) * layout.tensor * layout.context * layout.pipeline
    routers = sum(
        layer.count * shape.hidden_size * layer.experts.num_experts for layer in shape.layers if layer.experts
    )
    assert flops == pytest.approx(2 * 4096 * (shape.active_parameters - routers), rel=0.0005)


def test_deepseeks_experts_see_four_thousand_rows_each() -> None:
    """EP64 puts 64 devices' 2,048 tokens together: 131,072 times 8 over 256 experts."""
    layout = Layout(tensor=2, pipeline=8, expert=64, data=32)
    job = TrainingJob(global_batch=4096, sequence_length=4096)
    experts = DEEPSEEK.layers[-1].experts
    assert experts is not None
    assert rows_per_expert(experts, layout, job) == 4096


def test_few_rows_for_each_expert_are_slow() -> None:
    """The same operations of the same model: small expert groups leave few rows for each of 128 experts."""
    seconds = []
    for expert in (1, 16):
        job = TrainingJob(global_batch=16, sequence_length=512)
        parts = step_parts(QWEN, H100, Layout(data=16, expert=expert), job)
        seconds.append(parts.experts)
    assert seconds[0] > 1.5 * seconds[1]


def test_narrow_experts_are_slower_than_wide_ones_of_as_many_operations() -> None:
    layer = GROK.layers[0]
    assert layer.experts is not None
    narrow = Experts(num_experts=128, top_k=32, width=2048)
    fine = dataclasses.replace(GROK, layers=(dataclasses.replace(layer, experts=narrow),))
    assert fine.active_parameters == pytest.approx(GROK.active_parameters, rel=0.01)
    coarse_s, fine_s = (step_parts(shape, H100, GROK_LAYOUT, GROK_JOB).total for shape in (GROK, fine))
    assert fine_s > 1.5 * coarse_s


def test_groks_published_schedule_idles_seven_thousandths() -> None:
    """PP8, VP8, 128 micro-batches."""
    assert num_micro_batches(GROK_LAYOUT, GROK_JOB) == 128
    assert bubble_share(GROK_LAYOUT, 128) == pytest.approx(0.007, abs=2e-4)


def test_recomputing_everything_costs_a_third_of_the_products_more() -> None:
    none, full = (
        step_parts(LLAMA, H100, Layout(tensor=8, pipeline=8, data=8), dataclasses.replace(GROK_JOB, recompute=each))
        for each in ("none", "full")
    )
    assert full.products == pytest.approx(none.products * 4 / 3)


def test_recomputation_counts_for_hardware_and_not_for_the_model() -> None:
    job = TrainingJob(global_batch=4096, sequence_length=2048, recompute="full")
    layout, shape, step = Layout(data=512), read_shape("MPT-70B"), exactly(4096 * 2048 / 1007 / 512, "s")
    model, hardware = mfu(shape, H100, step, layout, job), hfu(shape, H100, step, layout, job)
    assert mfu(shape, H100, step, layout, job, "full").value == pytest.approx(0.4125, rel=0.01)
    assert hardware.value == pytest.approx(model.value * 4 / 3)


def test_rates_follow_from_the_step() -> None:
    step = exactly(15.933, "s")
    assert tokens_per_s_per_device(step, GROK_LAYOUT, GROK_JOB).value == pytest.approx(1024 * 8192 / 512 / 15.933)
    assert flops_per_device(GROK, step, GROK_LAYOUT, GROK_JOB).value == pytest.approx(0.542 * 989.4e12, rel=0.005)


def test_a_board_limited_to_500_watts_is_slower_than_one_of_700() -> None:
    layout, job = Layout(data=8), TrainingJob(global_batch=8, sequence_length=8192, stack="torchtitan")
    shape = read_shape("Llama-3.1-8B")
    full, limited = (step_parts(shape, accelerator(name), layout, job) for name in ("h100", "h100-96"))
    assert 1.1 < limited.products / full.products < 1.5


def test_the_network_slows_experts_that_are_spread_over_nodes() -> None:
    job = TrainingJob(global_batch=1024, sequence_length=4096)
    near, far = (step_parts(QWEN, H100, Layout(data=64, expert=expert), job).expert for expert in (8, 64))
    assert far > 2 * near


def test_what_is_sent_once_to_a_node_takes_less_time() -> None:
    layout, job = Layout(data=64, expert=64), TrainingJob(global_batch=1024, sequence_length=4096)
    once = step_parts(DEEPSEEK, H100, layout, job)
    often = step_parts(DEEPSEEK, H100, layout, dataclasses.replace(job, deduplicates=False))
    assert once.expert < often.expert


def test_older_software_widens_the_interval_upwards_and_moves_nothing() -> None:
    """The same layout of Grok-1 took 15.93 s and, ten months before, 20.83 s."""
    new, old = (
        step_time(GROK, H100, GROK_LAYOUT, dataclasses.replace(GROK_JOB, older_software=old)) for old in (False, True)
    )
    assert (old.value, old.low) == (new.value, new.low)
    assert old.high >= 20.83 / 15.933 * new.value


def test_what_was_assumed_widens_the_interval() -> None:
    sure, unsure = (step_time(GROK, H100, GROK_LAYOUT, GROK_JOB, extra_error=error) for error in (0.0, 0.3))
    assert unsure.low < sure.low < sure.high < unsure.high


def test_parts_add_up_to_the_step() -> None:
    parts = step_parts(GROK, H100, GROK_LAYOUT, GROK_JOB)
    assert parts.total == math.fsum(vars(parts).values()) == step_time(GROK, H100, GROK_LAYOUT, GROK_JOB).value


def test_fp4_is_refused_as_unmeasured() -> None:
    with pytest.raises(RefusedError, match="fp4"):
        TrainingJob(global_batch=1, sequence_length=1, precision="fp4")


def test_a_device_whose_products_nobody_measured_is_refused() -> None:
    with pytest.raises(RefusedError, match="M2 Ultra"):
        step_time(GROK, accelerator("m2-ultra"), GROK_LAYOUT, GROK_JOB)


def test_a_batch_that_cannot_be_shared_out_names_one_that_can() -> None:
    with pytest.raises(ConfigError, match=r"Choose 1024\."):
        step_time(GROK, H100, GROK_LAYOUT, dataclasses.replace(GROK_JOB, global_batch=1027))


@pytest.mark.parametrize(
    ("layout", "what"),
    [(Layout(tensor=64), "heads"), (Layout(pipeline=8, virtual=16), "layers"), (Layout(expert=16, data=16), "experts")],
)
def test_a_model_is_not_cut_into_more_parts_than_it_has(layout: Layout, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        step_time(GROK, H100, layout, GROK_JOB)


def test_experts_that_do_not_share_their_stage_evenly_are_refused() -> None:
    with pytest.raises(ConfigError, match="equal groups"):
        step_time(GROK, H100, Layout(data=8, expert=8), dataclasses.replace(GROK_JOB, expert_tensor=3))


@pytest.mark.parametrize("name", ["global_batch", "sequence_length", "micro_batch", "expert_tensor"])
def test_counts_below_one_are_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        dataclasses.replace(GROK_JOB, **{name: 0})


def test_unknown_recomputation_is_refused() -> None:
    with pytest.raises(ConfigError, match="some"):
        dataclasses.replace(GROK_JOB, recompute="some")  # type: ignore[arg-type]


def test_an_unknown_stack_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="megatron"):
        step_time(GROK, H100, GROK_LAYOUT, dataclasses.replace(GROK_JOB, stack="megatorn"))


def test_the_constants_that_ship_are_those_of_the_committed_fit() -> None:
    fitted = json.loads((Path(__file__).parents[3] / "benchmarks/results/planner_training.json").read_text())[
        "constants"
    ]
    data = tomllib.loads(files("zaphod.capacity.timing").joinpath("training.toml").read_text(encoding="utf-8"))
    shipped = {"common": data["common"], **{row["name"]: row for row in (*data["matmul"], *data["stack"])}}
    for name, value in fitted.items():
        group, _, constant = name.partition(".")
        assert shipped[group][constant] == pytest.approx(value, rel=0.02), name


def test_this_machine_trains_as_its_peaks_say() -> None:
    """benchmarks/results/training_speed.json: 8,885 tokens/s with two threads that multiply 803 GFLOP/s."""
    measured = json.loads((Path(__file__).parents[3] / "benchmarks/results/training_speed.json").read_text())
    device = measured_machine(
        bf16_flops=statistics.median(measured["gemm_flops"]["2"]), read_bandwidth=15e9, memory_bytes=25e9, num_threads=2
    )
    job = TrainingJob(global_batch=32, sequence_length=256, micro_batch=32, stack=STACK)
    step = step_time(shape_of_config(MINIATURE), device, Layout(), job)
    rate = statistics.median(each["tokens_per_s"] for each in measured["measured"]["ours"])
    assert tokens_per_s_per_device(step, Layout(), job).value == pytest.approx(rate, rel=0.2)


def test_a_machine_without_a_measured_peak_is_refused() -> None:
    with pytest.raises(ConfigError, match="zaphod doctor"):
        measured_machine(bf16_flops=0, read_bandwidth=15e9, memory_bytes=25e9)
