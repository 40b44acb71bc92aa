"""Memory of training against the closed forms of Korthikanti et al. and ZeRO, and against a measured peak."""

import dataclasses

import pytest

from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.activations import layer_activations
from zaphod.capacity.memory.training import TrainingSetup, micro_batches_in_flight, training_memory, training_parts
from zaphod.capacity.shapes.known import find_shape
from zaphod.core.errors import ConfigError

GIB = 2**30
# arXiv 2205.05198, table 3: heads, width, layers, tensor and pipeline parallelism, pieces of a stage, micro-batch.
KORTHIKANTI = {
    "22B": (64, 6144, 48, 8, 1, 1, 4),
    "175B": (96, 12288, 96, 8, 8, 3, 1),
    "530B": (128, 20480, 105, 8, 35, 3, 1),
    "1T": (160, 25600, 128, 8, 64, 1, 1),
}
SEQUENCE = 2048


def gpt(heads, width, layers):
    """The paper's models: plain attention, blocks of four times the width, biases, dropout."""
    shape = find_shape("gpt-3-175b")
    (layer,) = shape.layers
    head = width // heads
    attention = dataclasses.replace(
        layer.attention, num_heads=heads, num_kv_heads=heads, head_dim=head, value_head_dim=head
    )
    layer = dataclasses.replace(layer, count=layers, attention=attention, dense_width=4 * width)
    return dataclasses.replace(shape, hidden_size=width, layers=(layer,))


def setup(micro_batch, **changes):
    given = {"flash_attention": False, "dropout": True} | changes
    return TrainingSetup(sequence_length=SEQUENCE, micro_batch=micro_batch, **given)


def of_one_layer(name, *, recompute="none", sequence_parallel=True):
    heads, width, layers, tensor, _, _, batch = KORTHIKANTI[name]
    shape = gpt(heads, width, layers)
    given = setup(batch, sequence_parallel=sequence_parallel)
    stored = layer_activations(shape, shape.layers[0], Layout(tensor=tensor), given, recompute)
    return stored / (SEQUENCE * batch * width), 5 * heads * SEQUENCE / width, tensor


@pytest.mark.parametrize("name", KORTHIKANTI)
def test_a_layer_stores_what_equation_1_says(name):
    heads, width, layers, *_ = KORTHIKANTI[name]
    shape = gpt(heads, width, layers)
    stored = layer_activations(shape, shape.layers[0], Layout(), setup(1), "none")
    assert stored == pytest.approx(SEQUENCE * width * (34 + 5 * heads * SEQUENCE / width))


@pytest.mark.parametrize("name", KORTHIKANTI)
def test_tensor_parallel_devices_store_what_equation_2_says(name):
    factor, scores, tensor = of_one_layer(name, sequence_parallel=False)
    assert factor == pytest.approx(10 + 24 / tensor + scores / tensor)


@pytest.mark.parametrize("name", KORTHIKANTI)
def test_sequence_parallel_devices_store_what_equation_4_says(name):
    factor, scores, tensor = of_one_layer(name)
    assert factor == pytest.approx((34 + scores) / tensor)


@pytest.mark.parametrize("name", KORTHIKANTI)
def test_selective_recomputation_leaves_34_bytes(name):
    factor, _, tensor = of_one_layer(name, recompute="selective")
    assert factor == pytest.approx(34 / tensor)


def test_full_recomputation_leaves_the_layers_input():
    factor, _, tensor = of_one_layer("175B", recompute="full")
    assert factor == pytest.approx(2 / tensor)


def test_the_scores_are_most_of_what_selective_recomputation_saves():
    # The paper's text: 70 % for GPT-3 and 65 % for MT-NLG.
    for name, saved in (("175B", 0.70), ("530B", 0.65)):
        whole, _, _ = of_one_layer(name)
        kept, _, _ = of_one_layer(name, recompute="selective")
        assert 1 - kept / whole == pytest.approx(saved, abs=0.01)


@pytest.mark.parametrize("name", ["175B", "530B"])
def test_a_pipelines_first_stage_holds_what_section_4_2_3_says(name):
    heads, width, layers, tensor, stages, pieces, batch = KORTHIKANTI[name]
    layout = Layout(tensor=tensor, pipeline=stages, virtual=pieces)
    given = setup(batch, num_micro_batches=256, recompute="selective")
    parts = training_parts(gpt(heads, width, layers), layout, given)
    told = SEQUENCE * batch * width * layers / tensor * 34 * (1 + (stages - 1) / (stages * pieces))
    assert parts.activations == pytest.approx(told)


@pytest.mark.parametrize(
    ("sharding", "bytes_each"), [("none", 16), ("optimizer", 4 + 12 / 8), ("gradients", 2 + 14 / 8), ("weights", 2)]
)
def test_states_take_the_bytes_of_the_zero_paper(sharding, bytes_each):
    shape = find_shape("llama-3.1-8b")
    parts = training_parts(shape, Layout(data=8), TrainingSetup(sequence_length=8, sharding=sharding))
    states = parts.weights + parts.gradients + parts.optimizer
    assert states == pytest.approx(bytes_each * shape.total_parameters)


def test_zero_papers_example_of_7_5_billion_parameters():
    # arXiv 1910.02054, figure 1: 120, 31.4, 16.6 and 1.9 GB on 64 devices.
    shape = find_shape("llama-2-7b")
    for sharding, gigabytes in (("none", 120), ("optimizer", 31.4), ("gradients", 16.6), ("weights", 1.9)):
        parts = training_parts(shape, Layout(data=64), TrainingSetup(sequence_length=8, sharding=sharding))
        states = (parts.weights + parts.gradients + parts.optimizer) * 7.5e9 / shape.total_parameters
        assert states / 1e9 == pytest.approx(gigabytes, rel=0.015)


@pytest.mark.parametrize(("data", "measured"), [(8, 77.0), (128, 62.0)])
def test_llama_8b_takes_the_memory_that_torchtitan_measured(data, measured):
    given = TrainingSetup(
        sequence_length=8192,
        micro_batch=2,
        sharding="weights",
        recompute="every_other_product",
        counts_runtime=False,
    )
    estimate = training_memory(find_shape("llama-3.1-8b"), Layout(data=data), given)
    assert estimate.value / GIB == pytest.approx(measured, rel=0.05)
    assert estimate.low < measured * GIB < estimate.high


def test_experts_are_shared_by_their_own_groups():
    shape = find_shape("grok-1")
    layout = Layout(tensor=4, pipeline=8, expert=8, data=8, context=2, virtual=8)
    given = TrainingSetup(sequence_length=8192, expert_tensor=4, sharding="optimizer", num_micro_batches=128)
    parts = training_parts(shape, layout, given)
    experts = shape.expert_parameters / 8 / 32
    dense = parts.weights / 2 - experts
    assert experts == pytest.approx(309.2e9 / 256, rel=1e-3)
    assert parts.optimizer == pytest.approx(12 * (dense / 16 + experts / 2))


def test_the_measured_training_of_grok_1_fits_its_devices():
    # 512 H100 ran it: TP4 PP8 CP2 EP8 VP8, micro-batch 1, 8,192 tokens (open row train-grok1-bf16-h100x512).
    layout = Layout(tensor=4, pipeline=8, expert=8, data=8, context=2, virtual=8)
    given = TrainingSetup(
        sequence_length=8192, num_micro_batches=128, sharding="optimizer", gradient_bytes=4, expert_tensor=4
    )
    assert training_memory(find_shape("grok-1"), layout, given).low < 85.5e9


def test_interleaving_holds_more_and_a_short_step_less():
    assert micro_batches_in_flight(Layout(pipeline=8), 64) == 8
    assert micro_batches_in_flight(Layout(pipeline=8), 4) == 4
    assert micro_batches_in_flight(Layout(pipeline=8, virtual=4), 64) == 8 * (1 + 7 / 32)


def test_each_step_of_recomputation_stores_less():
    shape, given = find_shape("mixtral-8x7b"), TrainingSetup(sequence_length=4096, flash_attention=False)
    steps = ("none", "selective", "every_other_product", "full")
    stored = [layer_activations(shape, shape.layers[0], Layout(), given, step) for step in steps]
    assert stored == sorted(stored, reverse=True)


def test_context_parallelism_shares_the_sequence():
    shape, given = find_shape("llama-3.1-8b"), TrainingSetup(sequence_length=32768)
    alone, shared = (training_parts(shape, Layout(context=context), given) for context in (1, 4))
    assert shared.activations == pytest.approx(alone.activations / 4)
    assert shared.logits == pytest.approx(alone.logits / 4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sequence_length": 0}, "sequence_length is 0"),
        ({"sequence_length": 8, "gradient_bytes": -1}, "gradient_bytes is -1"),
        ({"sequence_length": 8, "sharding": "zero"}, "sharding is 'zero'"),
        ({"sequence_length": 8, "recompute": "some"}, "recompute is 'some'"),
    ],
)
def test_an_impossible_setup_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        TrainingSetup(**changes)


@pytest.mark.parametrize(
    ("layout", "words"),
    [(Layout(pipeline=8, virtual=5), "32 layers"), (Layout(tensor=2, expert=2), "2 x 4 devices of 2")],
)
def test_a_layout_that_the_model_cannot_have_is_refused(layout, words):
    shape = find_shape("mixtral-8x7b")
    with pytest.raises(ConfigError, match=words):
        training_memory(shape, layout, TrainingSetup(sequence_length=8, expert_tensor=4 if layout.expert > 1 else 1))
