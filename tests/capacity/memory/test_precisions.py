"""Bytes of weights against the sizes of real files."""

import itertools

import pytest

from zaphod.capacity.memory.mixtures import MIXTURES
from zaphod.capacity.memory.precisions import PRECISIONS, matrix_bits, precision, weight_bytes
from zaphod.capacity.shapes.known import find_shape
from zaphod.capacity.shapes.reading import read_shape
from zaphod.compute.weights import grok1
from zaphod.core.errors import ConfigError
from zaphod.model.fetching.references import BUILTIN_FOLDER

GIB = 2**30
# llama.cpp, tools/quantize/README.md: bits per weight of Llama-3.1-8B's files.
LLAMA_8B_BITS = {
    "q2_k": 3.1593,
    "q3_k_s": 3.6429,
    "q3_k_m": 3.9960,
    "q3_k_l": 4.2979,
    "q4_k_s": 4.6672,
    "q4_k_m": 4.8944,
    "q5_k_s": 5.5704,
    "q5_k_m": 5.7036,
    "q6_k": 6.5633,
    "q8_0": 8.5008,
    "f16": 16.0005,
}
# The same file's older table, of Llama 2, to two decimals.
LLAMA_2_BITS = {
    "llama-2-7b": (3.50, 3.91, 4.27, 4.58, 4.84, 5.52, 5.68, 6.56),
    "llama-2-13b": (3.48, 3.89, 4.26, 4.56, 4.83, 5.51, 5.67, 6.56),
    "llama-2-70b": (3.47, 3.85, 4.19, 4.53, 4.80, 5.50, 5.65, 6.56),
}
LLAMA_2_TYPES = ("q3_k_s", "q3_k_m", "q3_k_l", "q4_k_s", "q4_k_m", "q5_k_s", "q5_k_m", "q6_k")


@pytest.mark.parametrize("name", LLAMA_8B_BITS)
def test_files_of_llama_3_1_8b_have_the_bits_that_llama_cpp_prints(name):
    shape = find_shape("llama-3.1-8b")
    bits = 8 * weight_bytes(shape, name) / shape.total_parameters
    assert bits == pytest.approx(LLAMA_8B_BITS[name], rel=1e-4)


@pytest.mark.parametrize("model", LLAMA_2_BITS)
def test_files_of_llama_2_have_the_bits_that_llama_cpp_prints(model):
    shape = find_shape(model)
    for name, printed in zip(LLAMA_2_TYPES, LLAMA_2_BITS[model], strict=True):
        assert 8 * weight_bytes(shape, name) / shape.total_parameters == pytest.approx(printed, rel=0.006)


@pytest.mark.parametrize(
    ("model", "name", "measured"),
    [
        ("Llama-3-70B", "q4_k_m", 39.59 * GIB),
        ("Llama-3-8B", "q4_k_m", 4.58 * GIB),
        ("Llama-3-8B", "f16", 14.96 * GIB),
        ("grok-1", "int8+fp32 scales", 318.24e9),
        ("gpt-oss-120b", "mxfp4", 60.8 * GIB),  # arXiv 2508.10925, table 1
        ("gpt-oss-20b", "mxfp4", 12.8 * GIB),
    ],
)
def test_a_file_has_the_published_size_to_one_percent(model, name, measured):
    assert weight_bytes(find_shape(model), name) == pytest.approx(measured, rel=0.01)


def test_grok_1_in_int8_has_the_bytes_of_its_770_files():
    layer = sum(slot.release_bytes for slot in grok1._LAYER_SLOTS)
    released = sum(slot.release_bytes for slot in grok1._HEAD_SLOTS) + 64 * layer
    assert weight_bytes(find_shape("grok-1"), "int8-fp32") == pytest.approx(released, rel=1e-3)


def test_the_built_in_model_has_the_bytes_of_its_file():
    file = BUILTIN_FOLDER / "packed.safetensors"
    assert weight_bytes(read_shape("builtin"), "packed-int8") == pytest.approx(file.stat().st_size, rel=0.01)


def test_precisions_with_fewer_bits_make_smaller_files():
    shape = find_shape("mixtral-8x7b")
    sizes = [weight_bytes(shape, name) for name in ("bf16", "fp8", "int4", "nf4", "q3_k_m", "q2_k")]
    assert all(larger > smaller for larger, smaller in itertools.pairwise(sizes))


@pytest.mark.parametrize("name", PRECISIONS)
def test_mean_bits_account_for_the_whole_file(name):
    shape, kept = find_shape("qwen3-30b-a3b"), precision(name)
    experts, others = matrix_bits(shape, kept)
    vocabularies = 2 * shape.embedding_parameters
    matrices = shape.total_parameters - vocabularies - shape.expert_parameters
    bits = shape.expert_parameters * experts + matrices * others + vocabularies * kept.kept_bits
    assert bits / 8 == pytest.approx(weight_bytes(shape, name), rel=0.02)


def test_only_the_experts_of_a_sparse_model_are_in_mxfp4():
    experts, others = matrix_bits(find_shape("gpt-oss-20b"), precision("mxfp4"))
    assert (experts, others) == (4.25, 16)
    assert matrix_bits(find_shape("llama-3-8b"), precision("mxfp4")) == (4.25, 4.25)


def test_precisions_are_found_by_their_aliases():
    assert precision("BFloat16") is precision("f16") is PRECISIONS["bf16"]
    assert precision("AWQ").name == "int4"


def test_an_unknown_precision_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="q4_k_m"):
        precision("q4_k_x")


def test_every_precision_says_where_its_bits_come_from():
    assert all(each.source for each in PRECISIONS.values())
    assert set(MIXTURES) < set(PRECISIONS)
