"""Counts of well-known models against what their publishers print, and names as people spell them."""

import pytest

from zaphod.capacity.parameters import count_parameters
from zaphod.capacity.shapes.known import find_shape, known_models, known_shapes
from zaphod.core.errors import ConfigError
from zaphod.model.presets import PRESETS

# In billions, from the table of golden values that the formulas were checked with by hand.
GOLDEN = {
    "grok-1": (315.684820992, 83.756587008),
    "grok-2": (269.51, 113.8),
    "mixtral-8x7b": (46.70, 12.75),
    "llama-3.1-8b": (8.03, None),
    "llama-3.1-70b": (70.55, None),
    "llama-3.1-405b": (405.85, None),
    "qwen3-235b-a22b": (235.09, 21.57),
    "qwen3-30b-a3b": (30.53, 3.04),
    "deepseek-v3": (671.03, 36.62),
    "gpt-oss-120b": (116.79, 5.13),
    "gpt-oss-20b": (20.91, 3.61),
    "llama-4-scout": (107.8, 16.1),
    "llama-4-maverick": (400.7, 16.2),
    "mpt-70b": (64.862, None),
    "mpt-30b": (29.975, None),
}
EXACT = [model for model in known_models().values() if model.published_total > 1e6]
ROUNDED = [model for model in known_models().values() if model.published_total < 1e6]


@pytest.mark.parametrize("model", EXACT, ids=lambda model: model.name)
def test_a_shape_has_exactly_the_parameters_of_the_published_files(model):
    assert model.shape().total_parameters == model.published_total


@pytest.mark.parametrize("model", ROUNDED, ids=lambda model: model.name)
def test_a_shape_has_the_parameters_that_are_printed_up_to_rounding(model):
    # Whole billions are rounded, and some count a vision part.
    assert model.shape().total_parameters / 1e9 == pytest.approx(model.published_total, rel=0.035)


@pytest.mark.parametrize("model", [m for m in known_models().values() if m.published_active], ids=lambda m: m.name)
def test_active_parameters_are_those_printed_with_or_without_the_input_embedding(model):
    shape, printed = model.shape(), model.published_active * 1e9
    active = (shape.active_parameters, shape.active_parameters + shape.embedding_parameters)
    assert min(abs(each / printed - 1) for each in active) < 0.07


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_values_hold_to_a_thousandth(name):
    shape, (total, active) = find_shape(name), GOLDEN[name]
    assert shape.total_parameters / 1e9 == pytest.approx(total, rel=1e-3)
    # Printed with two decimals, or with one where it is above ten.
    assert active is None or abs(shape.active_parameters / 1e9 - active) <= (0.05 if active > 10 else 0.005)


@pytest.mark.parametrize("name", PRESETS)
def test_the_shape_of_a_preset_has_every_parameter_of_the_network(name):
    shape, counts = known_shapes()[name], count_parameters(PRESETS[name].config)
    looked_up = 0 if shape.ties_embeddings else shape.embedding_parameters
    assert shape.total_parameters == counts.total
    assert shape.active_parameters == counts.active - looked_up


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Grok-1", "grok-1"),
        ("Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"),
        ("Qwen/Qwen3-30B-A3B-Thinking-2507-FP8", "qwen3-30b-a3b"),
        ("DeepSeek-R1", "deepseek-v3"),
        ("deepseek-ai/DeepSeek-R1-0528", "deepseek-v3"),
        ("DeepSeek-V3/R1", "deepseek-v3"),
        ("DeepSeek-V3.1", "deepseek-v3"),
        ("nvidia/DeepSeek-R1-0528-NVFP4-v2", "deepseek-v3"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("nvidia/Llama-3_3-70B-Instruct-FP8", "llama-3.1-70b"),
        ("meta-llama/Llama-2-70b-hf", "llama-2-70b"),
        ("Llama-4-Maverick-17B-128E-Instruct-FP8", "llama-4-maverick"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b"),
        ("mistralai/Mistral-7B-Instruct-v0.1", "mistral-7b-v0.1"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("OLMoE-1B-7B-0924", "olmoe-1b-7b"),
        ("google/gemma-3-27b-it", "gemma-3-27b"),
    ],
)
def test_a_model_is_found_by_the_names_that_people_write(written, meant):
    assert find_shape(written) is known_shapes()[meant]


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="qwen3-32b"):
        find_shape("Qwen3-33B")


def test_windows_bound_what_most_layers_of_gemma_3_keep():
    shape = find_shape("gemma-3-27b")
    windows = {layer.attention.window: layer.count for layer in shape.layers}
    assert windows == {1024: 52, None: 10}


def test_every_second_layer_of_gpt_oss_has_a_window():
    windows = {layer.attention.window: layer.count for layer in find_shape("gpt-oss-120b").layers}
    assert windows == {128: 18, None: 18}


def test_caches_are_those_of_the_published_dimensions():
    assert find_shape("grok-1").kv_values_per_token() * 2 == 262_144
    assert find_shape("deepseek-v3").kv_values_per_token() * 2 == 61 * (512 + 64) * 2 == 70_272
    assert find_shape("llama-3.1-70b").kv_values_per_token() * 2 == 2 * 80 * 8 * 128 * 2
